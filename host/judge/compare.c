/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs, side by side. */
#include "host/judge/compare.h"

#include <string.h>

static const char *const change_names[] = {
	[CHANGE_WORSE] = "worse",	[CHANGE_UNDECIDED] = "undecided",
	[CHANGE_SKIPPED] = "skipped",	[CHANGE_VANISHED] = "vanished",
	[CHANGE_STILL] = "still fails", [CHANGE_BETTER] = "better",
	[CHANGE_APPEARED] = "appeared", [CHANGE_NONE] = "same",
};

const char *change_name(enum change_kind kind)
{
	return change_names[kind];
}

/* ---- cells ---- */

static bool both_say(const char *a, const char *b)
{
	return a[0] && b[0];
}

static bool can_pair(const struct run_cell *a, const struct run_cell *b)
{
	return strcmp(a->size_name, b->size_name) == 0 && strcmp(a->firmware, b->firmware) == 0 &&
	       strcmp(a->cpu_model, b->cpu_model) == 0 && strcmp(a->variants, b->variants) == 0 &&
	       strcmp(a->host, b->host) == 0 &&
	       (!both_say(a->arch, b->arch) || strcmp(a->arch, b->arch) == 0);
}

static bool is_same_kernel(const struct run_cell *a, const struct run_cell *b)
{
	return strcmp(a->kernel_digest, b->kernel_digest) == 0 ||
	       (both_say(a->kernel_called, b->kernel_called) &&
		strcmp(a->kernel_called, b->kernel_called) == 0);
}

static unsigned likeness(const struct run_cell *a, const struct run_cell *b)
{
	return is_same_kernel(a, b) * 32U +
	       (both_say(a->image_called, b->image_called) &&
		strcmp(a->image_called, b->image_called) == 0) *
		       16U +
	       (strcmp(a->image_digest, b->image_digest) == 0) * 8U +
	       (strcmp(a->image_name, b->image_name) == 0) * 4U +
	       (strcmp(a->os_name, b->os_name) == 0) * 2U + (strcmp(a->accel, b->accel) == 0) * 1U;
}
#define LIKENESS_MAX 63

static void pair_at(const struct run *before, const struct run *now, unsigned wanted,
		    int *partner_of, int *partner_in)
{
	for (size_t i = 0; i < before->cells.count; i++)
		for (size_t j = 0; j < now->cells.count && partner_of[i] < 0; j++) {
			const struct run_cell *a = &before->cells.items[i];
			const struct run_cell *b = &now->cells.items[j];
			if (partner_in[j] >= 0 || !can_pair(a, b) || likeness(a, b) != wanted)
				continue;
			partner_of[i] = (int)j;
			partner_in[j] = (int)i;
		}
}

/* The most alike first, so that none takes the place of a better one. */
static void pair_cells(const struct run *before, const struct run *now, struct cell_pairs *ret)
{
	CLEAN_FREE int *partner_of = xnew((before->cells.count + 1) * sizeof *partner_of);
	CLEAN_FREE int *partner_in = xnew((now->cells.count + 1) * sizeof *partner_in);

	for (size_t i = 0; i < before->cells.count; i++)
		partner_of[i] = -1;
	for (size_t j = 0; j < now->cells.count; j++)
		partner_in[j] = -1;
	for (int wanted = LIKENESS_MAX; wanted >= 0; wanted--)
		pair_at(before, now, (unsigned)wanted, partner_of, partner_in);
	for (size_t i = 0; i < before->cells.count; i++)
		(void)vec_add(ret, ((struct cell_pair){(int)i, partner_of[i]}));
	for (size_t j = 0; j < now->cells.count; j++)
		if (partner_in[j] < 0)
			(void)vec_add(ret, ((struct cell_pair){-1, (int)j}));
}

/* ---- cases ---- */

/* Broken, infra, or no result: nothing is known of the subject. */
static bool is_undecided(const struct run_case *it)
{
	return !it->result || it->result->outcome == OUTCOME_BROKEN ||
	       it->result->outcome == OUTCOME_INFRA;
}

static bool came_out(const struct run_case *it, enum outcome outcome)
{
	return it->result && it->result->outcome == outcome;
}

