/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Test Anything Protocol (versions 13 and 14) and the kernel's KTAP (version 1), read strictly: what does not add up is
 * an error and never a result. No I/O here.
 *
 *	struct tap_summary summary;
 *	if (tap_parse(bytes, length, on_point, arg, &summary, e) < 0)
 *		(the stream decides nothing: e says in which line and why)
 *
 * The stream begins with its version line; before and between, lines that are none of the protocol's are passed over. Each
 * level has exactly one plan, met by points with numbers of their own; below an indentation there are sub-tests, and the
 * point that follows sums them up. An error is: no version or plan, a number twice or out of the plan, points missing, a
 * bail-out, an end in the middle of a line, of a block or of sub-tests, and a point that contradicts itself or its sub-tests
 * ("not ok # SKIP", "ok" above a failure, KTAP's "# TIMEOUT" and "# ERROR").
 */
#ifndef ASSAY_WIRE_TAP_H
#define ASSAY_WIRE_TAP_H

#include <stddef.h>

#include "base/err.h"

#define TAP_POINTS_MAX 10000 /* of one level */
#define TAP_DEPTH_MAX  8

enum tap_state {
	TAP_PASSED,
	TAP_FAILED,
	TAP_SKIPPED,
	TAP_EXPECTED, /* it failed, and its directive (to do, XFAIL) says so */
};

/* A test point that has no sub-tests, or one that failed although they held. */
struct tap_point {
	enum tap_state state;
	unsigned line;		  /* of the stream, from 1 */
	char name[256];		  /* "suite > test", or "test 3" without a description */
	char reason[256];	  /* after the directive, or the block's message */
	char got[256], want[256]; /* from the block of YAML below it; "" when it does not tell */
};

struct tap_summary {
	unsigned passed, failed, skipped, expected; /* points that were told */
	char reason[256]; /* of the first that was skipped, or of the plan 1..0 */
};

typedef void tap_point_fn(void *arg, const struct tap_point *point);

/* 0, or -EBADMSG (blame guest) with the line's number. Points that came before the error have been told. */
int tap_parse(const char *bytes, size_t length, tap_point_fn *on_point, void *arg,
	      struct tap_summary *ret, struct err *e) NONNULL(1, 5, 6);

#endif
