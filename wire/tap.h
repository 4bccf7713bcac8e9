/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Test Anything Protocol (versions 13 and 14) and the kernel's KTAP (version 1), read strictly: a tree of what was told,
 * and of all that does not add up the line and a sentence. No I/O here.
 *
 *	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(bytes, length, 0);
 *	if (tree->faults > 0)
 *		(the stream decides nothing: tap_first_fault(tree) says in which line and why)
 *	vec_each (&tree->points, point)
 *		if (!point->is_sum)
 *			...
 *
 * The stream begins with its version line; before and between, lines that are none of the protocol's are passed over. Each
 * level has exactly one plan, met by points with numbers of their own; below an indentation there are sub-tests, and the
 * point that follows sums them up. When all that was planned has come, another version line begins another document.
 *
 * A fault is: no version or plan, a number twice or out of the plan, points missing, a bail-out, an end in the middle of a
 * line, of a block or of sub-tests, and a point that contradicts itself or its sub-tests ("not ok # SKIP", "ok" above a
 * failure). What is odd and takes nothing away (line ends of another system, NUL bytes, lines of the kernel's log in
 * between) is a note. What is not understood is passed over and never made good: it leads to a fault of its own, since
 * the plan is then not met.
 */
#ifndef ASSAY_WIRE_TAP_H
#define ASSAY_WIRE_TAP_H

#include <stdint.h>

#include "base/vec.h"

#define TAP_POINTS_MAX	 100000 /* of all levels */
#define TAP_DEPTH_MAX	 16
#define TAP_ODDITIES_MAX 1000 /* that are kept; all are counted */

/* The stream is a console's or kselftest's. Stamps of the kernel's log are taken off (lines that have them, in a stream whose
 * version line has none, are the kernel's own and passed over), and what a test printed itself, which the runner puts "# "
 * before, is read as sub-tests where it has a version or a plan. */
#define TAP_KERNEL 1U
/* What one test of kselftest printed itself: its runner's stream has the version line, so that it may be missing here. */
#define TAP_NO_VERSION 2U

enum tap_state {
	TAP_PASSED,
	TAP_FAILED,
	TAP_SKIPPED,
	TAP_EXPECTED,  /* it failed, and its directive (to do, XFAIL) says so */
	TAP_UNDECIDED, /* it ran out of time or could not be set up (TIMEOUT, ERROR) */
};
#define TAP_STATE_COUNT 5

#define TAP_NONE SIZE_MAX /* no index */

struct tap_point {
	enum tap_state state;
	unsigned line;	 /* of the stream, from 1 */
	unsigned number; /* its own, or what follows from the one before */
	bool is_sum;	 /* its sub-tests say all that it does: it is not counted */
	char *name;	 /* owned: "suite > test", or "test 3" without a description */
	size_t own_name; /* where in `name` the description begins, behind those of the levels above */
	char *reason;	 /* owned: after the directive, or the block's message; "" none */
	char *got, *want;     /* owned: from the block of YAML below it; "" when it does not tell */
	uint64_t duration_ns; /* that it tells of itself; 0: it does not */
	size_t level, next;   /* where it stands, and the next point there */
	size_t sub_levels;    /* the first level of its sub-tests */
};
DEFINE_VEC(tap_points, struct tap_point);

/* A document, or the sub-tests of a point. */
struct tap_level {
	unsigned line, depth;
	const char *protocol; /* "TAP", "KTAP", "JUnit" */
	bool has_version;
	long plan;	    /* -1: it has none */
	unsigned count;	    /* of points that came */
	size_t first, last; /* points */
	size_t parent; /* the point that sums it up; TAP_NONE: a document, or that point never came */
	size_t next;   /* the next level of the same point */
	char reason[256]; /* of the plan 1..0 */
};
DEFINE_VEC(tap_levels, struct tap_level);

struct tap_oddity {
	unsigned line;
	bool is_fault;
	char *text; /* owned: a sentence */
};
DEFINE_VEC(tap_oddities, struct tap_oddity);

struct tap_tree {
	struct tap_points points;
	struct tap_levels levels;
	struct tap_oddities oddities;
	unsigned faults, notes;		  /* all of them */
	unsigned counts[TAP_STATE_COUNT]; /* of points that are no sums */
	unsigned lines;
	char reason[256]; /* of the first point that was skipped, or of the plan 1..0 */
};

/* Never NULL. `flags`: 0, or some of TAP_KERNEL and TAP_NO_VERSION. */
struct tap_tree *tap_read(const char *bytes, size_t length, unsigned flags) NONNULL(1);
/* For other readers: an empty one, and what is odd in it. */
struct tap_tree *tap_tree_new(void);
void tap_tree_tell(struct tap_tree *tree, bool is_fault, unsigned line, const char *format, ...)
	PRINTF(4, 5) NONNULL(1, 4);
void tap_tree_free(struct tap_tree *tree);
DEFINE_CLEANUP(tap_tree);

/* The first in the order of reading; NULL: it all adds up. */
const struct tap_oddity *tap_first_fault(const struct tap_tree *tree) NONNULL(1);

const char *tap_state_name(enum tap_state state); /* "passed", "failed", … */

#endif