static enum change_kind kind_of(const struct run_case *before, const struct run_case *now)
{
	if (!before)
		return CHANGE_APPEARED;
	if (!now)
		return CHANGE_VANISHED;
	if (came_out(now, OUTCOME_FAIL))
		return came_out(before, OUTCOME_FAIL) ? CHANGE_STILL : CHANGE_WORSE;
	if (is_undecided(now))
		return is_undecided(before) ? CHANGE_NONE : CHANGE_UNDECIDED;
	if (came_out(now, OUTCOME_SKIP))
		return came_out(before, OUTCOME_SKIP) ? CHANGE_NONE : CHANGE_SKIPPED;
	return came_out(before, OUTCOME_PASS) ? CHANGE_NONE : CHANGE_BETTER;
}

static bool is_same_check(const struct check_record *a, const struct check_record *b)
{
	return strcmp(a->expression, b->expression) == 0 && strcmp(a->got, b->got) == 0 &&
	       strcmp(a->want, b->want) == 0 && strcmp(a->row, b->row) == 0;
}

static bool says_other(const struct run_case *before, const struct run_case *now)
{
	return strcmp(before->result->message, now->result->message) != 0 ||
	       !is_same_check(&before->result->check, &now->result->check);
}

static void add_change(struct comparison *ret, const struct run_case *before,
		       const struct run_case *now)
{
	struct change change = {.kind = kind_of(before, now), .before = before, .now = now};

	ret->counts[change.kind]++;
	if (change.kind == CHANGE_STILL)
		change.says_other = says_other(before, now);
	if (change.kind != CHANGE_NONE)
		(void)vec_add(&ret->changes, change);
}

/* None for -1. */
static const struct run_case *cases_of(const struct run *run, int cell, size_t *ret_count)
{
	*ret_count = 0;
	return cell < 0 ? NULL : run_cases_of(run, run->cells.items[cell].index, ret_count);
}

static const struct run_case *find_in(const struct run *run, int cell, const char *id)
{
	return cell < 0 ? NULL : run_find(run, run->cells.items[cell].index, id, false);
}

static void compare_pair(const struct run *before, const struct run *now,
			 const struct cell_pair *pair, struct comparison *ret)
{
	size_t count;
	const struct run_case *cases = cases_of(before, pair->before, &count);

	for (size_t i = 0; i < count; i++)
		if (!cases[i].sabotaged)
			add_change(ret, &cases[i], find_in(now, pair->now, cases[i].id));
	cases = cases_of(now, pair->now, &count);
	for (size_t i = 0; i < count; i++)
		if (!cases[i].sabotaged && !find_in(before, pair->before, cases[i].id))
			add_change(ret, NULL, &cases[i]);
}

static const struct run_case *told(const struct change *change)
{
	return change->now ? change->now : change->before;
}

static int by_kind(const void *left, const void *right)
{
	const struct change *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (told(a)->cell != told(b)->cell)
		return told(a)->cell < told(b)->cell ? -1 : 1;
	return strcmp(told(a)->id, told(b)->id);
}

void compare_runs_by_noise(const struct run *before, const struct run *now,
			   const struct noises *noises, struct comparison *ret)
{
	*ret = (struct comparison){
		.pairs = VEC_INIT(before->cells.count + now->cells.count + 1),
		.changes = VEC_INIT(before->cases.count + now->cases.count + 1),
	};
	pair_cells(before, now, &ret->pairs);
	vec_each (&ret->pairs, pair)
		compare_pair(before, now, pair, ret);
	if (ret->changes.count > 0)
		qsort(ret->changes.items, ret->changes.count, sizeof *ret->changes.items, by_kind);
	compare_values(before, now, &ret->pairs, noises, &ret->values);
	vec_each (&ret->values, it)
		ret->value_counts[it->verdict]++;
}

void compare_runs(const struct run *before, const struct run *now, struct comparison *ret)
{
	compare_runs_by_noise(before, now, NULL, ret);
}

void comparison_done(struct comparison *comparison)
{
	vec_done(&comparison->pairs);
	vec_done(&comparison->changes);
	vec_done(&comparison->values);
}

int comparison_exit_code(const struct comparison *comparison)
{
	if (comparison->counts[CHANGE_WORSE] + comparison->value_counts[VALUE_WORSE] > 0)
		return 1;
	vec_each (&comparison->changes, change)
		if (change->kind == CHANGE_APPEARED && came_out(change->now, OUTCOME_FAIL))
			return 1;
	return comparison->counts[CHANGE_UNDECIDED] + comparison->counts[CHANGE_SKIPPED] +
				       comparison->counts[CHANGE_VANISHED] >
			       0
		       ? 2
		       : 0;
}
