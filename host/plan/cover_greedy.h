/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows one at a time, each made to hold as many open tuples as it can: the way of AETG (Cohen, Dalal, Fredman and Patton: The
 * AETG System, 1997), with rules kept by propagation and backtracking instead of by chance. Each row begins with an open
 * tuple; where no valid row can hold that, it is found impossible and closed. So in the end every tuple is covered or impossible.
 */
#ifndef ASSAY_HOST_PLAN_COVER_GREEDY_H
#define ASSAY_HOST_PLAN_COVER_GREEDY_H

#include "base/random.h"
#include "base/vec.h"
#include "host/plan/cover_rules.h"
#include "host/plan/cover_space.h"

/* What is known of a tuple. */
enum cover_tuple {
	COVER_COVERED,
	COVER_OPEN,
	COVER_IMPOSSIBLE,
	COVER_GIVEN, /* never wanted */
};

DEFINE_VEC(cover_cells, uint16_t); /* rows, one after another */

struct cover_greedy {
	const struct cover_model *model;
	const struct cover_space *space;
	struct cover_rules *rules;
	const struct patience *patience;
	struct random random;

	uint8_t *tuples;       /* enum cover_tuple of each */
	uint32_t *open_in_set; /* of each set */
	uint64_t open, impossible, given;

	/* The row being made. */
	uint16_t *row, *order,
		*placed; /* placed: the columns that are set but not aside, ascending */
	size_t order_count, placed_count;
	bool careful; /* the column with the fewest values left comes next */
	uint64_t tries_left;
	struct cover_ref *refs;
	uint32_t *gains;
	uint16_t *best;
	uint64_t *states; /* one for each depth */
};

int cover_greedy_init(struct cover_greedy *greedy, const struct cover_model *model,
		      const struct cover_space *space, struct cover_rules *rules,
		      const struct cover_options *options, struct err *e) NONNULL(1, 2, 3, 4, 5, 6);
void cover_greedy_done(struct cover_greedy *greedy) NONNULL(1);
DEFINE_CLEAN_DONE(cover_greedy);

/*
 * Completes a row of values and COVER_ANY so that it keeps the rules and covers what it can. 1: done, 0: no valid row has these
 * values; -EOVERFLOW (blame user) when the rules are so entangled that it cannot be found out.
 */
int cover_greedy_complete(struct cover_greedy *greedy, uint16_t *row, struct err *e)
	NONNULL(1, 2, 3);

/* Closes the tuples of a whole row. */
void cover_greedy_cover(struct cover_greedy *greedy, const uint16_t *row) NONNULL(1, 2);

/* What the model does not want: tuples out of focus, and those of rows that are there already. */
void cover_greedy_open(const struct cover_model *model, const struct cover_space *space,
		       uint8_t *tuples) NONNULL(1, 2, 3);

/* Adds a row at the end; -E2BIG (blame user) when there are too many. */
int cover_greedy_add(struct cover_cells *rows, const uint16_t *row, size_t columns, struct err *e)
	NONNULL(1, 2, 4);

/* Adds rows until no tuple is open. Tries about `looks` tuples, or one row each time where that is more. */
int cover_greedy_fill(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t looks,
		      struct err *e) NONNULL(1, 2, 4);

#endif
