/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Axes as a covering array sees them: a column for each trait, a rule for each axis (the combinations of traits that some item of
 * it has) and for each constraint. Traits that are not to be covered, but that a constraint looks at, are columns aside.
 */
#ifndef ASSAY_HOST_PLAN_TRAITS_FRAME_H
#define ASSAY_HOST_PLAN_TRAITS_FRAME_H

#include "host/plan/traits.h"

DEFINE_VEC(traits_values, const struct value *);
DEFINE_VEC(traits_numbers, uint16_t);

struct traits_column {
	unsigned axis;
	int trait;		     /* -1: the item itself */
	struct traits_values values; /* NULL: the item does not have the trait */
};

/* The items of an axis that have equal values in all its columns are a group. */
struct traits_axis {
	uint16_t columns[AXIS_TRAITS_MAX + 1]; /* its columns */
	size_t column_count;
	uint16_t *vectors; /* of each item its values in these columns */
	uint32_t *order;   /* its items, those of a group together, groups sorted by their values */
	uint32_t *begin;   /* of each group its first place in `order`; and one more, the end */
	uint16_t *groups;  /* of each group its values */
	size_t group_count;
};

struct traits_frame {
	struct traits_model model; /* a copy; what it points to is not */
	size_t axis_count, column_count, aside_count;
	struct traits_column *columns;
	struct traits_axis axes[AXES_MAX];
	struct cover_column *cover_columns; /* with weights where an item has one */
	struct cover_rule *rules;
	size_t rule_count;
	struct traits_numbers *rule_rows; /* of the constraints */
	uint16_t (*rule_columns)[COVER_RULE_COLUMNS_MAX];
};

int traits_frame_new(const struct traits_model *model, struct traits_frame **ret, struct err *e)
	NONNULL(1, 2, 3);
void traits_frame_free(struct traits_frame *frame);
DEFINE_CLEANUP(traits_frame);

/* Writes an item's values into a row. */
void traits_frame_put(const struct traits_frame *frame, size_t axis, uint32_t item, uint16_t *row)
	NONNULL(1, 4);

/* The group whose values a row has; there is one, if the row keeps the rules. */
size_t traits_frame_group(const struct traits_frame *frame, size_t axis, const uint16_t *row)
	NONNULL(1, 3);

#endif
