/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses on a machine's networks. */
#include "wire/network.h"

#include <stdio.h>
#include <string.h>

void network_guest_mac(unsigned nic, uint8_t mac[6])
{
	const uint8_t own[6] = {0x52, 0x54, 0x00, 0xa5, 0x5a, (uint8_t)(0x10 + nic)};

	memcpy(mac, own, sizeof own);
}

/* As QEMU's user-mode network makes it of the address: what guests have cached stays right. */
void network_gateway_mac(unsigned nic, uint8_t mac[6])
{
	const uint8_t own[6] = {0x52, 0x55, 10, 0, (uint8_t)(2 + nic), NETWORK_GATEWAY};

	memcpy(mac, own, sizeof own);
}

const char *network_text(uint32_t address, char buf[NETWORK_TEXT_SIZE])
{
	(void)snprintf(buf, NETWORK_TEXT_SIZE, "%u.%u.%u.%u", address >> 24, address >> 16 & 0xff,
		       address >> 8 & 0xff, address & 0xff);
	return buf;
}
