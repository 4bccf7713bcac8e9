/* SPDX-License-Identifier: Apache-2.0 */
/* A line with faults. */
#include "netpeer/line.h"

#include <string.h>

#include "base/clock.h"

/* A frame that is overtaken comes so much later: several others fit in. */
#define REORDER_NS (20 * NS_PER_MS)
/* The other end's queue is short: it empties within milliseconds, unless the guest stands still. */
#define RETRY_NS (1 * NS_PER_MS)
#define KEEP_NS	 (500 * NS_PER_MS)

void line_init(struct line *line, uint64_t seed, line_fn *deliver, void *arg)
{
	*line = (struct line){.deliver = deliver, .arg = arg, .random = seed ? seed : 1};
}

void line_done(struct line *line)
{
	while (line->first) {
		struct line_frame *frame = line->first;
		line->first = frame->next;
		free(frame);
	}
	line->count = 0;
}

/* xorshift64: a fault has to be random, not secret, and a seed gives the same faults again. */
bool line_happens(struct line *line, unsigned percent)
{
	line->random ^= line->random << 13;
	line->random ^= line->random >> 7;
	line->random ^= line->random << 17;
	return line->random % 100 < percent;
}

static void keep(struct line *line, uint64_t due_ns, const void *bytes, size_t length)
{
	struct line_frame **at = &line->first;
	struct line_frame *frame = malloc(sizeof *frame + length);

	if (!frame) {
		line->lost++;
		return;
	}
	*frame = (struct line_frame){
		.due_ns = due_ns, .expires_ns = due_ns + KEEP_NS, .length = length};
	memcpy(frame->bytes, bytes, length);
	/* Frames that wait for the other end stay before those that come after them. */
	while (*at && ((*at)->due_ns <= due_ns || (*at)->is_refused))
		at = &(*at)->next;
	frame->next = *at;
	*at = frame;
	line->count++;
}

static void send_once(struct line *line, uint64_t now_ns, const void *frame, size_t length)
{
	uint64_t late_ns = line->delay_ms * NS_PER_MS;

	if (length > FRAME_MAX || line->count == LINE_FRAMES_MAX ||
	    line_happens(line, line->loss_percent)) {
		line->lost++;
		return;
	}
	if (line_happens(line, line->reorder_percent))
		late_ns += REORDER_NS;
	bool waits = line->first && line->first->is_refused;
	if (late_ns > 0 || waits || !line->deliver(line->arg, frame, length))
		keep(line, now_ns + late_ns, frame, length);
}

void line_send(struct line *line, uint64_t now_ns, const void *frame, size_t length)
{
	send_once(line, now_ns, frame, length);
	if (line->duplicate_percent && line_happens(line, line->duplicate_percent))
		send_once(line, now_ns, frame, length);
}

uint64_t line_due_ns(const struct line *line)
{
	return line->first ? line->first->due_ns : LINE_NEVER;
}

void line_run(struct line *line, uint64_t now_ns)
{
	while (line->first && line->first->due_ns <= now_ns) {
		struct line_frame *frame = line->first;
		frame->is_refused = !line->deliver(line->arg, frame->bytes, frame->length);
		if (frame->is_refused && now_ns < frame->expires_ns) {
			frame->due_ns = now_ns + RETRY_NS;
			return;
		}
		line->lost += frame->is_refused;
		line->first = frame->next;
		line->count--;
		free(frame);
	}
}
