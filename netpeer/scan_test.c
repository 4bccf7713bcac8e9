/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/scan.h"

#include "base/clock.h"
#include "base/test.h"

static size_t answer(uint8_t *buf, unsigned port, unsigned flags)
{
	struct packet_out out = packet_out(buf, SCAN_SEGMENT);

	put16(&out, port), put16(&out, SCAN_PORT);
	put32(&out, 1), put32(&out, 7);
	put8(&out, 0x50), put8(&out, flags);
	put_zeros(&out, 6);
	return packet_length(&out);
}

/* A guest with one open port, one that says nothing, and all others closed. */
static unsigned run(struct scan *scan, unsigned open, unsigned silent)
{
	uint8_t segment[SCAN_SEGMENT], reply[SCAN_SEGMENT], back[SCAN_SEGMENT];
	unsigned sent = 0;

	for (uint64_t now_ns = 0; !scan->is_over && now_ns < 60 * NS_PER_S; now_ns += NS_PER_MS) {
		while (scan_next(scan, now_ns, segment) > 0) {
			struct packet_in in = packet_in(segment, SCAN_SEGMENT);
			(void)take16(&in);
			unsigned port = take16(&in);
			sent++;
			if (port == silent)
				continue;
			size_t length = answer(reply, port, port == open ? 0x12 : 0x14);
			EXPECT_NUMBER(scan_take(scan, reply, length, back) > 0, port == open);
		}
	}
	EXPECT(scan->is_over);
	return sent;
}

TEST(scan, finds_the_open_ports)
{
	static struct scan scan;

	scan_init(&scan, 1, 65535);
	EXPECT_NUMBER(run(&scan, 22, 80), 65535 + 2);
	EXPECT(scan_is_open(&scan, 22));
	EXPECT(!scan_is_open(&scan, 80));
	EXPECT(!scan_is_open(&scan, 23));
}

TEST(scan, believes_no_answer_that_it_did_not_ask_for)
{
	static struct scan scan;
	uint8_t segment[SCAN_SEGMENT], back[SCAN_SEGMENT];

	scan_init(&scan, 10, 20);
	(void)scan_next(&scan, 0, segment);
	size_t length = answer(segment, 9, 0x12);
	EXPECT_NUMBER(scan_take(&scan, segment, length, back), 0);
	length = answer(segment, 15, 0x10); /* no greeting */
	EXPECT_NUMBER(scan_take(&scan, segment, length, back), 0);
	EXPECT_NUMBER(scan_take(&scan, segment, 13, back), 0);
	EXPECT(!scan_is_open(&scan, 9) && !scan_is_open(&scan, 15));
}
