/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/frame.h"

#include "base/test.h"
#include "netpeer/ra.h"

static struct packet_out begin(uint8_t *buf, size_t room, unsigned type)
{
	struct packet_out out = packet_out(buf, room);

	put_zeros(&out, 12);
	put16(&out, type);
	return out;
}

static void put_ipv4(struct packet_out *out, unsigned length, unsigned fragment)
{
	put8(out, 0x45), put8(out, 0);
	put16(out, length), put16(out, 1), put16(out, fragment);
	put8(out, 64), put8(out, 17), put16(out, 0);
	put32(out, 0), put32(out, 0xffffffff);
}

static struct frame_view look_at_datagram(unsigned port, unsigned told, unsigned fragment)
{
	static uint8_t buf[128];
	struct packet_out out = begin(buf, sizeof buf, 0x0800);

	put_ipv4(&out, 20 + 8 + 4, fragment);
	put16(&out, 68), put16(&out, port), put16(&out, told), put16(&out, 0);
	put_bytes(&out, "dhcp", 4);
	put_zeros(&out, 14); /* padding of a short frame */
	return frame_look(buf, packet_length(&out));
}

TEST(frame, finds_datagrams_for_a_dhcp_server)
{
	struct frame_view view = look_at_datagram(67, 12, 0);

	EXPECT_NUMBER(view.kind, FRAME_DHCP);
	EXPECT_NUMBER(view.length, 4);
	EXPECT(memcmp(view.payload, "dhcp", 4) == 0);
	EXPECT_NUMBER(look_at_datagram(66, 12, 0).kind, FRAME_OTHER);
	EXPECT_NUMBER(look_at_datagram(67, 12, 0x2000).kind, FRAME_OTHER);
	EXPECT_NUMBER(look_at_datagram(67, 13, 0).kind, FRAME_OTHER); /* that would be padding */
	EXPECT_NUMBER(look_at_datagram(67, 7, 0).kind, FRAME_OTHER);
}

TEST(frame, finds_whom_an_arp_request_is_about)
{
	uint8_t buf[64];
	struct packet_out out = begin(buf, sizeof buf, 0x0806);

	put16(&out, 1), put16(&out, 0x0800), put8(&out, 6), put8(&out, 4), put16(&out, 1);
	put_zeros(&out, 16);
	put32(&out, 0x0a000203);
	size_t length = packet_length(&out);
	EXPECT_NUMBER(frame_look(buf, length).kind, FRAME_ARP);
	EXPECT_NUMBER(frame_look(buf, length).target, 0x0a000203);
	EXPECT_NUMBER(frame_look(buf, length - 1).kind, FRAME_OTHER);
}

static struct frame_view look_at_icmp6(const uint8_t *message, size_t length, unsigned hops)
{
	static uint8_t buf[128];
	struct packet_out out = begin(buf, sizeof buf, 0x86dd);

	put32(&out, 6U << 28), put16(&out, (unsigned)length), put8(&out, 58), put8(&out, hops);
	put_zeros(&out, 32);
	put_bytes(&out, message, length);
	return frame_look(buf, packet_length(&out));
}

TEST(frame, finds_router_solicitations)
{
	const uint8_t plain[8] = {133}, with_source[16] = {133, 0, 0, 0, 0, 0, 0, 0, 1, 1};
	const uint8_t endless[16] = {133, 0, 0, 0, 0, 0, 0, 0, 1, 0}, other[8] = {135};

	EXPECT_NUMBER(look_at_icmp6(plain, 8, 255).kind, FRAME_SOLICITATION);
	EXPECT_NUMBER(look_at_icmp6(with_source, 16, 255).kind, FRAME_SOLICITATION);
	EXPECT_NUMBER(look_at_icmp6(plain, 8, 64).kind, FRAME_OTHER);
	EXPECT_NUMBER(look_at_icmp6(endless, 16, 255).kind, FRAME_OTHER);
	EXPECT_NUMBER(look_at_icmp6(with_source, 15, 255).kind, FRAME_OTHER);
	EXPECT_NUMBER(look_at_icmp6(other, 8, 255).kind, FRAME_OTHER);
}

TEST(frame, advertises_what_it_was_told)
{
	struct ra_router router = {.prefix = 0xfd00a55a00000002,
				   .lifetime_s = 1800,
				   .prefix_lifetime_s = 86400,
				   .dns = {1, 2}};
	uint8_t buf[RA_MAX];

	size_t length = ra_make(&router, buf, sizeof buf);
	EXPECT_NUMBER(length, 16 + 8 + 32 + 24);
	EXPECT_NUMBER(buf[0], 134);
	EXPECT_NUMBER(buf[24], 3);
	EXPECT_NUMBER(buf[40], 0xfd);
	router.mtu = 1280;
	EXPECT_NUMBER(ra_make(&router, buf, sizeof buf), length + 8);
	EXPECT_NUMBER(ra_make(&router, buf, 50), 0);
}
