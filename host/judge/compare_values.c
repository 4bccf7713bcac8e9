/* SPDX-License-Identifier: Apache-2.0 */
#include "host/judge/compare_values.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define VALUES_MAX 1000000

static const char *const verdict_names[] = {
	[VALUE_WORSE] = "worse",
	[VALUE_UNCERTAIN] = "uncertain",
	[VALUE_BETTER] = "better",
	[VALUE_SAME] = "same",
};

const char *value_verdict_name(enum value_verdict verdict)
{
	return verdict_names[verdict];
}

/* ---- the numbers of a side: one for each machine ---- */

struct execution {
	const char *machine;
	enum outcome outcome;
	const struct measures *measures;
};

static size_t execution_count(const struct run_case *it)
{
	return it->tries.count + (it->result != NULL);
}

/* The result comes last. */
static struct execution execution_at(const struct run_case *it, size_t index)
{
	if (index == it->tries.count)
		return (struct execution){it->record->name, it->result->outcome,
					  &it->result->measures};
	const struct run_try *try_ = &it->tries.items[index];
	return (struct execution){try_->machine, try_->outcome, &try_->measures};
}

static const struct measure *measured(const struct run_case *it, size_t index, const char *name)
{
	struct execution execution = execution_at(it, index);

	return execution.outcome == OUTCOME_PASS ? measures_find(execution.measures, name) : NULL;
}

static bool was_before(const struct run_case *it, size_t index, const char *name)
{
	for (size_t i = 0; i < index; i++)
		if (measured(it, i, name) &&
		    strcmp(execution_at(it, i).machine, execution_at(it, index).machine) == 0)
			return true;
	return false;
}

/* Of all executions on the machine of that one. */
static double number_of_machine(const struct run_case *it, size_t index, const char *name)
{
	struct noise_numbers numbers = VEC_INIT(10001);

	for (size_t i = index; i < execution_count(it); i++) {
		const struct measure *measure = measured(it, i, name);
		if (measure &&
		    strcmp(execution_at(it, i).machine, execution_at(it, index).machine) == 0)
			(void)vec_add(&numbers, measure_typical(measure));
	}
	double number = median_of(numbers.items, numbers.count);
	vec_done(&numbers);
	return number;
}

/* Beyond so many machines the first ones count. */
static unsigned gather(const struct run_case *it, const char *name, double numbers[RANKS_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; it && i < execution_count(it) && count < RANKS_MAX; i++)
		if (measured(it, i, name) && !was_before(it, i, name))
			numbers[count++] = number_of_machine(it, i, name);
	return count;
}

/* ---- one value ---- */

/* The two sides of a case, in their cells. */
struct sides {
	const struct run *before_run, *now_run;
	const struct run_cell *before_cell, *now_cell;
	const struct run_case *before, *now;
	const struct noises *noises;
};

PRINTF(2, 3) static void cannot_say(struct value_change *change, const char *format, ...)
{
	va_list args;

	change->verdict = VALUE_UNCERTAIN;
	va_start(args, format);
	(void)vsnprintf(change->why, sizeof change->why, format, args);
	va_end(args);
}

/* What makes numbers of different things. */
static bool is_comparable(const struct sides *sides, struct value_change *change)
{
	if (strcmp(sides->before_run->host, sides->now_run->host) != 0)
		cannot_say(change, "the runs were made on different hosts");
	else if (strcmp(sides->before_cell->accel, sides->now_cell->accel) != 0)
		cannot_say(change, "one side ran by %.20s, the other by %.20s",
			   sides->before_cell->accel, sides->now_cell->accel);
	else if (change->count_before < VALUE_LEAST || change->count_now < VALUE_LEAST)
		cannot_say(change, "%u and %u machines have measured it, %d and %d are needed",
			   change->count_before, change->count_now, VALUE_LEAST, VALUE_LEAST);
	else
		return true;
	return false;
}

static bool all_positive(const double *numbers, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!(numbers[i] > 0))
			return false;
	return true;
}

static double margin_of(const struct sides *sides, const struct measure *measure)
{
	const struct run_cell *cell = sides->now_cell;
	const struct noise_key key = {sides->now->id,	   measure->name,  measure->unit,
				      cell->size_name,	   cell->firmware, cell->accel,
				      sides->now_run->host};
	const struct noise *noise = sides->noises ? noises_find(sides->noises, &key) : NULL;

	return fmax(VALUE_FLOOR, noise ? VALUE_NOISE_TIMES * noise->relative : 0);
}

static bool matters(double ratio, double margin)
{
	return ratio > 1 + margin || ratio < 1 / (1 + margin);
}

/* So many on each side, of which each is larger than all of the other, are evidence for one value among so many. */
static unsigned machines_needed(size_t values)
{
	double p = 1;
	unsigned n = 1;

	/* 2 of (2n over n) orders are so. */
	for (; n < RANKS_MAX && (p >= VALUE_P || p * (double)values >= VALUE_Q); n++)
		p *= (n + 1.0) / (2.0 * (2 * n + 1));
	return n;
}

static void decide(struct value_change *change, size_t values)
{
	const struct ranks_ratio *ratio = &change->ratio;
	const bool is_better = (ratio->ratio < 1) == (change->measure->better == MEASURE_LOWER);
	const bool is_other = change->p < VALUE_P && matters(ratio->ratio, change->margin);

	change->is_suspected = is_other && !is_better && change->q >= VALUE_Q;
	if (is_other && change->q < VALUE_Q)
		change->verdict = is_better ? VALUE_BETTER : VALUE_WORSE;
	else if (is_other)
		cannot_say(change,
			   "among %zu values chance alone may have it so (q %.2g); %u machines on "
			   "each side can tell",
			   values, change->q, machines_needed(values));
	else if (!matters(ratio->low, change->margin) && !matters(ratio->high, change->margin))
		change->verdict = VALUE_SAME;
	else
		cannot_say(change, "it is %.3g to %.3g times what it was, by these numbers",
			   ratio->low, ratio->high);
}

