/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coverage over traits: few cells of real items in which every combination of `ways` trait values appears that any cell can have.
 *
 *	struct traits_model model = {.axes = &axes, .constraints = constraints, .constraint_count = n, .ways = 2};
 *	CLEANUP(traits) struct traits *traits = NULL;
 *	r = traits_plan(&model, &options, &traits, e);
 *	for (size_t c = 0; c < traits->cell_count; c++)
 *		axes.list.items[0]->items.items[traits_cell(traits, c)[0]] ...
 *
 * A column is a trait of an axis; an axis without traits is a column of its items. A trait that an item does not have is a value like
 * others. Items with equal traits stand for each other: a plan wants their traits, and then spreads them over its cells, by weight.
 *
 * An increment. Of the cells of a former plan those count that hold no changed item and that the constraints still allow: what was
 * found out in them still stands. Planned is what is missing beside them:
 *  - every combination that some cell can have now and none of those has: the ones that only changed items showed, and those that
 *    did not exist before;
 *  - each changed item, at least once, however its traits are covered.
 * So the cells that count and the new ones together cover all, and an increment without changes has no cell.
 */
#ifndef ASSAY_HOST_PLAN_TRAITS_H
#define ASSAY_HOST_PLAN_TRAITS_H

#include "base/text.h"
#include "host/plan/axis.h"
#include "host/plan/constraint.h"
#include "host/plan/cover.h"

#define TRAITS_ANY UINT32_MAX /* in a must cell: any item of the axis will do */

struct traits_item {
	uint32_t axis, item;
};

struct traits_model {
	const struct axes *axes;		     /* each with an item */
	const struct constraint *const *constraints; /* bound to them */
	size_t constraint_count;
	unsigned ways;
	/* False for a trait that is not to be covered (a digest, a serial number). NULL: all are. */
	bool (*is_wanted)(const void *context, size_t axis, int trait);
	const void *context;
	const uint32_t *must; /* must_count times an item or TRAITS_ANY for each axis */
	size_t must_count;

	/* For an increment. */
	const uint32_t *former; /* former_count times an item for each axis */
	size_t former_count;
	const struct traits_item *changed;
	size_t changed_count;
};

/* Why a cell is there at all, before it was made to show as much as it can. */
enum traits_cause {
	TRAITS_SHOWS,	/* it is the first to show some combination */
	TRAITS_MUST,	/* asked for */
	TRAITS_CHANGED, /* an item has changed or is new */
};

struct traits_frame;

struct traits {
	size_t axis_count, cell_count;
	uint32_t *cells;	   /* an item for each axis */
	enum traits_cause *causes; /* of each cell */
	size_t former_kept;	   /* of the former cells those that count */
	size_t changed_left_out;   /* of the changed items those that may be in no cell */
	/* As in struct cover. */
	uint64_t wanted, impossible, given, lower_bound;
	bool cut_short;
	/* What traits_explain needs. */
	struct traits_frame *frame;
	struct cover *cover;
	uint16_t *must, *covered; /* rows of its model */
	uint32_t *must_cells;
	size_t must_count;
};

/* Plans. Errors as from cover_find, in terms of axes. The axes and constraints have to outlive the plan. */
int traits_plan(const struct traits_model *model, const struct cover_options *options,
		struct traits **ret, struct err *e) NONNULL(1, 2, 3, 4);
void traits_free(struct traits *traits);
DEFINE_CLEANUP(traits);

static inline const uint32_t *traits_cell(const struct traits *traits, size_t cell)
{
	return traits->cells + cell * traits->axis_count;
}

/* Some values that belong together. */
struct traits_tuple {
	const struct traits_frame *frame;
	unsigned ways;
	const uint16_t *columns, *values;
};

/* Calls `first` for each combination with the first cell that shows it, cell by cell. */
typedef void traits_first(void *arg, size_t cell, const struct traits_tuple *tuple);
int traits_explain(const struct traits *traits, traits_first *first, void *arg, struct err *e)
	NONNULL(1, 2, 4);

/* Adds "image.boot=uefi, size.nic=virtio"; a trait that is not there is "image.boot unknown". */
void traits_tuple_text(const struct traits_tuple *tuple, struct text *text) NONNULL(1, 2);

#endif
