/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a stream of TAP: where it stands, and which word of the protocol it is. Only wire/tap*.c include this. */
#ifndef ASSAY_WIRE_TAP_LINE_H
#define ASSAY_WIRE_TAP_LINE_H

#include <stdbool.h>
#include <stddef.h>

enum tap_word {
	TAP_NO_WORD, /* none of the protocol's */
	TAP_COMMENT,
	TAP_VERSION,
	TAP_PLAN,
	TAP_RESULT,
	TAP_BAIL_OUT,
};

enum tap_directive {
	TAP_NO_DIRECTIVE,
	TAP_SKIP,
	TAP_TO_DO,
	TAP_XFAIL,
	TAP_XPASS,
	TAP_TIMEOUT,
	TAP_ERROR,
};

/* A line without its end. What stands before its words is stepped over as it becomes known. */
struct tap_line {
	const char *at, *end;
	size_t indent;	/* blanks stepped over */
	unsigned quote; /* "# " stepped over */
};

/* Steps over blanks at the beginning. */
void tap_line_indent(struct tap_line *line);

/* Steps over what the kernel puts before a line of its log, "<6>[   12.345678][ T1] "; true when there is such. */
bool tap_line_take_stamp(struct tap_line *line);
/* True when the kernel's stamp stands further behind: another line begins inside of this one. */
bool tap_line_holds_stamp(const struct tap_line *line);

/* Steps over one "# ", as it is put before the output of a test by whoever runs it; false when there is none. */
bool tap_line_take_quote(struct tap_line *line);

bool tap_line_starts(const struct tap_line *line, const char *word);
enum tap_word tap_line_word(const struct tap_line *line);

/* The directive behind an unescaped '#', if it is one; *ret_at is that '#', or the end. */
enum tap_directive tap_line_directive(const char *at, const char *end, const char **ret_at,
				      char *reason, size_t size);

/* True when a result of kselftest's runner seems to stand behind something else: a line break was lost. */
bool tap_line_hides_result(const struct tap_line *line);

/* A copy for people: printable, without the blanks around it. */
void tap_copy(const char *from, const char *to, char *buf, size_t size);

/* Digits at *at, stepped over; -1 when there are none or the number is beyond `max`. */
long tap_number(const char **at, const char *end, long max);

#endif
