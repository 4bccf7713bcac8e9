/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tuples of a covering array, numbered. Sets of columns are numbered by the combinatorial number system
 * (c1 < c2 < ... is C(c1, 1) + C(c2, 2) + ...), the tuples of a set follow each other, the last column's value first.
 */
#ifndef ASSAY_HOST_PLAN_COVER_SPACE_H
#define ASSAY_HOST_PLAN_COVER_SPACE_H

#include "host/plan/cover.h"

struct cover_space {
	unsigned ways;
	size_t column_count, set_count, through_max;
	size_t values_max; /* of the column that has the most */
	uint16_t *values;  /* of each column */
	uint32_t *choose;  /* C(c, i) at [(i - 1) * column_count + c] */
	uint32_t *
		offset; /* of each set its first tuple; and one more, which is the number of tuples */
	uint16_t *members; /* of each set its columns, in order */
};

/* The tuples that hold value x in one column, and what a row has in others: base + x * stride. */
struct cover_ref {
	uint32_t base, stride;
};

/* -E2BIG (blame user) when there are more tuples than COVER_TUPLES_MAX. */
int cover_space_init(struct cover_space *space, unsigned ways, const struct cover_column *columns,
		     size_t column_count, struct err *e) NONNULL(1, 3, 5);
void cover_space_done(struct cover_space *space) NONNULL(1);
DEFINE_CLEAN_DONE(cover_space);

static inline size_t cover_space_tuples(const struct cover_space *space)
{
	return space->offset[space->set_count];
}

/*
 * The tuples through `column` (none, if that is aside) and any ways - 1 of `others` (ascending, without `column`) with their values in `row`. Writes at most
 * through_max of them and returns how many.
 */
size_t cover_space_through(const struct cover_space *space, size_t column, const uint16_t *others,
			   size_t other_count, const uint16_t *row, struct cover_ref *refs)
	NONNULL(1, 3, 5, 6);

/* The set that a tuple is of. */
size_t cover_space_set(const struct cover_space *space, uint32_t tuple) NONNULL(1);
/* A tuple's columns (borrowed) and their values. */
const uint16_t *cover_space_decode(const struct cover_space *space, uint32_t tuple,
				   uint16_t values[COVER_WAYS_MAX]) NONNULL(1, 3);
/* The number of the tuple that a whole row has in a set. */
uint32_t cover_space_encode(const struct cover_space *space, size_t set, const uint16_t *row)
	NONNULL(1, 3);

#endif
