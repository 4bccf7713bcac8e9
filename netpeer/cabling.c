/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on cables. Their formats: IEEE 802.3, RFC 791, RFC 768. */
#include "netpeer/cabling.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "netpeer/packet.h"

#define HEADER_SIZE    14 /* of Ethernet */
#define TYPE_IPV4      0x0800
#define PROTOCOL_UDP   17
#define FRAMES_AT_ONCE 64 /* of one end at one go: the others want their turn */
#define WAIT_MAX_MS    1000
/* Beyond all headers, at even offsets: to the checksums of TCP and UDP the order of words is the same. */
#define SWAP_AT	  160
#define SWAP_FROM 400 /* shorter frames are left alone */

static bool deliver(void *arg, const void *frame, size_t length)
{
	struct cabling_end *end = arg;

	if (send(end->fd, frame, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno != EAGAIN && errno != ENOBUFS; /* else nobody is there */
	capture_add(&end->cabling->capture, clock_wall_ns(), frame, length);
	return true;
}

void cabling_init(struct cabling *cabling, const int *fds, unsigned count, int capture_fd)
{
	*cabling = (struct cabling){.count = count};
	capture_init(&cabling->capture, capture_fd);
	for (unsigned i = 0; i < count; i++) {
		struct cabling_end *end = &cabling->ends[i];
		*end = (struct cabling_end){.cabling = cabling, .fd = fds[i]};
		line_init(&end->line, i + 1, deliver, end);
	}
}

void cabling_done(struct cabling *cabling)
{
	for (unsigned i = 0; i < cabling->count; i++)
		line_done(&cabling->ends[i].line);
}

static bool is_udp_to(struct packet_in in, unsigned port)
{
	unsigned first = take8(&in);

	(void)take_bytes(&in, 5);
	unsigned fragment = take16(&in); /* flags and offset */
	(void)take_bytes(&in, 1);
	unsigned protocol = take8(&in), options = (first & 15) * 4;
	(void)take_bytes(&in, 10);
	if (in.bad || first >> 4 != 4 || options < 20 || protocol != PROTOCOL_UDP ||
	    (fragment & 0x1fff) != 0)
		return false;
	(void)take_bytes(&in, options - 20 + 2);
	return take16(&in) == port && !in.bad;
}

bool cabling_refuses(const struct cabling_end *end, const void *frame, size_t length)
{
	struct packet_in in = packet_in(frame, length);

	if (length < HEADER_SIZE || (end->longest && length > end->longest))
		return true;
	(void)take_bytes(&in, HEADER_SIZE - 2);
	unsigned type = take16(&in);
	if (end->refused_type && type == end->refused_type)
		return true;
	return end->refused_udp && type == TYPE_IPV4 && is_udp_to(in, end->refused_udp);
}

static void swap_words(uint8_t *frame)
{
	uint8_t first[2];

	memcpy(first, frame + SWAP_AT, 2);
	memcpy(frame + SWAP_AT, frame + SWAP_AT + 2, 2);
	memcpy(frame + SWAP_AT + 2, first, 2);
}

static void pass_on(struct cabling *cabling, unsigned from, uint64_t now_ns, const void *frame,
		    size_t length)
{
	for (unsigned i = 0; i < cabling->count; i++)
		if (i == (from ^ 1) || (cabling->is_hub && i != from))
			line_send(&cabling->ends[i].line, now_ns, frame, length);
}

static void receive(struct cabling *cabling, unsigned number, uint64_t now_ns)
{
	static uint8_t frame[FRAME_MAX];
	struct cabling_end *end = &cabling->ends[number];

	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		ssize_t length = recv(end->fd, frame, sizeof frame, MSG_DONTWAIT);
		if (length < 0)
			return;
		end->taken++;
		if (cabling_refuses(end, frame, (size_t)length)) {
			end->refused++;
			continue;
		}
		if (length >= SWAP_FROM && line_happens(&end->line, end->swap_percent))
			swap_words(frame);
		pass_on(cabling, number, now_ns, frame, (size_t)length);
	}
}

void cabling_run(struct cabling *cabling, uint64_t now_ns)
{
	for (unsigned i = 0; i < cabling->count; i++)
		receive(cabling, i, now_ns);
	for (unsigned i = 0; i < cabling->count; i++)
		line_run(&cabling->ends[i].line, now_ns);
}

int cabling_timeout_ms(const struct cabling *cabling, uint64_t now_ns)
{
	uint64_t due_ns = now_ns + WAIT_MAX_MS * NS_PER_MS;

	for (unsigned i = 0; i < cabling->count; i++) {
		uint64_t own_ns = line_due_ns(&cabling->ends[i].line);
		due_ns = own_ns < due_ns ? own_ns : due_ns;
	}
	return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}
