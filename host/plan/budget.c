/* SPDX-License-Identifier: Apache-2.0 */
/* The value of combinations, and what fits into a time. */
#include "host/plan/budget.h"

#include <string.h>

#include "base/text.h"

#define PAIRS_MAX (64U << 20) /* that are told apart: bits */
#define GAINS	  (AXES_MAX * (AXES_MAX - 1) / 2 + 1)

/* Which pairs of items have met. */
struct pairs {
	const struct combine *combine;
	size_t first[AXES_MAX][AXES_MAX]; /* where the pairs of two axes begin */
	unsigned char *met;		  /* NULL: there are too many to tell apart */
};

static size_t item_count(const struct combine *combine, size_t axis)
{
	return combine->axes->list.items[axis]->items.count;
}

static void pairs_init(struct pairs *pairs, const struct combine *combine)
{
	size_t count = 0;

	*pairs = (struct pairs){.combine = combine};
	for (size_t a = 0; a < combine->axis_count; a++)
		for (size_t b = a + 1; b < combine->axis_count; b++) {
			pairs->first[a][b] = count;
			count += item_count(combine, a) * item_count(combine, b);
		}
	if (count <= PAIRS_MAX)
		pairs->met = xnew(count / 8 + 1);
}

/* How many pairs of a combination have not met; `meet`: from now on they have. */
static unsigned pairs_gain(struct pairs *pairs, size_t index, bool meet)
{
	const uint32_t *items = combine_items(pairs->combine, index);
	unsigned gain = 0;

	for (size_t a = 0; pairs->met && a < pairs->combine->axis_count; a++)
		for (size_t b = a + 1; b < pairs->combine->axis_count; b++) {
			size_t bit = pairs->first[a][b] + items[a] * item_count(pairs->combine, b) +
				     items[b];
			unsigned char mask = (unsigned char)(1U << (bit % 8));
			gain += !(pairs->met[bit / 8] & mask);
			if (meet)
				pairs->met[bit / 8] |= mask;
		}
	return gain;
}

static uint64_t weight_of(const struct combine *combine, size_t index)
{
	uint64_t weight = 1, product;

	for (size_t a = 0; a < combine->axis_count; a++) {
		const struct axis_item *item =
			combine->axes->list.items[a]->items.items[combine_items(combine, index)[a]];
		weight = __builtin_mul_overflow(weight, (uint64_t)item->weight, &product)
				 ? UINT64_MAX
				 : product;
	}
	return weight;
}

struct valued {
	size_t index;
	uint64_t weight;
	unsigned gain; /* as it was when it was counted last: it only becomes less */
	bool is_must;
};

static int compare_valued(const void *a, const void *b)
{
	const struct valued *x = a, *y = b;

	if (x->is_must != y->is_must)
		return x->is_must ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* The best of those that are left. A gain that was counted earlier is an upper bound, so that few have to be counted again. */
static size_t find_best(struct pairs *pairs, struct valued *left, size_t count)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (best != SIZE_MAX && left[i].gain <= left[best].gain)
			continue;
		left[i].gain = pairs_gain(pairs, left[i].index, false);
		if (best == SIZE_MAX || left[i].gain > left[best].gain)
			best = i;
	}
	return best;
}

/* Those that are left, from which the best is taken one after another. */
struct choice {
	struct pairs pairs;
	struct valued *left;
	size_t count;
};

static void choice_init(struct choice *choice, const struct combine *combine)
{
	*choice = (struct choice){.left = xnew((combine->count + 1) * sizeof *choice->left),
				  .count = combine->count};
	pairs_init(&choice->pairs, combine);
	for (size_t i = 0; i < combine->count; i++)
		choice->left[i] = (struct valued){.index = i,
						  .weight = weight_of(combine, i),
						  .gain = GAINS,
						  .is_must = combine->origins.items[i].why ==
							     COMBINE_WHY_MUST};
	if (combine->count > 0)
		qsort(choice->left, combine->count, sizeof *choice->left, compare_valued);
}

static void choice_done(struct choice *choice)
{
	free(choice->pairs.met);
	free(choice->left);
}

/* Takes the next one out. Its pairs have met only when it is kept. */
static struct valued choice_next(struct choice *choice)
{
	size_t best = choice->left[0].is_must
			      ? 0
			      : find_best(&choice->pairs, choice->left, choice->count);
	struct valued taken = choice->left[best];

	memmove(&choice->left[best], &choice->left[best + 1],
		(--choice->count - best) * sizeof *choice->left);
	return taken;
}

void budget_order(const struct combine *combine, size_t *ret)
{
	struct choice choice;

	choice_init(&choice, combine);
	for (size_t done = 0; choice.count > 0; done++) {
		ret[done] = choice_next(&choice).index;
		(void)pairs_gain(&choice.pairs, ret[done], true);
	}
	choice_done(&choice);
}

static uint64_t span_of(const struct budget_cost *cost, const bool *is_paid)
{
	return cost->own_ns == BUDGET_NEVER || is_paid[cost->shares]
		       ? cost->own_ns
		       : cost->own_ns + cost->shared_ns;
}

uint64_t budget_choose(const struct combine *combine, const struct budget_cost *costs,
		       uint64_t budget_ns, bool *ret_kept)
{
	CLEAN_FREE bool *is_paid = xnew(combine->count + 1);
	uint64_t used_ns = 0;
	struct choice choice;

	choice_init(&choice, combine);
	while (choice.count > 0) {
		struct valued next = choice_next(&choice);
		uint64_t wanted_ns = span_of(&costs[next.index], is_paid);
		bool fits = used_ns <= budget_ns && wanted_ns <= budget_ns - used_ns;
		ret_kept[next.index] = wanted_ns != BUDGET_NEVER && (next.is_must || fits);
		if (!ret_kept[next.index])
			continue;
		used_ns += wanted_ns;
		is_paid[costs[next.index].shares] = true;
		(void)pairs_gain(&choice.pairs, next.index, true);
	}
	choice_done(&choice);
	return used_ns;
}
