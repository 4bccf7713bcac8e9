/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder of a serial console: every line with the time since power-on, cleaned of control sequences, into a file
 * with a maximum; and the scanner that knows what lines mean. It does no waiting: the machine feeds it.
 *
 *	r = console_new(path, patterns, &console, e);
 *	console_feed(console, bytes, n);
 *	uint64_t mark = console_mark(console);
 *	if ((hit = console_fault_since(console, mark))) ...
 */
#ifndef ASSAY_HOST_LINK_CONSOLE_H
#define ASSAY_HOST_LINK_CONSOLE_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "host/link/pattern.h"

#define CONSOLE_LINE_MAX 1024	     /* what is longer goes on in another line */
#define CONSOLE_FILE_MAX (16U << 20) /* what a guest may fill of the disk */
#define CONSOLE_TAIL_MAX (8U << 10)
#define CONSOLE_HITS_MAX 64
#define CONSOLE_PREFIX	 12 /* "   12.345678 " is put before each line: its width */

/* A line with a meaning. */
struct console_hit {
	const struct pattern *pattern;
	char line[CONSOLE_LINE_MAX];
	uint64_t mark, at_ns;
};

struct console;

/* Appends to the file at `path`. Patterns are borrowed; NULL: nothing is scanned. */
int console_new(const char *path, const struct patterns *patterns, struct console **ret,
		struct err *e) NONNULL(1, 3, 4);
void console_free(struct console *console);
DEFINE_CLEANUP(console);

/* The time from which lines are counted is now; the stage is forgotten. */
void console_power_on(struct console *console) NONNULL(1);

/* Takes in what the console said. */
void console_feed(struct console *console, const char *bytes, size_t length) NONNULL(1, 2);

/* Scans also the line that is not yet ended: prompts wait in such lines. */
void console_scan_prompt(struct console *console) NONNULL(1);

const char *console_path(const struct console *console) NONNULL(1);
uint64_t console_mark(const struct console *console) NONNULL(1); /* grows with all that is said */
uint64_t console_last_ns(const struct console *console)
	NONNULL(1); /* when something was said last; 0: never */
/* More was said than fits into the file: ever, and since power-on alone. */
bool console_flooded(const struct console *console) NONNULL(1);
bool console_boot_flooded(const struct console *console) NONNULL(1);

/* Adds what was said since the mark, without times. -EMSGSIZE: more than fits into `out`, or into the file. */
int console_since(struct console *console, uint64_t mark, struct text *out, struct err *e)
	NONNULL(1, 3, 4);

/* True when `needle` was said after the mark. */
bool console_has_since(struct console *console, uint64_t mark, const char *needle) NONNULL(1, 3);

/* The first fault (or death) after the mark; NULL: none. */
const struct console_hit *console_fault_since(const struct console *console, uint64_t mark)
	NONNULL(1);
const struct console_hit *console_death_since(const struct console *console, uint64_t mark)
	NONNULL(1);

/* How far the boot is: the last line with a stage since power-on, NULL when there was none; and when the stages
 * were first seen (0: not). */
const struct console_hit *console_stage(const struct console *console) NONNULL(1);
uint64_t console_stage_ns(const struct console *console, enum pattern_stage stage) NONNULL(1);

/* Adds the last lines, with their times. */
void console_tail(const struct console *console, struct text *out) NONNULL(1, 2);

#endif
