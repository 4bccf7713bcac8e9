/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses on a machine's networks. NIC n has the network 10.0.(2+n).0/24 to itself, whoever is at its other end:
 * assay-netpeer, or QEMU's user-mode network.
 *
 *	network_text(network_address(0, NETWORK_GUEST), buf);       ("10.0.2.15")
 *
 * Addresses are numbers in the host's byte order.
 */
#ifndef ASSAY_WIRE_NETWORK_H
#define ASSAY_WIRE_NETWORK_H

#include <stdint.h>

#include "base/text.h"

#define NETWORK_NICS_MAX      16
#define NETWORK_PREFIX_LENGTH 24
#define NETWORK_MASK	      0xffffff00U

/* The last number of who is on it. */
#define NETWORK_GATEWAY 2
#define NETWORK_DNS	3
#define NETWORK_GUEST	15

/* A host beyond the gateway (RFC 5737): it answers for all that the peer serves. */
#define NETWORK_OUTSIDE	     0xc6336401U
#define NETWORK_OUTSIDE_TEXT "198.51.100.1"
/* Every name below this leads to the host outside; other names do not exist, but for those of time servers. */
#define NETWORK_DOMAIN "assay.test"

/* RFC 4193: NIC n has fd00:a55a:0:(2+n)::/64. */
#define NETWORK_PREFIX6 0xfd00a55a0000ULL

static inline uint32_t network_address(unsigned nic, unsigned host)
{
	return 10U << 24 | (2 + nic) << 8 | host;
}

/* The upper half of NIC n's IPv6 addresses. */
static inline uint64_t network_prefix6(unsigned nic)
{
	return NETWORK_PREFIX6 << 16 | (2 + nic);
}

/* The guest's n-th NIC, and the gateway's end of its wire. */
void network_guest_mac(unsigned nic, uint8_t mac[6]);
void network_gateway_mac(unsigned nic, uint8_t mac[6]);
/* A machine's end of a cable to another machine: the first machine's (1), the second's (2), nobody's yet (0). */
void network_cable_mac(unsigned machine, unsigned cable, uint8_t mac[6]);
/* Writes "52:54:00:ca:00:01" and returns buf. */
#define NETWORK_MAC_SIZE 18
const char *network_mac_text(const uint8_t mac[6], char buf[NETWORK_MAC_SIZE]);

#define NETWORK_TEXT_SIZE 16
/* Writes "10.0.2.15" and returns buf. */
const char *network_text(uint32_t address, char buf[NETWORK_TEXT_SIZE]);

/* Adds what cases are told of the networks: "mac0=52:54:…", "address0=10.0.2.15", "gateway0=10.0.2.2", "prefix6_0=fd00:a55a:0:2",
 * "netmask=255.255.255.0", "outside=198.51.100.1", "domain=assay.test". */
void network_parameters(unsigned nics, struct text *out) NONNULL(2);

#endif
