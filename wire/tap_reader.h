/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of TAP while it reads; only wire/tap*.c include this. */
#ifndef ASSAY_WIRE_TAP_READER_H
#define ASSAY_WIRE_TAP_READER_H

#include "base/scope.h"
#include "wire/tap.h"
#include "wire/tap_line.h"

/* Points at one place: behind so many "# ", then so many blanks. */
struct tap_open {
	unsigned quote;
	size_t indent;
	bool is_ktap, has_version;
	bool is_plan_last;		  /* the plan came after points: no more may come */
	bool has_ended;			  /* a bail-out, or something that makes its sums void */
	long plan, last, highest;	  /* highest: of the numbers that came */
	unsigned count, failed;		  /* points here; failures here and below */
	unsigned states[TAP_STATE_COUNT]; /* of points here */
	unsigned line;			  /* where it began */
	size_t level;			  /* in the tree */
	size_t first_level;		  /* the first of the documents at this place */
	char name[128];			  /* "# Subtest: …" */
	unsigned char *seen;		  /* owned: a bit for each number */
};

/* Sub-tests that have ended and wait for the point that sums them up. */
struct tap_ended {
	bool is_there;
	unsigned failed, line;
	size_t first_level;
};

/* What is odd and common: told once, with the first line and how many there are. */
struct tap_count {
	unsigned count, line;
};

struct tap_reader {
	struct tap_tree *tree;
	unsigned flags, line;
	struct tap_open levels[TAP_DEPTH_MAX];
	size_t depth; /* how many are open; the root always is */
	struct tap_ended ended;
	char next_name[128]; /* for the level that opens next */
	char run_name[128];  /* of the test that kselftest's harness has begun */
	size_t point;	     /* below which a block may follow; TAP_NONE */
	bool in_block;
	size_t block_indent;
	unsigned block_line;
	bool is_stamped; /* the version line has a stamp of the kernel: so must all have */
	bool is_over;	 /* a bail-out, or a maximum: what follows is not read */
	bool says_no_version;
	struct tap_count stamped, foreign_ends, nuls, long_lines, quoted_results;
};

/* Both add to the oddities; `line` 0: the one that is being read. */
void tap_fault(struct tap_reader *reader, unsigned line, const char *format, ...) PRINTF(3, 4);
void tap_note(struct tap_reader *reader, unsigned line, const char *format, ...) PRINTF(3, 4);

static inline struct tap_open *tap_top(struct tap_reader *reader)
{
	return &reader->levels[reader->depth - 1];
}

/* tap_level.c: opens or closes levels until the top one is that of the line. False when no level is: a fault was told. */
bool tap_go_to(struct tap_reader *reader, const struct tap_line *line);
void tap_close_all(struct tap_reader *reader);
/* A version line, a plan. */
void tap_take_version(struct tap_reader *reader, const struct tap_line *line);
void tap_take_plan(struct tap_reader *reader, const struct tap_line *line);
/* Opens the root. */
void tap_open_root(struct tap_reader *reader);
/* True (and told) when there are sub-tests that nothing sums up. */
bool tap_is_unsummed(struct tap_reader *reader);

/* tap_point.c: a result, and the lines of the block below it. */
void tap_take_result(struct tap_reader *reader, const struct tap_line *line);
void tap_take_block_line(struct tap_reader *reader, const struct tap_line *line);

#endif
