/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations of all modes but the covering ones. */
#include "host/plan/combine.h"

#include <string.h>

#include "base/text.h"
#include "host/plan/combine_cover.h"
#include "host/plan/combine_search.h"

struct making {
	const struct combine_request *request;
	struct combine *combine;
	struct combine_slip *slip;
	struct err *e;
	struct combine_origin origin; /* of what is found now */
};

/* ---- what is found ---- */

static bool has_combination(const struct combine *combine, const uint32_t *items)
{
	for (size_t i = 0; i < combine->count; i++)
		if (memcmp(combine_items(combine, i), items, combine->axis_count * sizeof *items) ==
		    0)
			return true;
	return false;
}

static int add_found(struct making *making, const uint32_t *items)
{
	struct combine *combine = making->combine;

	if (combine->count == COMBINE_COUNT_MAX)
		return -E2BIG;
	for (size_t i = 0; i < combine->axis_count; i++)
		(void)vec_add(&combine->items, items[i]);
	(void)vec_add(&combine->origins, making->origin);
	combine->count++;
	return 0;
}

/* Of what must be there and is found again nothing is to be said. */
static int on_found(void *arg, const uint32_t *items)
{
	struct making *making = arg;
	const struct combine *combine = making->combine;

	for (size_t i = 0; i < combine->count && combine->origins.items[i].why == COMBINE_WHY_MUST;
	     i++)
		if (memcmp(combine_items(combine, i), items, combine->axis_count * sizeof *items) ==
		    0)
			return 0;
	return add_found(making, items);
}

/* A row may be given twice. */
static int on_found_row(void *arg, const uint32_t *items)
{
	struct making *making = arg;

	if (!has_combination(making->combine, items))
		return add_found(making, items);
	making->combine->doubled++;
	return 0;
}

static void on_excluded(void *arg, size_t constraint, const uint32_t *items, uint64_t count)
{
	struct making *making = arg;
	struct combine *combine = making->combine;

	if (__builtin_add_overflow(combine->excluded[constraint], count,
				   &combine->excluded[constraint]))
		combine->excluded[constraint] = UINT64_MAX;
	if (!vec_add(&combine->told, (struct combine_excluded){constraint}))
		return;
	for (size_t i = 0; i < combine->axis_count; i++)
		(void)vec_add(&combine->told_items, items[i]);
}

/* ---- the modes ---- */

static int refuse(struct making *making, enum combine_about about, size_t index)
{
	*making->slip = (struct combine_slip){about, index};
	return -making->e->code;
}

static int refuse_number(struct making *making, int r)
{
	uint64_t all = search_count(making->request);

	if (r != -E2BIG)
		return r;
	(void)err_set(
		making->e, BLAME_USER, E2BIG,
		"more than %d cells (%llu%s without constraints), and a plan holds no more: cover "
		"pairs of values with `ways: 2`, or constrain it",
		COMBINE_COUNT_MAX, (unsigned long long)all, all == UINT64_MAX ? " and more" : "");
	return refuse(making, COMBINE_ABOUT_ALL, 0);
}

static void fill_any(const struct making *making, uint32_t *items)
{
	for (size_t i = 0; i < making->combine->axis_count; i++)
		items[i] = COMBINE_ANY;
}

static int make_all(struct making *making)
{
	uint32_t fixed[AXES_MAX];
	struct search search = {.request = making->request,
				.fixed = fixed,
				.tries_max = COMBINE_TRIED_MAX,
				.on_found = on_found,
				.on_excluded = on_excluded,
				.arg = making};

	fill_any(making, fixed);
	return refuse_number(making, search_run(&search));
}

static int make_row(struct making *making, const uint32_t *fixed)
{
	struct search search = {.request = making->request,
				.fixed = fixed,
				.tries_max = COMBINE_TRIED_MAX,
				.on_found = on_found_row,
				.on_excluded = on_excluded,
				.arg = making};

	return refuse_number(making, search_run(&search));
}

static int make_rows(struct making *making)
{
	const struct combine_rows *rows = &making->request->rows;
	int r = 0;

	for (size_t i = 0; i < rows->count && r == 0; i++) {
		making->origin.row = i;
		r = make_row(making, rows->items + i * making->combine->axis_count);
	}
	return r;
}

/* The axis whose length all others must have that have more than one item; NULL: none has. */
static const struct axis *zip_pattern(const struct axes *axes)
{
	vec_each (&axes->list, axis)
		if ((*axis)->items.count > 1)
			return *axis;
	return NULL;
}

