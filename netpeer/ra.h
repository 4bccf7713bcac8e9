/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Router advertisements (RFC 4861, RFC 8106), without their checksum.
 *
 *	if (ra_is_solicitation(bytes, length))
 *		length = ra_make(&router, buf, sizeof buf);
 */
#ifndef ASSAY_NETPEER_RA_H
#define ASSAY_NETPEER_RA_H

#include "netpeer/packet.h"

#define RA_MAX 128

struct ra_router {
	uint8_t mac[6];
	uint64_t prefix; /* the upper half of a /64 */
	uint32_t lifetime_s, prefix_lifetime_s;
	unsigned mtu;	 /* 0: not told */
	uint64_t dns[2]; /* the name server's address, 0 0: not told */
};

size_t ra_make(const struct ra_router *router, void *buf, size_t room) NONNULL(1, 2);

/* Is this ICMPv6 message a well-formed router solicitation? */
bool ra_is_solicitation(const void *bytes, size_t length) NONNULL(1);

#endif
