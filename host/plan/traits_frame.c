/* SPDX-License-Identifier: Apache-2.0 */
/* Columns and rules out of axes and constraints. */
#include "host/plan/traits_frame.h"

#include <assert.h>
#include <string.h>

#define PROJECTIONS_MAX (1U << 22) /* combinations of which a constraint is asked */

static size_t item_count(const struct traits_frame *frame, size_t axis)
{
	return frame->model.axes->list.items[axis]->items.count;
}

static const struct axis_item *item_of(const struct traits_frame *frame, size_t axis, size_t item)
{
	return frame->model.axes->list.items[axis]->items.items[item];
}

/* ---- columns ---- */

static bool is_wanted(const struct traits_model *model, size_t axis, int trait)
{
	return !model->is_wanted || model->is_wanted(model->context, axis, trait);
}

static bool is_named(const struct traits_model *model, size_t axis, int trait)
{
	for (size_t i = 0; i < model->constraint_count; i++) {
		size_t count;
		const struct constraint_name *names =
			constraint_names(model->constraints[i], &count);
		for (size_t n = 0; n < count; n++)
			if (names[n].axis == axis && names[n].trait == trait)
				return true;
	}
	return false;
}

static void add_column(struct traits_frame *frame, size_t axis, int trait)
{
	struct traits_axis *its = &frame->axes[axis];

	its->columns[its->column_count++] = (uint16_t)frame->column_count;
	frame->columns[frame->column_count++] = (struct traits_column){
		.axis = (unsigned)axis, .trait = trait, .values = VEC_INIT(COVER_VALUES_MAX)};
}

static void add_covered_columns(struct traits_frame *frame)
{
	for (size_t a = 0; a < frame->axis_count; a++) {
		int traits = (int)frame->model.axes->list.items[a]->traits.count;
		for (int t = 0; t < traits; t++)
			if (is_wanted(&frame->model, a, t))
				add_column(frame, a, t);
		if (frame->axes[a].column_count == 0)
			add_column(frame, a, -1);
	}
}

static bool has_column(const struct traits_frame *frame, size_t axis, int trait)
{
	for (size_t i = 0; i < frame->axes[axis].column_count; i++)
		if (frame->columns[frame->axes[axis].columns[i]].trait == trait)
			return true;
	return false;
}

static void add_columns_aside(struct traits_frame *frame)
{
	size_t covered = frame->column_count;

	for (size_t a = 0; a < frame->axis_count; a++) {
		int traits = (int)frame->model.axes->list.items[a]->traits.count;
		for (int t = -1; t < traits; t++)
			if (!has_column(frame, a, t) && is_named(&frame->model, a, t))
				add_column(frame, a, t);
	}
	frame->aside_count = frame->column_count - covered;
}

/* ---- items ---- */

static bool is_same(const struct value *a, const struct value *b)
{
	return a == b || (a && b && value_is_equal(a, b));
}

/* The number of an item's value in a column; COVER_ANY: there are too many. */
static uint16_t number_of(struct traits_column *column, const struct value *value, bool is_new)
{
	size_t v = is_new ? column->values.count : 0;

	while (v < column->values.count && !is_same(column->values.items[v], value))
		v++;
	if (v == column->values.count && !vec_add(&column->values, value))
		return COVER_ANY;
	return (uint16_t)v;
}

static int number_items(struct traits_frame *frame, size_t axis, struct err *e)
{
	struct traits_axis *its = &frame->axes[axis];

	its->vectors = xnew(item_count(frame, axis) * its->column_count * sizeof *its->vectors);
	for (size_t i = 0; i < item_count(frame, axis); i++)
		for (size_t c = 0; c < its->column_count; c++) {
			struct traits_column *column = &frame->columns[its->columns[c]];
			/* Items have names of their own. */
			uint16_t number = number_of(
				column, axis_value(item_of(frame, axis, i), column->trait),
				column->trait < 0);
			if (number == COVER_ANY)
				return err_set(e, BLAME_USER, E2BIG,
					       "axis %s: more than %u different values",
					       frame->model.axes->list.items[axis]->name,
					       COVER_VALUES_MAX);
			its->vectors[i * its->column_count + c] = number;
		}
	return 0;
}

