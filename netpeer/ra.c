/* SPDX-License-Identifier: Apache-2.0 */
/* Router advertisements (RFC 4861, name servers of RFC 8106). */
#include "netpeer/ra.h"

#define TYPE_SOLICITATION  133
#define TYPE_ADVERTISEMENT 134
#define OPTION_SOURCE	   1
#define OPTION_PREFIX	   3
#define OPTION_MTU	   5
#define OPTION_DNS	   25
#define HOP_LIMIT	   64
#define PREFIX_LENGTH	   64
#define ON_LINK		   0x80
#define AUTONOMOUS	   0x40
#define UNIT		   8 /* an option's length is told in these */

static void put_prefix(struct packet_out *out, const struct ra_router *router)
{
	put8(out, OPTION_PREFIX);
	put8(out, 4);
	put8(out, PREFIX_LENGTH);
	put8(out, ON_LINK | AUTONOMOUS);
	put32(out, router->prefix_lifetime_s);
	put32(out, router->prefix_lifetime_s / 2);
	put32(out, 0);
	put64(out, router->prefix);
	put64(out, 0);
}

static void put_mtu(struct packet_out *out, unsigned mtu)
{
	if (mtu == 0)
		return;
	put8(out, OPTION_MTU);
	put8(out, 1);
	put16(out, 0);
	put32(out, mtu);
}

static void put_dns(struct packet_out *out, const struct ra_router *router)
{
	if (router->dns[0] == 0 && router->dns[1] == 0)
		return;
	put8(out, OPTION_DNS);
	put8(out, 3);
	put16(out, 0);
	put32(out, router->lifetime_s);
	put64(out, router->dns[0]);
	put64(out, router->dns[1]);
}

size_t ra_make(const struct ra_router *router, void *buf, size_t room)
{
	struct packet_out out = packet_out(buf, room);

	put8(&out, TYPE_ADVERTISEMENT);
	put8(&out, 0);
	put16(&out, 0); /* the checksum, by whoever sends it */
	put8(&out, HOP_LIMIT);
	put8(&out, 0); /* addresses are not to be had from DHCPv6 */
	put16(&out, router->lifetime_s);
	put32(&out, 0); /* how long a neighbour is reachable: as the guest likes */
	put32(&out, 0);
	put8(&out, OPTION_SOURCE);
	put8(&out, 1);
	put_bytes(&out, router->mac, sizeof router->mac);
	put_mtu(&out, router->mtu);
	put_prefix(&out, router);
	put_dns(&out, router);
	return packet_length(&out);
}

bool ra_is_solicitation(const void *bytes, size_t length)
{
	struct packet_in in = packet_in(bytes, length);
	unsigned type = take8(&in), code = take8(&in);

	(void)take16(&in); /* the checksum was looked at before */
	(void)take32(&in);
	while (!in.bad && packet_left(&in) > 0) {
		(void)take8(&in);
		size_t units = take8(&in);
		if (units == 0 || !take_bytes(&in, units * UNIT - 2))
			return false;
	}
	return !in.bad && type == TYPE_SOLICITATION && code == 0;
}