static int make_zip(struct making *making)
{
	const struct axes *axes = making->request->axes;
	const struct axis *pattern = zip_pattern(axes);
	uint32_t fixed[AXES_MAX];
	int r = 0;

	vec_each (&axes->list, axis) {
		if (!pattern || (*axis)->items.count == 1 ||
		    (*axis)->items.count == pattern->items.count)
			continue;
		(void)err_set(
			making->e, BLAME_USER, EINVAL,
			"zip puts the first of each axis together, the second of each and so on: "
			"'%s' has %zu values and '%s' has %zu",
			pattern->name, pattern->items.count, (*axis)->name, (*axis)->items.count);
		return refuse(making, COMBINE_ABOUT_ALL, 0);
	}
	for (uint32_t row = 0; r == 0 && row < (pattern ? pattern->items.count : 1); row++) {
		making->origin.row = row;
		for (size_t i = 0; i < axes->list.count; i++)
			fixed[i] = axes->list.items[i]->items.count > 1 ? row : 0;
		r = make_row(making, fixed);
	}
	return r;
}

/* ---- what must be there ---- */

struct completing {
	struct making *making;
	uint32_t *found;
	size_t constraint; /* the last one that stood in the way */
};

static int on_completed(void *arg, const uint32_t *items)
{
	struct completing *completing = arg;

	memcpy(completing->found, items, completing->making->combine->axis_count * sizeof *items);
	return 1;
}

static void on_in_the_way(void *arg, size_t constraint, const uint32_t *items UNUSED,
			  uint64_t count UNUSED)
{
	((struct completing *)arg)->constraint = constraint;
}

/* Fills in what a row does not say, heavier items first. */
static int complete_row(struct making *making, size_t index, uint32_t *found)
{
	const struct combine_request *request = making->request;
	struct completing completing = {making, found, request->constraint_count};
	const struct search search = {.request = request,
				      .fixed = request->must.items +
					       index * making->combine->axis_count,
				      .by_weight = true,
				      .tries_max = COMBINE_TRIED_MAX,
				      .on_found = on_completed,
				      .on_excluded = on_in_the_way,
				      .arg = &completing};
	int r = search_run(&search);

	if (r > 0)
		return 0;
	if (r < 0)
		(void)err_set(making->e, BLAME_USER, E2BIG,
			      "too many combinations had to be looked at: say more of its values");
	else
		(void)err_set(
			making->e, BLAME_USER, EINVAL,
			"no combination with these values satisfies the constraints; `%.200s` is in "
			"the way",
			constraint_text(request->constraints[completing.constraint]));
	return refuse(making, COMBINE_ABOUT_MUST, index);
}

static int make_must(struct making *making)
{
	uint32_t found[AXES_MAX];
	int r = 0;

	for (size_t i = 0; i < making->request->must.count && r == 0; i++) {
		making->origin = (struct combine_origin){COMBINE_WHY_MUST, i};
		r = complete_row(making, i, found);
		/* Covering fills in by itself, so that the row is worth more. */
		if (r == 0 && making->request->mode != COMBINE_WAYS)
			r = refuse_number(making, on_found_row(making, found));
	}
	return r;
}

static bool is_row_of(const uint32_t *row, const uint32_t *items, size_t axes)
{
	for (size_t a = 0; a < axes; a++)
		if (row[a] != COMBINE_ANY && row[a] != items[a])
			return false;
	return true;
}

/* A row that has to be there is, when a former combination that counts has its values. */
static bool is_met_before(const struct combine_request *request, const uint32_t *row)
{
	size_t axes = request->axes->list.count;

	for (size_t i = 0; request->is_increment && i < request->former.count; i++) {
		const uint32_t *items = request->former.items + i * axes;
		if (!combine_has_changed(request, items) && is_row_of(row, items, axes))
			return true;
	}
	return false;
}

static int make_covering(struct making *making)
{
	struct combine_request request = *making->request;
	size_t axes = making->combine->axis_count;
	CLEAN_FREE uint32_t *must = xnew((request.must.count * axes + 1) * sizeof *must);
	size_t count = 0;

	for (size_t i = 0; i < request.must.count; i++) {
		const uint32_t *row = request.must.items + i * axes;
		if (!is_met_before(&request, row))
			memcpy(must + count++ * axes, row, axes * sizeof *row);
	}
	request.must = (struct combine_rows){must, count};
	int r = combine_cover(&request, making->combine, making->e);
	return r < 0 ? refuse(making, COMBINE_ABOUT_ALL, 0) : 0;
}

/* ---- increments ---- */

bool combine_has_changed(const struct combine_request *request, const uint32_t *items)
{
	for (size_t i = 0; i < request->changed_count; i++)
		if (items[request->changed[i].axis] == request->changed[i].item)
			return true;
	return false;
}

static bool is_former(const struct combine_request *request, const uint32_t *items)
{
	size_t axes = request->axes->list.count;

	for (size_t i = 0; i < request->former.count; i++)
		if (memcmp(request->former.items + i * axes, items, axes * sizeof *items) == 0)
			return true;
	return false;
}

