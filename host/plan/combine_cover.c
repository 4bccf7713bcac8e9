/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations by a covering array. */
#include "host/plan/combine_cover.h"

#include <string.h>

#include "host/plan/cover.h"
#include "host/plan/traits.h"

/* A constraint as a rule of its axes. */
struct predicate {
	const struct axes *axes;
	const struct constraint *constraint;
	uint16_t columns[AXES_MAX]; /* the axes that it looks at */
	size_t column_count;
};

/* What the array is asked for, and all that this consists of. */
struct asking {
	const struct combine_request *request;
	struct cover_column columns[AXES_MAX];
	uint32_t *weights[AXES_MAX];
	struct cover_rule *rules;
	struct predicate *predicates; /* of the rules, which borrow their columns */
	size_t rule_count;
	uint16_t *must, *covered;
	size_t covered_count;
};

static void asking_done(struct asking *asking)
{
	for (size_t i = 0; i < asking->rule_count; i++)
		free((void *)(uintptr_t)asking->rules[i]
			     .rows); /* ours, though const for all others */
	for (size_t i = 0; i < AXES_MAX; i++)
		free(asking->weights[i]);
	free(asking->rules);
	free(asking->predicates);
	free(asking->must);
	free(asking->covered);
}
DEFINE_CLEAN_DONE(asking);

static void add_columns(struct asking *asking)
{
	const struct axes *axes = asking->request->axes;

	for (size_t a = 0; a < axes->list.count; a++) {
		const struct axis *axis = axes->list.items[a];
		asking->weights[a] = xnew((axis->items.count + 1) * sizeof(uint32_t));
		for (size_t i = 0; i < axis->items.count; i++)
			asking->weights[a][i] = axis->items.items[i]->weight;
		/* AXIS_ITEMS_MAX is less than 16 bits hold. */
		asking->columns[a] = (struct cover_column){.values = (uint16_t)axis->items.count,
							   .weights = asking->weights[a]};
	}
}

/* ---- constraints as rules ---- */

static bool holds(const uint16_t *values, const void *context)
{
	const struct predicate *predicate = context;
	const struct axis_item *items[AXES_MAX] = {NULL};

	for (size_t i = 0; i < predicate->column_count; i++) {
		uint16_t axis = predicate->columns[i];
		items[axis] = predicate->axes->list.items[axis]->items.items[values[i]];
	}
	return constraint_judge(predicate->constraint, items) != TRUTH_FALSE;
}

static int add_rule(struct asking *asking, const struct constraint *constraint, struct err *e)
{
	struct predicate *predicate = &asking->predicates[asking->rule_count];
	size_t count;
	const struct constraint_name *names = constraint_names(constraint, &count);

	*predicate = (struct predicate){asking->request->axes, constraint, {0}, 0};
	for (size_t i = 0; i < count; i++)
		if (i == 0 || names[i].axis != names[i - 1].axis)
			predicate->columns[predicate->column_count++] = (uint16_t)names[i].axis;
	int r = cover_rule_of(asking->columns, constraint_text(constraint), predicate->columns,
			      predicate->column_count, holds, predicate,
			      &asking->rules[asking->rule_count], e);
	if (r < 0)
		return r;
	asking->rule_count++;
	return 0;
}

static int add_rules(struct asking *asking, struct err *e)
{
	const struct combine_request *request = asking->request;
	int r = 0;

	asking->rules = xnew((request->constraint_count + 1) * sizeof *asking->rules);
	asking->predicates = xnew((request->constraint_count + 1) * sizeof *asking->predicates);
	for (size_t i = 0; i < request->constraint_count && r == 0; i++)
		r = add_rule(asking, request->constraints[i], e);
	return r;
}

static void add_must(struct asking *asking)
{
	const struct combine_rows *must = &asking->request->must;
	size_t count = must->count * asking->request->axes->list.count;

	asking->must = xnew((count + 1) * sizeof *asking->must);
	for (size_t i = 0; i < count; i++)
		asking->must[i] =
			must->items[i] == COMBINE_ANY ? COVER_ANY : (uint16_t)must->items[i];
}

static bool is_allowed(const struct combine_request *request, const uint32_t *row)
{
	const struct axis_item *items[AXES_MAX];

	for (size_t a = 0; a < request->axes->list.count; a++)
		items[a] = request->axes->list.items[a]->items.items[row[a]];
	for (size_t i = 0; i < request->constraint_count; i++)
		if (constraint_judge(request->constraints[i], items) == TRUTH_FALSE)
			return false;
	return true;
}

/* Of an increment the former rows that count. */
static void add_covered(struct asking *asking)
{
	const struct combine_request *request = asking->request;
	size_t axes = request->axes->list.count;

	asking->covered = xnew((request->former.count * axes + 1) * sizeof *asking->covered);
	for (size_t i = 0; request->is_increment && i < request->former.count; i++) {
		const uint32_t *row = request->former.items + i * axes;
		if (combine_has_changed(request, row) || !is_allowed(request, row))
			continue;
		for (size_t a = 0; a < axes; a++)
			asking->covered[asking->covered_count * axes + a] = (uint16_t)row[a];
		asking->covered_count++;
	}
}