static int compare_items(const void *a, const void *b, void *context)
{
	const struct traits_axis *its = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	for (size_t c = 0; c < its->column_count; c++) {
		int order = its->vectors[x * its->column_count + c] -
			    its->vectors[y * its->column_count + c];
		if (order)
			return order;
	}
	return x < y ? -1 : x > y;
}

static void group_items(struct traits_frame *frame, size_t axis)
{
	struct traits_axis *its = &frame->axes[axis];
	size_t count = item_count(frame, axis), bytes = its->column_count * sizeof *its->vectors;

	its->order = xnew(count * sizeof *its->order);
	its->begin = xnew((count + 1) * sizeof *its->begin);
	its->groups = xnew(count * bytes);
	for (size_t i = 0; i < count; i++)
		its->order[i] = (uint32_t)i;
	qsort_r(its->order, count, sizeof *its->order, compare_items, its);
	for (size_t i = 0; i < count; i++) {
		const uint16_t *vector = its->vectors + its->order[i] * its->column_count;
		if (its->group_count > 0 &&
		    memcmp(its->groups + (its->group_count - 1) * its->column_count, vector,
			   bytes) == 0)
			continue;
		memcpy(its->groups + its->group_count * its->column_count, vector, bytes);
		its->begin[its->group_count++] = (uint32_t)i;
	}
	its->begin[its->group_count] = (uint32_t)count;
}

/* ---- rules ---- */

static void add_axis_rule(struct traits_frame *frame, size_t axis)
{
	const struct traits_axis *its = &frame->axes[axis];

	/* One column by itself may have all its values. */
	if (its->column_count > 1)
		frame->rules[frame->rule_count++] =
			(struct cover_rule){.name = frame->model.axes->list.items[axis]->name,
					    .columns = its->columns,
					    .column_count = its->column_count,
					    .rows = its->groups,
					    .row_count = its->group_count};
}

/* What a constraint sees of an axis: the different values in the columns that it names. */
struct projection {
	const struct traits_axis *its;
	size_t at[AXIS_TRAITS_MAX + 1]; /* of each such column, which of the axis' it is */
	size_t width;
	uint16_t *values;
	size_t count, now; /* `now` is the combination that is asked about */
};

struct judging {
	const struct traits_frame *frame;
	const struct constraint_name *names;
	size_t name_count;
	const uint16_t *columns;
	size_t column_count;
	uint16_t values[COVER_RULE_COLUMNS_MAX];
	struct projection projections[AXES_MAX];
	size_t projection_count;
};

static const struct value *look_up(const void *arg, struct constraint_name name)
{
	const struct judging *judging = arg;

	for (size_t i = 0; i < judging->column_count; i++) {
		const struct traits_column *column = &judging->frame->columns[judging->columns[i]];
		if (column->axis == name.axis && column->trait == name.trait)
			return column->values.items[judging->values[i]];
	}
	return NULL;
}

static int compare_values(const void *a, const void *b, void *context)
{
	return memcmp(a, b, *(const size_t *)context * sizeof(uint16_t));
}

static void project(struct projection *projection)
{
	const struct traits_axis *its = projection->its;
	size_t width = projection->width, count = 0;

	projection->values = xnew(its->group_count * width * sizeof *projection->values);
	for (size_t g = 0; g < its->group_count; g++)
		for (size_t i = 0; i < width; i++)
			projection->values[g * width + i] =
				its->groups[g * its->column_count + projection->at[i]];
	qsort_r(projection->values, its->group_count, width * sizeof *projection->values,
		compare_values, &width);
	for (size_t g = 0; g < its->group_count; g++)
		if (count == 0 || compare_values(projection->values + (count - 1) * width,
						 projection->values + g * width, &width) != 0)
			memmove(projection->values + count++ * width,
				projection->values + g * width, width * sizeof *projection->values);
	projection->count = count;
}

/* The columns that the names stand for, axis by axis, and what there is in them. */
static void project_axes(struct judging *judging, uint16_t *columns)
{
	const struct traits_frame *frame = judging->frame;

	for (size_t a = 0; a < frame->axis_count; a++) {
		struct projection *projection = &judging->projections[judging->projection_count];
		*projection = (struct projection){.its = &frame->axes[a]};
		for (size_t c = 0; c < frame->axes[a].column_count; c++)
			for (size_t n = 0; n < judging->name_count; n++) {
				uint16_t column = frame->axes[a].columns[c];
				if (judging->names[n].axis != a ||
				    judging->names[n].trait != frame->columns[column].trait)
					continue;
				projection->at[projection->width++] = c;
				columns[judging->column_count++] = column;
			}
		if (projection->width == 0)
			continue;
		project(projection);
		judging->projection_count++;
	}
	judging->columns = columns;
}

