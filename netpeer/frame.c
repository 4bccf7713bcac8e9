/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at in a frame before the TCP/IP stack gets it. */
#include "netpeer/frame.h"

#include "netpeer/ra.h"

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806
#define TYPE_IPV6 0x86dd

#define ARP_REQUEST	 1
#define PROTOCOL_UDP	 17
#define PROTOCOL_ICMPV6	 58
#define FRAGMENT_MASK	 0x3fff /* more fragments, or not the first */
#define PORT_DHCP_SERVER 67
#define HOP_LIMIT_MAX	 255 /* nobody has forwarded it */

static struct frame_view look_at_arp(struct packet_in *in)
{
	struct frame_view view = {.kind = FRAME_OTHER};

	(void)take_bytes(in, 6); /* hardware, protocol and their lengths: the stack looks */
	unsigned operation = take16(in);
	(void)take_bytes(in, 6 + 4 + 6);
	view.target = take32(in);
	if (!in->bad && operation == ARP_REQUEST)
		view.kind = FRAME_ARP;
	return view;
}

static struct frame_view look_at_udp(struct packet_in *in)
{
	(void)take16(in);
	unsigned port = take16(in);
	size_t length = take16(in);

	(void)take16(
		in); /* a checksum that is wrong would have been made by the guest's own kernel */
	if (length < 8 || length - 8 > packet_left(in) || port != PORT_DHCP_SERVER)
		return (struct frame_view){.kind = FRAME_OTHER};
	const uint8_t *payload = take_bytes(in, length - 8);
	return (struct frame_view){
		.kind = payload ? FRAME_DHCP : FRAME_OTHER,
		.payload = payload,
		.length = length - 8,
	};
}

static struct frame_view look_at_ipv4(struct packet_in *in)
{
	struct frame_view other = {.kind = FRAME_OTHER};
	unsigned first = take8(in);
	size_t header = (size_t)(first & 15) * 4;

	(void)take8(in);
	size_t length = take16(in);
	(void)take16(in);
	unsigned fragment = take16(in);
	(void)take8(in);
	unsigned protocol = take8(in);
	(void)take_bytes(in, 10);
	if (in->bad || first >> 4 != 4 || header < 20 || length < header ||
	    length - 20 > packet_left(in) || fragment & FRAGMENT_MASK || protocol != PROTOCOL_UDP)
		return other;
	in->end = in->at + (length - 20); /* the frame may be padded */
	(void)take_bytes(in, header - 20);
	return in->bad ? other : look_at_udp(in);
}

static struct frame_view look_at_ipv6(struct packet_in *in)
{
	struct frame_view view = {.kind = FRAME_OTHER};

	(void)take32(in);
	size_t length = take16(in);
	unsigned next = take8(in), hops = take8(in);
	(void)take_bytes(in, 32);
	const uint8_t *payload = take_bytes(in, length);
	if (payload && next == PROTOCOL_ICMPV6 && hops == HOP_LIMIT_MAX &&
	    ra_is_solicitation(payload, length))
		view.kind = FRAME_SOLICITATION;
	return view;
}

struct frame_view frame_look(const void *bytes, size_t length)
{
	struct packet_in in = packet_in(bytes, length);

	(void)take_bytes(&in, 12);
	switch (take16(&in)) {
	case TYPE_ARP:
		return look_at_arp(&in);
	case TYPE_IPV4:
		return look_at_ipv4(&in);
	case TYPE_IPV6:
		return look_at_ipv6(&in);
	default:
		return (struct frame_view){.kind = FRAME_OTHER};
	}
}