/* ---- the rows ---- */

static struct cover_options options_of(const struct combine_request *request)
{
	return (struct cover_options){
		.seed = request->seed, .effort = request->effort, .patience = request->patience};
}

static int refuse_count(size_t count, struct err *e)
{
	return err_set(e, BLAME_USER, E2BIG,
		       "%zu cells, and a plan holds no more than %d: ask for fewer `ways`, or "
		       "constrain it",
		       count, COMBINE_COUNT_MAX);
}

static int take_rows(const struct combine_request *request, const struct cover *cover,
		     struct combine *into, struct err *e)
{
	if (cover->row_count > COMBINE_COUNT_MAX)
		return refuse_count(cover->row_count, e);
	for (size_t i = 0; i < cover->row_count; i++) {
		uint32_t items[AXES_MAX];
		for (size_t a = 0; a < into->axis_count; a++) {
			items[a] = cover_row(cover, i)[a];
			(void)vec_add(&into->items, items[a]);
		}
		const struct combine_origin must = {COMBINE_WHY_MUST, i};
		const struct combine_origin mode = {combine_has_changed(request, items)
							    ? COMBINE_WHY_CHANGED
							    : COMBINE_WHY_MODE,
						    0};
		(void)vec_add(&into->origins, i < request->must.count ? must : mode);
	}
	into->count = cover->row_count;
	into->wanted = cover->wanted;
	into->impossible = cover->impossible;
	into->lower_bound = cover->lower_bound;
	return 0;
}

static int cover_items(const struct combine_request *request, struct combine *into, struct err *e)
{
	CLEAN_DONE(asking) struct asking asking = {.request = request};
	CLEANUP(cover) struct cover *cover = NULL;

	add_columns(&asking);
	int r = add_rules(&asking, e);
	if (r < 0)
		return r;
	add_must(&asking);
	add_covered(&asking);
	const struct cover_model model = {.ways = request->ways,
					  .columns = asking.columns,
					  .column_count = request->axes->list.count,
					  .rules = asking.rules,
					  .rule_count = asking.rule_count,
					  .must = asking.must,
					  .must_count = request->must.count,
					  .covered = asking.covered,
					  .covered_count = asking.covered_count};
	const struct cover_options options = options_of(request);
	into->kept = asking.covered_count;
	r = cover_find(&model, &options, &cover, e);
	return r < 0 ? r : take_rows(request, cover, into, e);
}

/* ---- over traits ---- */

/* Those that must be there keep their order, and stand first. */
static void take_cells(const struct combine_request *request, const struct traits *traits,
		       bool of_must, struct combine *into)
{
	size_t must = 0;

	for (size_t i = 0; i < traits->cell_count; i++) {
		bool is_must = traits->causes[i] == TRAITS_MUST;
		if (is_must != of_must)
			continue;
		bool has_changed = combine_has_changed(request, traits_cell(traits, i));
		const struct combine_origin origin = {is_must	    ? COMBINE_WHY_MUST
						      : has_changed ? COMBINE_WHY_CHANGED
								    : COMBINE_WHY_MODE,
						      is_must ? must++ : 0};
		for (size_t a = 0; a < into->axis_count; a++)
			(void)vec_add(&into->items, traits_cell(traits, i)[a]);
		(void)vec_add(&into->origins, origin);
		into->count++;
	}
}

static int cover_traits(const struct combine_request *request, struct combine *into, struct err *e)
{
	CLEANUP(traits) struct traits *traits = NULL;
	const struct cover_options options = options_of(request);
	const struct traits_model model = {
		.axes = request->axes,
		.constraints = (const struct constraint *const *)request->constraints,
		.constraint_count = request->constraint_count,
		.ways = request->ways,
		.is_wanted = request->is_wanted,
		.context = request->context,
		.must = request->must.items,
		.must_count = request->must.count,
		.former = request->former.items,
		.former_count = request->is_increment ? request->former.count : 0,
		.changed = request->changed,
		.changed_count = request->changed_count,
	};
	int r = traits_plan(&model, &options, &traits, e);

	if (r < 0)
		return r;
	if (traits->cell_count > COMBINE_COUNT_MAX)
		return refuse_count(traits->cell_count, e);
	take_cells(request, traits, true, into);
	take_cells(request, traits, false, into);
	into->kept = traits->former_kept;
	into->wanted = traits->wanted;
	into->impossible = traits->impossible;
	into->lower_bound = traits->lower_bound;
	return 0;
}

int combine_cover(const struct combine_request *request, struct combine *into, struct err *e)
{
	return request->over_traits ? cover_traits(request, into, e)
				    : cover_items(request, into, e);
}