static void show(struct judging *judging)
{
	size_t at = 0;

	for (size_t p = 0; p < judging->projection_count; p++) {
		const struct projection *projection = &judging->projections[p];
		memcpy(judging->values + at,
		       projection->values + projection->now * projection->width,
		       projection->width * sizeof *projection->values);
		at += projection->width;
	}
}

static bool advance(struct judging *judging)
{
	for (size_t p = 0; p < judging->projection_count; p++) {
		if (++judging->projections[p].now < judging->projections[p].count)
			return true;
		judging->projections[p].now = 0;
	}
	return false;
}

/* False: more combinations are allowed than a rule may have rows. */
static bool judge_all(struct judging *judging, const struct constraint *constraint,
		      struct traits_numbers *rows)
{
	do {
		show(judging);
		if (constraint_judge_values(constraint, look_up, judging) == TRUTH_FALSE)
			continue;
		for (size_t i = 0; i < judging->column_count; i++)
			if (!vec_add(rows, judging->values[i]))
				return false;
	} while (advance(judging));
	return true;
}

static int add_constraint_rule(struct traits_frame *frame, size_t index, struct err *e)
{
	const struct constraint *constraint = frame->model.constraints[index];
	struct judging judging = {.frame = frame};
	uint64_t combinations = 1;
	bool fits = false;

	judging.names = constraint_names(constraint, &judging.name_count);
	if (judging.name_count == 0)
		return constraint_judge_values(constraint, look_up, &judging) == TRUTH_FALSE
			       ? err_set(e, BLAME_USER, EINVAL, "constraint '%s' allows nothing",
					 constraint_text(constraint))
			       : 0;
	if (judging.name_count <= COVER_RULE_COLUMNS_MAX) {
		project_axes(&judging, frame->rule_columns[index]);
		for (size_t p = 0; p < judging.projection_count && combinations <= PROJECTIONS_MAX;
		     p++)
			combinations *= judging.projections[p].count;
		frame->rule_rows[index].maximum = COVER_RULE_ROWS_MAX * judging.column_count;
		fits = combinations <= PROJECTIONS_MAX &&
		       judge_all(&judging, constraint, &frame->rule_rows[index]);
	}
	for (size_t p = 0; p < judging.projection_count; p++)
		free(judging.projections[p].values);
	if (!fits)
		return err_set(e, BLAME_USER, E2BIG,
			       "constraint '%s': too many combinations of what it names; traits "
			       "instead of items make them fewer",
			       constraint_text(constraint));
	if (frame->rule_rows[index].count == 0)
		return err_set(e, BLAME_USER, EINVAL, "constraint '%s' allows nothing",
			       constraint_text(constraint));
	frame->rules[frame->rule_count++] = (struct cover_rule){
		.name = constraint_text(constraint),
		.columns = frame->rule_columns[index],
		.column_count = judging.column_count,
		.rows = frame->rule_rows[index].items,
		.row_count = frame->rule_rows[index].count / judging.column_count};
	return 0;
}

/* ---- all of it ---- */

static bool is_weighted(const struct traits_frame *frame, size_t axis)
{
	for (size_t i = 0; i < item_count(frame, axis); i++)
		if (item_of(frame, axis, i)->weight != 1)
			return true;
	return false;
}

/* A value weighs what the items together do that have it. */
static void describe_column(struct traits_frame *frame, size_t c)
{
	const struct traits_column *column = &frame->columns[c];
	const struct traits_axis *its = &frame->axes[column->axis];
	size_t values = column->values.count, at = 0;

	frame->cover_columns[c].values = (uint16_t)values;
	if (!is_weighted(frame, column->axis))
		return;
	uint32_t *weights = xnew(values * sizeof *weights);
	while (its->columns[at] != c)
		at++;
	for (size_t i = 0; i < item_count(frame, column->axis); i++) {
		uint32_t *weight = &weights[its->vectors[i * its->column_count + at]];
		uint64_t sum = (uint64_t)*weight + item_of(frame, column->axis, i)->weight;
		*weight = sum < COVER_WEIGHT_MAX ? (uint32_t)sum : COVER_WEIGHT_MAX;
	}
	frame->cover_columns[c].weights = weights;
}