static void judge(const struct sides *sides, struct value_change *change)
{
	double before[RANKS_MAX], now[RANKS_MAX];
	const char *name = change->measure->name;

	change->count_before = gather(sides->before, name, before);
	change->count_now = gather(sides->now, name, now);
	const bool is_comparable_ = is_comparable(sides, change);
	const bool is_positive =
		all_positive(before, change->count_before) && all_positive(now, change->count_now);
	if (is_comparable_ && !is_positive)
		cannot_say(change, "not all numbers are above 0, so there is no ratio");
	if (is_comparable_ && is_positive) {
		change->is_judged = true;
		change->p = ranks_p(before, change->count_before, now, change->count_now);
		ranks_ratio(before, change->count_before, now, change->count_now, &change->ratio);
		change->margin = margin_of(sides, change->measure);
	}
	change->typical_before = median_of(before, change->count_before);
	change->typical_now = median_of(now, change->count_now);
}

/* ---- all values ---- */

/* The first execution of the case that has measured it. */
static const struct measure *find_measure(const struct run_case *it, const char *name)
{
	for (size_t i = 0; it && i < execution_count(it); i++) {
		const struct measure *measure = measured(it, i, name);
		if (measure)
			return measure;
	}
	return NULL;
}

static void add_value(const struct sides *sides, const struct measure *measure,
		      struct value_changes *ret)
{
	const struct measure *before = find_measure(sides->before, measure->name);
	const struct measure *now = find_measure(sides->now, measure->name);
	struct value_change change = {
		.before = sides->before, .now = sides->now, .measure = measure};

	if (!before || !now)
		cannot_say(&change, "it was measured %s only", now ? "now" : "before");
	else if (strcmp(before->unit, now->unit) != 0 || before->better != now->better)
		cannot_say(&change, "it had another unit or direction before");
	else
		judge(sides, &change);
	(void)vec_add(ret, change);
}

/* True when that measure is the first of its name among the executions up to it. */
static bool is_first(const struct run_case *it, const struct measure *measure)
{
	return find_measure(it, measure->name) == measure;
}

static void add_values(const struct sides *sides, struct value_changes *ret)
{
	const struct run_case *const cases[] = {sides->now, sides->before};

	for (size_t side = 0; side < ARRAY_LEN(cases); side++)
		for (size_t i = 0; cases[side] && i < execution_count(cases[side]); i++) {
			struct execution execution = execution_at(cases[side], i);
			if (execution.outcome != OUTCOME_PASS)
				continue;
			vec_each (execution.measures, measure)
				if (is_first(cases[side], measure) &&
				    !(side == 1 && find_measure(cases[0], measure->name)))
					add_value(sides, measure, ret);
		}
}

static int by_p(const void *left, const void *right)
{
	const struct value_change *const *a = left, *const *b = right;

	return ((*a)->p > (*b)->p) - ((*a)->p < (*b)->p);
}

/* Of the k-th smallest of n: the least that p times n over its rank is from there on. */
static void decide_all(struct value_changes *all)
{
	CLEAN_FREE struct value_change **judged = xnew((all->count + 1) * sizeof(void *));
	size_t count = 0;
	double q = 1;

	vec_each (all, change)
		if (change->is_judged)
			judged[count++] = change;
	qsort(judged, count, sizeof *judged, by_p);
	for (size_t rank = count; rank > 0; rank--) {
		q = fmin(q, judged[rank - 1]->p * (double)count / (double)rank);
		judged[rank - 1]->q = q;
		decide(judged[rank - 1], count);
	}
}

static const struct run_case *told(const struct value_change *change)
{
	return change->now ? change->now : change->before;
}

static int by_verdict(const void *left, const void *right)
{
	const struct value_change *a = left, *b = right;

	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? -1 : 1;
	if (told(a)->cell != told(b)->cell)
		return told(a)->cell < told(b)->cell ? -1 : 1;
	int order = strcmp(told(a)->id, told(b)->id);
	return order ? order : strcmp(a->measure->name, b->measure->name);
}

/* A case that one run alone has measures nothing to be compared. */
static void compare_cell(const struct run *before, const struct run *now,
			 const struct cell_pair *pair, const struct noises *noises,
			 struct value_changes *ret)
{
	struct sides sides = {.before_run = before,
			      .now_run = now,
			      .before_cell = &before->cells.items[pair->before],
			      .now_cell = &now->cells.items[pair->now],
			      .noises = noises};

	vec_each (&now->cases, it) {
		if (it->cell != sides.now_cell->index || it->sabotaged)
			continue;
		sides.now = it;
		sides.before = run_find(before, sides.before_cell->index, it->id, false);
		if (sides.before)
			add_values(&sides, ret);
	}
}

void compare_values(const struct run *before, const struct run *now, const struct cell_pairs *pairs,
		    const struct noises *noises, struct value_changes *ret)
{
	*ret = (struct value_changes)VEC_INIT(VALUES_MAX);
	vec_each (pairs, pair)
		if (pair->before >= 0 && pair->now >= 0)
			compare_cell(before, now, pair, noises, ret);
	decide_all(ret);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, by_verdict);
}
