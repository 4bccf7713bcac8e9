/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Axes to combinations, each a real item of every axis. Pure: the same request makes the same combinations in the same order.
 * What constraints exclude is counted and told by the constraint that does it: nothing goes without a word.
 *
 *	struct combine_request request = {.axes = &axes, .mode = COMBINE_ALL, .constraints = constraints, .constraint_count = 2};
 *	struct combine_slip slip;
 *	CLEANUP(combine) struct combine *combine = NULL;
 *	if (combine_make(&request, &combine, &slip, e) < 0)
 *		...slip says which row it is about...
 *	for (size_t i = 0; i < combine->count; i++)
 *		use(combine_items(combine, i));
 */
#ifndef ASSAY_HOST_PLAN_COMBINE_H
#define ASSAY_HOST_PLAN_COMBINE_H

#include "base/text.h"
#include "base/wait.h"
#include "host/plan/constraint.h"
#include "host/plan/traits.h"

#define COMBINE_COUNT_MAX 10000	      /* combinations: the cells of a plan */
#define COMBINE_TRIED_MAX (32U << 20) /* beginnings of combinations that are looked at */
#define COMBINE_TOLD_MAX  1000 /* excluded ones that are told one by one; beyond they are counted */
#define COMBINE_ANY	  UINT32_MAX /* in a row: not said */

enum combine_mode {
	COMBINE_ALL, /* every item with every other */
	COMBINE_ZIP, /* the first of each axis, the second of each …; axes with one item go with all */
	COMBINE_ROWS, /* those that are given; axes of which a row says nothing go with it in all their items */
	COMBINE_WAYS, /* few in which every `ways` items of different axes meet (host/plan/cover.h), or their traits */
};

struct combine_rows {
	const uint32_t *
		items; /* count times the number of axes: an index of the axis' items, or COMBINE_ANY */
	size_t count;
};

struct combine_request {
	const struct axes *axes; /* each with at least one item */
	enum combine_mode mode;
	unsigned ways;
	bool over_traits; /* COMBINE_WAYS: traits meet, and items stand for theirs (host/plan/traits.h) */
	/* False for a trait that need not meet others. NULL: all do. */
	bool (*is_wanted)(const void *context, size_t axis, int trait);
	const void *context;		       /* for is_wanted */
	struct constraint *const *constraints; /* bound to these axes */
	size_t constraint_count;
	struct combine_rows rows; /* COMBINE_ROWS */
	struct combine_rows
		must; /* have to be there, whatever the mode; what they do not say is filled in */
	/* An increment (see host/plan/traits.h): of these combinations those count that hold no changed item and are still allowed;
	 * made is what is missing beside them, and in the other modes what is not among them. */
	bool is_increment;
	struct combine_rows former; /* whole ones */
	const struct traits_item *changed;
	size_t changed_count;
	uint64_t seed, effort; /* COMBINE_WAYS: see struct cover_options */
	const struct patience *patience;
};

/* What an error is about. */
enum combine_about { COMBINE_ABOUT_ALL, COMBINE_ABOUT_ROW, COMBINE_ABOUT_MUST };
struct combine_slip {
	enum combine_about about;
	size_t index; /* of the row */
};

/* Why a combination is there. */
enum combine_why {
	COMBINE_WHY_MUST,
	COMBINE_WHY_MODE,
	COMBINE_WHY_CHANGED, /* an increment: it holds an item that has changed */
};
struct combine_origin {
	enum combine_why why;
	size_t row; /* the must row, or the row of COMBINE_ROWS */
};
DEFINE_VEC(combine_origins, struct combine_origin);

struct combine_excluded {
	size_t constraint;
};
DEFINE_VEC(combine_excluded_list, struct combine_excluded);
DEFINE_VEC(combine_item_list, uint32_t);

struct combine {
	const struct axes *axes; /* borrowed */
	size_t axis_count, count;
	struct combine_item_list items; /* count times axis_count */
	struct combine_origins origins; /* of each; those that must be there come first */
	size_t constraint_count;
	/* By constraint: how many combinations it excluded (the first that does counts; rows with COMBINE_ROWS and COMBINE_ZIP,
	 * nothing with COMBINE_WAYS), and in how many that are there it could not be decided. */
	uint64_t *excluded, *undecided;
	uint64_t doubled;		   /* rows that were there already */
	struct combine_excluded_list told; /* the first COMBINE_TOLD_MAX excluded ones */
	struct combine_item_list
		told_items; /* and their items, COMBINE_ANY where it does not matter which */
	/* COMBINE_WAYS: tuples that are covered, that no combination can have, and how few rows there could be at best. */
	uint64_t wanted, impossible, lower_bound;
	size_t kept; /* an increment: the former combinations that count */
};

/* True when one of the items has changed. */
bool combine_has_changed(const struct combine_request *request, const uint32_t *items)
	NONNULL(1, 2);

/* -EINVAL or -E2BIG, blame user: *ret_slip says what it is about; -ECANCELED. */
int combine_make(const struct combine_request *request, struct combine **ret,
		 struct combine_slip *ret_slip, struct err *e) NONNULL(1, 2, 3, 4);
void combine_free(struct combine *combine);
DEFINE_CLEANUP(combine);

static inline const uint32_t *combine_items(const struct combine *combine, size_t index)
{
	return combine->items.items + index * combine->axis_count;
}

/* Adds "image=debian-12 size=small …", the axes that have more than one item or, with `all`, every one. */
void combine_describe(const struct axes *axes, const uint32_t *items, bool all, struct text *out)
	NONNULL(1, 2, 4);

/* Items that are in no combination, each once: calls with its axis and index. */
typedef void combine_unused_fn(void *arg, size_t axis, size_t item);
void combine_unused(const struct combine *combine, combine_unused_fn *on_unused, void *arg)
	NONNULL(1, 2);

#endif
