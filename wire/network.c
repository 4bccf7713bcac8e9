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

void network_cable_mac(unsigned machine, unsigned cable, uint8_t mac[6])
{
	const uint8_t own[6] = {0x52, 0x54, 0x00, 0xca, (uint8_t)cable, (uint8_t)machine};

	memcpy(mac, own, sizeof own);
}

const char *network_mac_text(const uint8_t mac[6], char buf[NETWORK_MAC_SIZE])
{
	(void)snprintf(buf, NETWORK_MAC_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		       mac[2], mac[3], mac[4], mac[5]);
	return buf;
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

void network_parameters(unsigned nics, struct text *out)
{
	char buf[NETWORK_TEXT_SIZE], text[NETWORK_MAC_SIZE];

	for (unsigned i = 0; i < nics; i++) {
		uint64_t prefix = network_prefix6(i);
		uint8_t mac[6];
		network_guest_mac(i, mac);
		(void)text_addf(out, "mac%u=%s\n", i, network_mac_text(mac, text));
		(void)text_addf(out, "address%u=%s\n", i,
				network_text(network_address(i, NETWORK_GUEST), buf));
		(void)text_addf(out, "gateway%u=%s\n", i,
				network_text(network_address(i, NETWORK_GATEWAY), buf));
		(void)text_addf(out, "prefix6_%u=%x:%x:%x:%x\n", i, (unsigned)(prefix >> 48),
				(unsigned)(prefix >> 32 & 0xffff),
				(unsigned)(prefix >> 16 & 0xffff), (unsigned)(prefix & 0xffff));
	}
	(void)text_addf(out, "netmask=%s\noutside=%s\ndomain=%s\n", network_text(NETWORK_MASK, buf),
			NETWORK_OUTSIDE_TEXT, NETWORK_DOMAIN);
}
