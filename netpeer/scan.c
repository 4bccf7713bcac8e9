/* SPDX-License-Identifier: Apache-2.0 */
/* Which TCP ports are open (RFC 9293), seen from outside. */
#include "netpeer/scan.h"

#include "base/clock.h"

#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

/* An emulated guest takes so many at once; what it loses is asked again. */
#define WINDOW	      128
#define WINDOW_NS     (10 * NS_PER_MS)
#define ROUNDS	      3
#define ROUND_WAIT_NS (2 * NS_PER_S)
#define SEQUENCE      0x61737379U

void scan_init(struct scan *scan, unsigned first, unsigned last)
{
	*scan = (struct scan){.first = first, .last = last, .next = first};
}

static bool is_set(const uint8_t *bits, unsigned port)
{
	return bits[port / 8] >> (port % 8) & 1;
}

static void set(uint8_t *bits, unsigned port)
{
	bits[port / 8] |= (uint8_t)(1U << (port % 8));
}

bool scan_is_open(const struct scan *scan, unsigned port)
{
	return port <= 0xffff && is_set(scan->open, port);
}

static size_t make_segment(uint8_t segment[SCAN_SEGMENT], unsigned port, uint32_t sequence,
			   unsigned flags)
{
	struct packet_out out = packet_out(segment, SCAN_SEGMENT);

	put16(&out, SCAN_PORT);
	put16(&out, port);
	put32(&out, sequence);
	put32(&out, 0);
	put8(&out, 5 << 4); /* words of header */
	put8(&out, flags);
	put16(&out, 1024); /* window */
	put32(&out, 0);	   /* checksum, urgent pointer */
	return packet_length(&out);
}

/* All were asked: waits for the answers, then asks again those that gave none. */
static void end_round(struct scan *scan, uint64_t now_ns)
{
	if (scan->round_end_ns == 0)
		scan->round_end_ns = now_ns + ROUND_WAIT_NS;
	if (scan->waiting > 0 && now_ns < scan->round_end_ns)
		return;
	scan->is_over = scan->waiting == 0 || ++scan->round == ROUNDS;
	scan->next = scan->first;
	scan->round_end_ns = scan->waiting = 0;
}

size_t scan_next(struct scan *scan, uint64_t now_ns, uint8_t segment[SCAN_SEGMENT])
{
	while (scan->next <= scan->last && is_set(scan->answered, scan->next))
		scan->next++;
	if (scan->is_over)
		return 0;
	if (scan->next > scan->last) {
		end_round(scan, now_ns);
		return 0;
	}
	if (now_ns >= scan->window_ns) {
		scan->window_ns = now_ns + WINDOW_NS;
		scan->window = WINDOW;
	}
	if (scan->window == 0)
		return 0;
	scan->window--;
	scan->waiting++;
	return make_segment(segment, scan->next++, SEQUENCE, FLAG_SYN);
}

size_t scan_take(struct scan *scan, const void *bytes, size_t length, uint8_t reply[SCAN_SEGMENT])
{
	struct packet_in in = packet_in(bytes, length);
	unsigned from = take16(&in), to = take16(&in);

	(void)take32(&in);
	uint32_t acknowledged = take32(&in);
	(void)take8(&in);
	unsigned flags = take8(&in);
	if (in.bad || to != SCAN_PORT || from < scan->first || from > scan->last)
		return 0;
	bool is_open = (flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == (FLAG_SYN | FLAG_ACK);
	if (!is_open && !(flags & FLAG_RST))
		return 0;
	if (!is_set(scan->answered, from) && scan->waiting > 0)
		scan->waiting--;
	set(scan->answered, from);
	if (!is_open)
		return 0;
	set(scan->open, from);
	return make_segment(reply, from, acknowledged, FLAG_RST);
}
