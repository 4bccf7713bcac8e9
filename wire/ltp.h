/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test of the Linux Test Project prints, and what its end means. No I/O here.
 *
 * It tells its results in three dialects, of which several may stand in one stream, since a test runs helpers of another age:
 *
 *	chmod01.c:46: TPASS: chmod(file, 0000) passed        (C, with file and line)
 *	df01_sh 3 TFAIL: df -h failed                        (shell)
 *	abs01       1  TPASS  :  Test passed                 (the old C interface)
 *
 * The first two end with a summary, the third has none. The exit status is of bits: 1 failed, 2 broken, 4 warned, 32 nothing
 * fitted this system. What does not add up is broken and never a pass: a status that the counts do not agree with, a summary
 * that is cut off, a test that tells nothing.
 *
 *	struct ltp_reader reader;
 *	ltp_reader_init(&reader, on_line, arg);
 *	ltp_feed(&reader, bytes, length);                    (as they come)
 *	ltp_judge(&reader, "chmod01", status, result);
 */
#ifndef ASSAY_WIRE_LTP_H
#define ASSAY_WIRE_LTP_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/result.h"

#define LTP_LINE_MAX 4096 /* what a line has more is passed over */

enum ltp_type { LTP_PASS, LTP_FAIL, LTP_BROK, LTP_CONF, LTP_WARN, LTP_INFO, LTP_DEBUG };
#define LTP_TYPES 7

/* "TPASS" … */
const char *ltp_type_name(enum ltp_type type);

/* One line that tells a result (or, as LTP_INFO and LTP_DEBUG, something else). */
struct ltp_line {
	enum ltp_type type;
	unsigned number; /* of the stream, from 1 */
	char name[64];	 /* as shell and old tests begin the line, "" in C */
	unsigned count;	 /* the number after it */
	char file[96];	 /* of the source; "" when the line does not say */
	unsigned line;
	char message[256];
};

typedef void ltp_line_fn(void *arg, const struct ltp_line *line);

/* What is known so far; nothing of it is the caller's to change. */
struct ltp_reader {
	ltp_line_fn *on_line; /* may be NULL */
	void *arg;
	unsigned number;
	char line[LTP_LINE_MAX + 1];
	size_t length;
	bool is_blank;			/* nothing was printed yet but white space */
	unsigned told[LTP_TYPES];	/* results, by their lines */
	unsigned summary[LTP_WARN + 1]; /* of the last whole summary */
	unsigned fresh[LTP_WARN + 1];	/* of the one that is being read */
	unsigned summary_lines;		/* of that, so far; 0: none is being read */
	bool has_summary, is_summary_cut;
	struct ltp_line first[LTP_TYPES]; /* of each type; number 0: there was none */
	char last[256];			  /* the last line that is not blank */
};

/* What a line says of a failure, as a check that did not hold. */
void ltp_check(const struct ltp_line *line, const char *name, struct check_record *check)
	NONNULL(1, 2, 3);

void ltp_reader_init(struct ltp_reader *reader, ltp_line_fn *on_line, void *arg) NONNULL(1);
void ltp_feed(struct ltp_reader *reader, const char *bytes, size_t length) NONNULL(1);

/* Takes in a last line without an end, and sets outcome, message, need, counts and check. `name` is the test's, `status` as of
 * waitpid(2) for the shell that ran it. */
void ltp_judge(struct ltp_reader *reader, const char *name, int status, struct result *result)
	NONNULL(1, 2, 4);

#endif
