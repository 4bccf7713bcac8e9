/* SPDX-License-Identifier: Apache-2.0 */
/* From items to their traits, from there to rows, and back to items. */
#include "host/plan/traits.h"

#include <string.h>

#include "host/plan/traits_frame.h"

static int check_item(const struct axes *axes, const char *what, size_t number, size_t axis,
		      uint32_t item, struct err *e)
{
	if (axis < axes->list.count && item < axes->list.items[axis]->items.count)
		return 0;
	return err_set(e, BLAME_USER, EINVAL, "%s %zu: axis %zu has no item %u", what, number, axis,
		       item);
}

static int check_model(const struct traits_model *model, struct err *e)
{
	const struct axes *axes = model->axes;
	size_t count = axes->list.count;
	int r = 0;

	if (model->must_count > COVER_ROWS_MAX || model->former_count > COVER_ROWS_MAX ||
	    model->changed_count > COVER_ROWS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "more than %u cells to start from, or items that have changed",
			       COVER_ROWS_MAX);
	for (size_t i = 0; i < model->must_count * count && r == 0; i++)
		if (model->must[i] != TRAITS_ANY)
			r = check_item(axes, "must cell", i / count, i % count, model->must[i], e);
	for (size_t i = 0; i < model->former_count * count && r == 0; i++)
		r = check_item(axes, "former cell", i / count, i % count, model->former[i], e);
	for (size_t i = 0; i < model->changed_count && r == 0; i++)
		r = check_item(axes, "change", i, model->changed[i].axis, model->changed[i].item,
			       e);
	return r;
}

/* ---- what a former plan leaves to do ---- */

static bool is_changed(const struct traits_model *model, size_t axis, uint32_t item)
{
	for (size_t i = 0; i < model->changed_count; i++)
		if (model->changed[i].axis == axis && model->changed[i].item == item)
			return true;
	return false;
}

static bool is_allowed(const struct traits_model *model, const uint32_t *cell)
{
	const struct axis_item *items[AXES_MAX] = {0};

	for (size_t a = 0; a < model->axes->list.count; a++)
		items[a] = model->axes->list.items[a]->items.items[cell[a]];
	for (size_t i = 0; i < model->constraint_count; i++)
		if (constraint_judge(model->constraints[i], items) == TRUTH_FALSE)
			return false;
	return true;
}

static bool counts(const struct traits_model *model, const uint32_t *cell)
{
	for (size_t a = 0; a < model->axes->list.count; a++)
		if (is_changed(model, a, cell[a]))
			return false;
	return is_allowed(model, cell);
}

static void put_cell(const struct traits_frame *frame, const uint32_t *cell, uint16_t *row)
{
	for (size_t c = 0; c < frame->column_count; c++)
		row[c] = COVER_ANY;
	for (size_t a = 0; a < frame->axis_count; a++)
		if (cell[a] != TRAITS_ANY)
			traits_frame_put(frame, a, cell[a], row);
}

static void keep_former(struct traits *traits)
{
	const struct traits_frame *frame = traits->frame;
	const struct traits_model *model = &frame->model;

	traits->covered =
		xnew((model->former_count + 1) * frame->column_count * sizeof *traits->covered);
	for (size_t i = 0; i < model->former_count; i++) {
		const uint32_t *cell = model->former + i * frame->axis_count;
		if (counts(model, cell))
			put_cell(frame, cell,
				 traits->covered + traits->former_kept++ * frame->column_count);
	}
}

/* ---- what has to be there ---- */

static struct cover_model cover_model_of(const struct traits *traits)
{
	const struct traits_frame *frame = traits->frame;

	return (struct cover_model){.ways = frame->model.ways,
				    .columns = frame->cover_columns,
				    .column_count = frame->column_count,
				    .rules = frame->rules,
				    .rule_count = frame->rule_count,
				    .must = traits->must,
				    .must_count = traits->must_count,
				    .aside_count = frame->aside_count,
				    .covered = traits->covered,
				    .covered_count = traits->former_kept};
}

static void add_must(struct traits *traits, const uint32_t *cell)
{
	const struct traits_frame *frame = traits->frame;
	size_t at = traits->must_count++;

	memcpy(traits->must_cells + at * frame->axis_count, cell, frame->axis_count * sizeof *cell);
	put_cell(frame, cell, traits->must + at * frame->column_count);
}

static void list_must(struct traits *traits)
{
	const struct traits_model *model = &traits->frame->model;
	size_t axes = traits->frame->axis_count, columns = traits->frame->column_count;
	size_t most = model->must_count + model->changed_count + 1;

	traits->must = xnew(most * columns * sizeof *traits->must);
	traits->must_cells = xnew(most * axes * sizeof *traits->must_cells);
	for (size_t i = 0; i < model->must_count; i++)
		add_must(traits, model->must + i * axes);
	for (size_t i = 0; i < model->changed_count; i++) {
		uint32_t cell[AXES_MAX];
		for (size_t a = 0; a < axes; a++)
			cell[a] = TRAITS_ANY;
		cell[model->changed[i].axis] = model->changed[i].item;
		add_must(traits, cell);
	}
}