static int fill(struct traits_frame *frame, struct err *e)
{
	add_covered_columns(frame);
	add_columns_aside(frame);
	if (frame->column_count > COVER_COLUMNS_MAX)
		return err_set(e, BLAME_USER, E2BIG, "the axes have %zu traits; %u are the most",
			       frame->column_count, COVER_COLUMNS_MAX);
	for (size_t a = 0; a < frame->axis_count; a++) {
		const struct axis *axis = frame->model.axes->list.items[a];
		if (axis->items.count == 0)
			return err_set(e, BLAME_USER, EINVAL, "axis %s has no item", axis->name);
		int r = number_items(frame, a, e);
		if (r < 0)
			return r;
		group_items(frame, a);
		add_axis_rule(frame, a);
	}
	for (size_t i = 0; i < frame->model.constraint_count; i++) {
		int r = add_constraint_rule(frame, i, e);
		if (r < 0)
			return r;
	}
	frame->cover_columns = xnew(frame->column_count * sizeof *frame->cover_columns);
	for (size_t c = 0; c < frame->column_count; c++)
		describe_column(frame, c);
	return 0;
}

int traits_frame_new(const struct traits_model *model, struct traits_frame **ret, struct err *e)
{
	CLEANUP(traits_frame) struct traits_frame *frame = xnew(sizeof *frame);
	size_t constraints = model->constraint_count + 1;

	frame->model = *model;
	frame->axis_count = model->axes->list.count;
	if (frame->axis_count == 0)
		return err_set(e, BLAME_USER, EINVAL, "there is no axis to cover");
	frame->columns = xnew(frame->axis_count * (AXIS_TRAITS_MAX + 1) * sizeof *frame->columns);
	frame->rules = xnew((frame->axis_count + constraints) * sizeof *frame->rules);
	frame->rule_rows = xnew(constraints * sizeof *frame->rule_rows);
	frame->rule_columns = xnew(constraints * sizeof *frame->rule_columns);
	int r = fill(frame, e);
	if (r == 0)
		*ret = STEAL_PTR(frame);
	return r;
}

void traits_frame_free(struct traits_frame *frame)
{
	if (!frame)
		return;
	for (size_t c = 0; c < frame->column_count; c++)
		vec_done(&frame->columns[c].values);
	for (size_t c = 0; frame->cover_columns && c < frame->column_count; c++)
		free((uint32_t *)(uintptr_t)frame->cover_columns[c].weights);
	for (size_t a = 0; a < frame->axis_count; a++) {
		free(frame->axes[a].vectors);
		free(frame->axes[a].order);
		free(frame->axes[a].begin);
		free(frame->axes[a].groups);
	}
	for (size_t i = 0; frame->rule_rows && i < frame->model.constraint_count; i++)
		vec_done(&frame->rule_rows[i]);
	free(frame->columns);
	free(frame->rules);
	free(frame->rule_rows);
	free(frame->rule_columns);
	free(frame->cover_columns);
	free(frame);
}

void traits_frame_put(const struct traits_frame *frame, size_t axis, uint32_t item, uint16_t *row)
{
	const struct traits_axis *its = &frame->axes[axis];

	for (size_t c = 0; c < its->column_count; c++)
		row[its->columns[c]] = its->vectors[item * its->column_count + c];
}

size_t traits_frame_group(const struct traits_frame *frame, size_t axis, const uint16_t *row)
{
	const struct traits_axis *its = &frame->axes[axis];
	size_t low = 0, high = its->group_count;

	for (;;) {
		assert(low < high); /* else it is a row of no item */
		size_t middle = low + (high - low) / 2, c = 0;
		const uint16_t *values = its->groups + middle * its->column_count;
		while (c < its->column_count && values[c] == row[its->columns[c]])
			c++;
		if (c == its->column_count)
			return middle;
		if (values[c] < row[its->columns[c]])
			low = middle + 1;
		else
			high = middle;
	}
}
