/* SPDX-License-Identifier: Apache-2.0 */
/* Depth first, axis by axis; a constraint is judged as soon as all that it looks at is chosen. */
#include "host/plan/combine_search.h"

#include <string.h>

#include "base/text.h"

struct walk {
	const struct search *search;
	size_t axis_count;
	size_t *last;	  /* by constraint: the last axis that it looks at; the axis count: none */
	uint32_t **order; /* by axis: its items in the order in which they are tried */
	uint32_t *chosen;
	const struct axis_item **items;
	uint64_t *below; /* by axis: how many combinations there are of those behind it */
	uint64_t tries;
};

static uint64_t multiply(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

uint64_t search_count(const struct combine_request *request)
{
	uint64_t count = 1;

	vec_each (&request->axes->list, axis)
		count = multiply(count, (*axis)->items.count);
	return count;
}

static int compare_weights(const void *a, const void *b, void *arg)
{
	const struct axis *axis = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	unsigned x_weight = axis->items.items[x]->weight, y_weight = axis->items.items[y]->weight;

	if (x_weight != y_weight)
		return x_weight > y_weight ? -1 : 1;
	return x < y ? -1 : x > y;
}

static uint32_t *order_of(const struct search *search, size_t index)
{
	struct axis *axis = search->request->axes->list.items[index];
	uint32_t *order = xnew((axis->items.count + 1) * sizeof *order);

	for (size_t i = 0; i < axis->items.count; i++)
		order[i] = (uint32_t)i;
	if (search->by_weight && axis->items.count > 0)
		qsort_r(order, axis->items.count, sizeof *order, compare_weights, axis);
	return order;
}

static size_t last_axis(const struct constraint *constraint, size_t axis_count)
{
	size_t count;
	const struct constraint_name *names = constraint_names(constraint, &count);

	return count > 0 ? names[count - 1].axis : axis_count;
}

static void walk_begin(struct walk *walk, const struct search *search)
{
	const struct combine_request *request = search->request;
	size_t count = request->axes->list.count;

	*walk = (struct walk){.search = search, .axis_count = count};
	walk->last = xnew((request->constraint_count + 1) * sizeof *walk->last);
	walk->order = xnew((count + 1) * sizeof *walk->order);
	walk->chosen = xnew((count + 1) * sizeof *walk->chosen);
	walk->items = xnew((count + 1) * sizeof *walk->items);
	walk->below = xnew((count + 1) * sizeof *walk->below);
	for (size_t i = 0; i < request->constraint_count; i++)
		walk->last[i] = last_axis(request->constraints[i], count);
	for (size_t i = 0; i < count; i++) {
		walk->chosen[i] = COMBINE_ANY;
		walk->order[i] = order_of(search, i);
	}
	uint64_t below = 1;
	for (size_t i = count; i-- > 0;) {
		walk->below[i] = below;
		if (search->fixed[i] == COMBINE_ANY)
			below = multiply(below, request->axes->list.items[i]->items.count);
	}
}

static void walk_end(struct walk *walk)
{
	for (size_t i = 0; i < walk->axis_count; i++)
		free(walk->order[i]);
	free(walk->last);
	free(walk->order);
	free(walk->chosen);
	free(walk->items);
	free(walk->below);
}

/* The first constraint that forbids what is chosen, of those that can be judged with that axis; their number: none does. */
static size_t find_violated(const struct walk *walk, size_t axis)
{
	const struct combine_request *request = walk->search->request;

	for (size_t i = 0; i < request->constraint_count; i++)
		if (walk->last[i] == axis &&
		    constraint_judge(request->constraints[i], walk->items) == TRUTH_FALSE)
			return i;
	return request->constraint_count;
}

static int choose_axis(struct walk *walk, size_t axis);

static int try_item(struct walk *walk, size_t axis, uint32_t item)
{
	const struct search *search = walk->search;
	const struct combine_request *request = search->request;

	if (walk->tries++ == search->tries_max)
		return -E2BIG;
	walk->chosen[axis] = item;
	walk->items[axis] = request->axes->list.items[axis]->items.items[item];
	size_t violated = find_violated(walk, axis);
	int r = 0;
	if (violated == request->constraint_count)
		r = choose_axis(walk, axis + 1);
	else if (search->on_excluded)
		search->on_excluded(search->arg, violated, walk->chosen, walk->below[axis]);
	walk->chosen[axis] = COMBINE_ANY;
	walk->items[axis] = NULL;
	return r;
}

static int choose_axis(struct walk *walk, size_t axis)
{
	const struct search *search = walk->search;
	int r = 0;

	if (axis == walk->axis_count)
		return search->on_found(search->arg, walk->chosen);
	if (search->fixed[axis] != COMBINE_ANY)
		return try_item(walk, axis, search->fixed[axis]);
	size_t count = search->request->axes->list.items[axis]->items.count;
	for (size_t i = 0; i < count && r == 0; i++)
		r = try_item(walk, axis, walk->order[axis][i]);
	return r;
}

int search_run(const struct search *search)
{
	struct walk walk;

	walk_begin(&walk, search);
	int r = choose_axis(&walk, 0);
	walk_end(&walk);
	return r;
}
