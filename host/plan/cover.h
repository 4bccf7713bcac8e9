/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Covering arrays: few rows in which every combination of `ways` values of different columns appears at least once.
 *
 *	struct cover_column columns[] = {{.values = 3}, {.values = 2}, {.values = 2}};
 *	struct cover_model model = {.ways = 2, .columns = columns, .column_count = 3};
 *	struct cover_options options = {.seed = 1, .effort = COVER_EFFORT};
 *	CLEANUP(cover) struct cover *cover = NULL;
 *	if (cover_find(&model, &options, &cover, e) < 0) ...
 *	for (size_t r = 0; r < cover->row_count; r++)
 *		use(cover_row(cover, r));
 *
 * A tuple is one value for each of `ways` columns. Rules say which rows are valid; a tuple that no valid row holds is
 * impossible and not wanted, whichever rules together make it so. All others are covered: there is no partial answer.
 *
 * Pure: nothing but the model, the seed and the effort decides about the rows, unless `patience` ran out before.
 */
#ifndef ASSAY_HOST_PLAN_COVER_H
#define ASSAY_HOST_PLAN_COVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wait.h"

#define COVER_ANY	       UINT16_MAX /* in a must row: any value will do */
#define COVER_WAYS_MAX	       6
#define COVER_COLUMNS_MAX      1024
#define COVER_VALUES_MAX       10000 /* of a column */
#define COVER_TUPLES_MAX       (32U << 20)
#define COVER_ROWS_MAX	       65000
#define COVER_RULES_MAX	       1024
#define COVER_RULE_COLUMNS_MAX 64
#define COVER_RULE_ROWS_MAX    (1U << 18)
#define COVER_WEIGHT_MAX       100000

/* About a second of improvement: so many tuples are looked at. */
#define COVER_EFFORT 200000000ULL

struct cover_column {
	uint16_t values; /* how many there are: 0 to values - 1 */
	const uint32_t *
		weights; /* of each; where several values would do, one is drawn by them. NULL: all alike */
};

/* In these columns only these combinations are valid. */
struct cover_rule {
	const char *name; /* for errors */
	const uint16_t *columns;
	size_t column_count;
	const uint16_t *rows; /* row_count times column_count values */
	size_t row_count;
};

struct cover_model {
	unsigned ways; /* if there are fewer columns, all rows are wanted */
	const struct cover_column *columns;
	size_t column_count;
	const struct cover_rule *rules;
	size_t rule_count;
	const uint16_t *
		must; /* must_count times column_count values or COVER_ANY: rows that have to be there */
	size_t must_count;
	/* The last columns are in rows and rules, but in no tuple. */
	size_t aside_count;
	/* Rows that are there already, elsewhere: as must, but their tuples are not wanted any more. */
	const uint16_t *covered;
	size_t covered_count;
	/* Of each column: only tuples that have such a one are wanted. NULL: all are. */
	const bool *focus;
};

struct cover_options {
	uint64_t seed;
	uint64_t effort; /* 0: the first answer; COVER_EFFORT: what a second of improvement finds */
	/* Its end cuts the improvement short, its cancel descriptor ends all with -ECANCELED. NULL: no end. */
	const struct patience *patience;
};

struct cover {
	size_t column_count, row_count;
	uint16_t *rows; /* those that must be there first, in their order */
	/* Tuples: all that are wanted are covered. Given are those that were not wanted in the first place. */
	uint64_t wanted, impossible, given;
	uint64_t
		lower_bound; /* no plan has fewer rows than this (a better one may still not exist) */
	size_t first_rows;   /* rows of the first answer, before the improvement */
	bool cut_short;	     /* patience ran out: another machine may find other rows */
};

/*
 * Finds rows for the model. Returns 0 and *ret; -EINVAL (blame user) for a model that makes no sense or has no valid row, or a
 * must row that no valid row completes; -E2BIG (blame user) for more of something than there may be, with the word
 * what; -ECANCELED.
 */
int cover_find(const struct cover_model *model, const struct cover_options *options,
	       struct cover **ret, struct err *e) NONNULL(1, 2, 3, 4);
void cover_free(struct cover *cover);
DEFINE_CLEANUP(cover);

static inline const uint16_t *cover_row(const struct cover *cover, size_t index)
{
	return cover->rows + index * cover->column_count;
}

/* Says of each of some rows of values and COVER_ANY whether a valid row has them. Errors as from cover_find. */
int cover_possible(const struct cover_model *model, const uint16_t *rows, size_t count,
		   bool *ret_possible, struct err *e) NONNULL(1, 2, 4, 5);

/*
 * Says why each row is there: calls `first` for every wanted tuple with the first row that holds it, row by row. The model is the one
 * that the rows were found for.
 */
typedef void cover_first(void *arg, size_t row, const uint16_t *columns, const uint16_t *values,
			 unsigned ways);
int cover_explain(const struct cover_model *model, const struct cover *cover, cover_first *first,
		  void *arg, struct err *e) NONNULL(1, 2, 3, 5);

/*
 * The rule of a predicate: asks `holds` of every combination of the columns' values and keeps those for which it is true. `columns`
 * is borrowed, `ret->rows` is the caller's to free. -E2BIG (blame user) when there are too many combinations, -EINVAL when
 * none holds.
 */
typedef bool cover_holds(const uint16_t *values, const void *context);
int cover_rule_of(const struct cover_column *all, const char *name, const uint16_t *columns,
		  size_t column_count, cover_holds *holds, const void *context,
		  struct cover_rule *ret, struct err *e) NONNULL(1, 2, 3, 5, 7, 8);

#endif
