/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line with faults: frames that go over it may be lost, come late, come twice, or be overtaken.
 *
 *	struct line line;
 *	line_init(&line, seed, deliver, arg);
 *	line.loss_percent = 10;
 *	line_send(&line, now_ns, frame, length);   (deliver is called at once, later, or never)
 *	... wait until line_due_ns(&line) ...
 *	line_run(&line, now_ns);
 */
#ifndef ASSAY_NETPEER_LINE_H
#define ASSAY_NETPEER_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define LINE_FRAMES_MAX 4096 /* under way at once; more are lost */
#define FRAME_MAX	65535
#define LINE_NEVER	UINT64_MAX

/* False: the other end takes nothing more now, the frame is tried again soon. */
typedef bool line_fn(void *arg, const void *frame, size_t length);

struct line_frame {
	struct line_frame *next; /* by due_ns */
	uint64_t due_ns, expires_ns;
	bool is_refused;
	size_t length;
	uint8_t bytes[];
};

struct line {
	unsigned loss_percent, reorder_percent, duplicate_percent, delay_ms;
	line_fn *deliver;
	void *arg;
	uint64_t random; /* state of the generator, never 0 */
	struct line_frame *first;
	unsigned count;
	unsigned long lost;
};

void line_init(struct line *line, uint64_t seed, line_fn *deliver, void *arg) NONNULL(1, 3);
void line_done(struct line *line) NONNULL(1);
void line_send(struct line *line, uint64_t now_ns, const void *frame, size_t length) NONNULL(1, 3);
/* A throw of its dice: true in that many of a hundred cases. */
bool line_happens(struct line *line, unsigned percent) NONNULL(1);
/* When the next frame arrives; LINE_NEVER: none is under way. */
uint64_t line_due_ns(const struct line *line) NONNULL(1);
/* Delivers what has arrived. */
void line_run(struct line *line, uint64_t now_ns) NONNULL(1);

#endif