/* What was run before and holds nothing that has changed still stands. */
static void leave_former(const struct combine_request *request, struct combine *combine)
{
	size_t axes = combine->axis_count, left = 0;

	for (size_t i = 0; i < combine->count; i++) {
		uint32_t *items = combine->items.items + i * axes;
		bool has_changed = combine_has_changed(request, items);
		if (!has_changed && is_former(request, items)) {
			combine->kept++;
			continue;
		}
		memmove(combine->items.items + left * axes, items, axes * sizeof *items);
		combine->origins.items[left] = combine->origins.items[i];
		if (has_changed && combine->origins.items[left].why == COMBINE_WHY_MODE)
			combine->origins.items[left].why = COMBINE_WHY_CHANGED;
		left++;
	}
	combine->count = combine->origins.count = left;
	combine->items.count = left * axes;
}

/* ---- all of it ---- */

static void count_undecided(const struct combine_request *request, struct combine *combine)
{
	const struct axis_item *items[AXES_MAX];

	for (size_t i = 0; i < combine->count; i++) {
		for (size_t a = 0; a < combine->axis_count; a++)
			items[a] = request->axes->list.items[a]
					   ->items.items[combine_items(combine, i)[a]];
		for (size_t c = 0; c < request->constraint_count; c++)
			combine->undecided[c] +=
				constraint_judge(request->constraints[c], items) == TRUTH_UNKNOWN;
	}
}

static struct combine *combine_new(const struct combine_request *request)
{
	struct combine *combine = xnew(sizeof *combine);
	size_t axis_count = request->axes->list.count;

	*combine = (struct combine){
		.axes = request->axes,
		.axis_count = axis_count,
		.constraint_count = request->constraint_count,
		.items = VEC_INIT(COMBINE_COUNT_MAX * AXES_MAX),
		.origins = VEC_INIT(COMBINE_COUNT_MAX),
		.told = VEC_INIT(COMBINE_TOLD_MAX),
		.told_items = VEC_INIT(COMBINE_TOLD_MAX * AXES_MAX),
		.excluded = xnew((request->constraint_count + 1) * sizeof(uint64_t)),
		.undecided = xnew((request->constraint_count + 1) * sizeof(uint64_t)),
	};
	return combine;
}

static int make_mode(struct making *making)
{
	making->origin = (struct combine_origin){COMBINE_WHY_MODE, 0};
	switch (making->request->mode) {
	case COMBINE_ALL:
		return make_all(making);
	case COMBINE_ZIP:
		return make_zip(making);
	case COMBINE_ROWS:
		return make_rows(making);
	case COMBINE_WAYS:
		return make_covering(making);
	}
	return 0;
}

static int check_items(struct making *making)
{
	vec_each (&making->request->axes->list, axis) {
		if ((*axis)->items.count > 0)
			continue;
		(void)err_set(making->e, BLAME_USER, EINVAL, "the axis '%s' has no values",
			      (*axis)->name);
		return refuse(making, COMBINE_ABOUT_ALL, 0);
	}
	return 0;
}

int combine_make(const struct combine_request *request, struct combine **ret,
		 struct combine_slip *ret_slip, struct err *e)
{
	CLEANUP(combine) struct combine *combine = combine_new(request);
	struct making making = {request, combine, ret_slip, e, {0}};

	*ret_slip = (struct combine_slip){0};
	int r = check_items(&making);
	if (r == 0)
		r = make_must(&making);
	if (r == 0)
		r = make_mode(&making);
	if (r < 0)
		return r;
	if (request->is_increment && request->mode != COMBINE_WAYS)
		leave_former(request, combine);
	count_undecided(request, combine);
	*ret = STEAL_PTR(combine);
	return 0;
}

void combine_free(struct combine *combine)
{
	if (!combine)
		return;
	vec_done(&combine->items);
	vec_done(&combine->origins);
	vec_done(&combine->told);
	vec_done(&combine->told_items);
	free(combine->excluded);
	free(combine->undecided);
	free(combine);
}

/* ---- telling ---- */

void combine_describe(const struct axes *axes, const uint32_t *items, bool all, struct text *out)
{
	bool is_first = true;

	for (size_t i = 0; i < axes->list.count; i++) {
		const struct axis *axis = axes->list.items[i];
		if (items[i] == COMBINE_ANY || (!all && axis->items.count == 1))
			continue;
		(void)text_addf(out, "%s%s=%s", is_first ? "" : " ", axis->name,
				axis->items.items[items[i]]->name.text);
		is_first = false;
	}
}

void combine_unused(const struct combine *combine, combine_unused_fn *on_unused, void *arg)
{
	for (size_t a = 0; a < combine->axis_count; a++) {
		size_t count = combine->axes->list.items[a]->items.count;
		CLEAN_FREE bool *used = xnew((count + 1) * sizeof *used);
		for (size_t i = 0; i < combine->count; i++)
			used[combine_items(combine, i)[a]] = true;
		for (size_t i = 0; i < count; i++)
			if (!used[i])
				on_unused(arg, a, i);
	}
}