/* A cell that was asked for has to be possible; a changed item need not be in any. */
static int drop_impossible(struct traits *traits, struct err *e)
{
	size_t axes = traits->frame->axis_count, columns = traits->frame->column_count;
	size_t count = traits->must_count, asked = traits->frame->model.must_count;
	CLEAN_FREE bool *possible = xnew(count + 1);
	struct cover_model model = cover_model_of(traits);

	model.must_count = 0;
	int r = count > 0 ? cover_possible(&model, traits->must, count, possible, e) : 0;
	if (r < 0)
		return r;
	traits->must_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t at = traits->must_count;
		if (!possible[i] && i < asked)
			return err_set(e, BLAME_USER, EINVAL,
				       "must cell %zu: the constraints allow no such cell", i);
		if (!possible[i])
			continue;
		memmove(traits->must + at * columns, traits->must + i * columns,
			columns * sizeof *traits->must);
		memmove(traits->must_cells + at * axes, traits->must_cells + i * axes,
			axes * sizeof *traits->must_cells);
		traits->must_count++;
	}
	traits->changed_left_out = count - traits->must_count;
	return 0;
}

/* ---- back to items ---- */

/* Of a group the item that has least of what its weight promises it, counting this use. */
static uint32_t choose_item(const struct traits_frame *frame, size_t axis, size_t group,
			    uint32_t *uses)
{
	const struct traits_axis *its = &frame->axes[axis];
	const struct axis_items *items = &frame->model.axes->list.items[axis]->items;
	uint32_t best = its->order[its->begin[group]];

	for (uint32_t i = its->begin[group] + 1; i < its->begin[group + 1]; i++) {
		uint32_t item = its->order[i];
		if ((uint64_t)(uses[item] + 1) * items->items[best]->weight <
		    (uint64_t)(uses[best] + 1) * items->items[item]->weight)
			best = item;
	}
	return best;
}

static enum traits_cause cause_of(const struct traits *traits, size_t cell)
{
	if (cell < traits->frame->model.must_count)
		return TRAITS_MUST;
	return cell < traits->must_count ? TRAITS_CHANGED : TRAITS_SHOWS;
}

static void make_cells(struct traits *traits)
{
	const struct traits_frame *frame = traits->frame;
	size_t axes = frame->axis_count;

	traits->axis_count = axes;
	traits->cell_count = traits->cover->row_count;
	traits->cells = xnew((traits->cell_count * axes + 1) * sizeof *traits->cells);
	traits->causes = xnew((traits->cell_count + 1) * sizeof *traits->causes);
	for (size_t c = 0; c < traits->cell_count; c++)
		traits->causes[c] = cause_of(traits, c);
	for (size_t a = 0; a < axes; a++) {
		size_t items = frame->model.axes->list.items[a]->items.count;
		CLEAN_FREE uint32_t *uses = xnew(items * sizeof *uses);
		for (size_t c = 0; c < traits->cell_count; c++) {
			uint32_t item = TRAITS_ANY;
			if (c < traits->must_count)
				item = traits->must_cells[c * axes + a];
			if (item == TRAITS_ANY) {
				const uint16_t *row = cover_row(traits->cover, c);
				item = choose_item(frame, a, traits_frame_group(frame, a, row),
						   uses);
			}
			uses[item]++;
			traits->cells[c * axes + a] = item;
		}
	}
}

/* ---- all of it ---- */

int traits_plan(const struct traits_model *model, const struct cover_options *options,
		struct traits **ret, struct err *e)
{
	CLEANUP(traits) struct traits *traits = xnew(sizeof *traits);
	int r = check_model(model, e);

	if (r == 0)
		r = traits_frame_new(model, &traits->frame, e);
	if (r < 0)
		return r;
	keep_former(traits);
	list_must(traits);
	r = drop_impossible(traits, e);
	if (r < 0)
		return r;
	struct cover_model cover_model = cover_model_of(traits);
	r = cover_find(&cover_model, options, &traits->cover, e);
	if (r < 0)
		return r;
	traits->wanted = traits->cover->wanted;
	traits->impossible = traits->cover->impossible;
	traits->given = traits->cover->given;
	traits->lower_bound = traits->cover->lower_bound;
	traits->cut_short = traits->cover->cut_short;
	make_cells(traits);
	*ret = STEAL_PTR(traits);
	return 0;
}

void traits_free(struct traits *traits)
{
	if (!traits)
		return;
	traits_frame_free(traits->frame);
	cover_free(traits->cover);
	free(traits->must);
	free(traits->must_cells);
	free(traits->covered);
	free(traits->cells);
	free(traits->causes);
	free(traits);
}

struct telling {
	const struct traits *traits;
	traits_first *first;
	void *arg;
};

static void tell_first(void *arg, size_t row, const uint16_t *columns, const uint16_t *values,
		       unsigned ways)
{
	const struct telling *telling = arg;
	struct traits_tuple tuple = {telling->traits->frame, ways, columns, values};

	telling->first(telling->arg, row, &tuple);
}

int traits_explain(const struct traits *traits, traits_first *first, void *arg, struct err *e)
{
	struct telling telling = {traits, first, arg};
	struct cover_model model = cover_model_of(traits);

	return cover_explain(&model, traits->cover, tell_first, &telling, e);
}

void traits_tuple_text(const struct traits_tuple *tuple, struct text *text)
{
	for (unsigned i = 0; i < tuple->ways; i++) {
		const struct traits_column *column = &tuple->frame->columns[tuple->columns[i]];
		const struct axis *axis = tuple->frame->model.axes->list.items[column->axis];
		const struct value *value = column->values.items[tuple->values[i]];
		text_addf(text, "%s%s", i > 0 ? ", " : "", axis->name);
		if (column->trait >= 0)
			text_addf(text, ".%s", axis->traits.items[column->trait]);
		if (value)
			text_addf(text, "=%s", value->text);
		else
			text_adds(text, " unknown");
	}
}
