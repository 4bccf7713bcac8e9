/* SPDX-License-Identifier: Apache-2.0 */
/* A time server (SNTP, RFC 4330) as a function of the datagram. */
#include "netpeer/ntp.h"

#include "base/clock.h"

#define REQUEST_LENGTH 48
#define MODE_CLIENT    3
#define MODE_SERVER    4
#define LEAP_UNKNOWN   3
#define STRATUM	       2
#define STRATUM_NONE   16
#define PRECISION      0xec	  /* 2^-20 s */
#define SHORT_TIME     0x00000040 /* a thousandth of a second, in 16.16 bits */
#define REFERENCE                                                                                  \
	0x7f7f0101 /* an address of a host that is no network's: this is no public server */
#define EPOCH_S 2208988800U /* from 1900 to 1970 */

/* Seconds since 1900 and their fraction, 32 bits each; it begins anew in 2036, as the protocol has it. */
static uint64_t timestamp(uint64_t wall_ns)
{
	uint64_t seconds = wall_ns / NS_PER_S + EPOCH_S;
	uint64_t fraction = ((wall_ns % NS_PER_S) << 32) / NS_PER_S;

	return seconds << 32 | fraction;
}

size_t ntp_answer(const struct ntp_server *server, uint64_t wall_ns, const void *bytes,
		  size_t length, void *reply, size_t room)
{
	struct packet_in in = packet_in(bytes, length);
	struct packet_out out = packet_out(reply, room);
	unsigned first = take8(&in), version = first >> 3 & 7;
	bool is_lost = server->is_unsynchronised;

	if (length < REQUEST_LENGTH || (first & 7) != MODE_CLIENT || version < 1 || version > 4)
		return 0;
	(void)take8(&in);
	unsigned poll = take8(&in);
	(void)take_bytes(&in, 37);
	const uint8_t *sent = take_bytes(&in, 8); /* when the client sent it, by its own clock */
	uint64_t now = timestamp(wall_ns + (uint64_t)server->offset_ns);

	if (!sent)
		return 0;
	put8(&out, (is_lost ? LEAP_UNKNOWN << 6 : 0) | version << 3 | MODE_SERVER);
	put8(&out, is_lost ? STRATUM_NONE : STRATUM);
	put8(&out, poll);
	put8(&out, PRECISION);
	put32(&out, SHORT_TIME);
	put32(&out, SHORT_TIME);
	put32(&out, REFERENCE);
	put64(&out, now & ~0xffffffffULL); /* when its clock was last set */
	put_bytes(&out, sent, 8);
	put64(&out, now);
	put64(&out, now);
	return packet_length(&out);
}
