/* SPDX-License-Identifier: Apache-2.0 */
/* Pass rates over the history. */
#include "host/judge/flake.h"

#include <string.h>

static const char *const state_names[] = {
	[FLAKE_DIFFERS] = "differs", [FLAKE_BREAKS] = "breaks",	  [FLAKE_PASSES] = "passes",
	[FLAKE_FAILS] = "fails",     [FLAKE_UNKNOWN] = "unknown",
};

const char *flake_state_name(enum flake_state state)
{
	return state_names[state];
}

/* ---- counting ---- */

static bool is_of(const struct flake *flake, const struct store_execution *execution)
{
	const struct store_cell *cell = &execution->cell;

	return strcmp(flake->id, execution->id) == 0 && strcmp(flake->sha256, cell->sha256) == 0 &&
	       strcmp(flake->size, cell->size) == 0 &&
	       strcmp(flake->firmware, cell->firmware) == 0 &&
	       strcmp(flake->accel, cell->accel) == 0 && strcmp(flake->make, cell->make) == 0 &&
	       strcmp(flake->assay, cell->assay) == 0;
}

/* The one that it is counted with: since they come sorted, the last one or a new one. */
static struct flake *find_or_add(struct flakes *flakes, const struct store_execution *execution)
{
	const struct store_cell *cell = &execution->cell;

	if (flakes->count > 0 && is_of(&flakes->items[flakes->count - 1], execution))
		return &flakes->items[flakes->count - 1];
	if (!vec_add(flakes, (struct flake){0}))
		return NULL;
	struct flake *flake = &flakes->items[flakes->count - 1];
	*flake = (struct flake){
		.id = xstrdup(execution->id),
		.image = xstrdup(cell->image),
		.sha256 = xstrdup(cell->sha256),
		.os = xstrdup(cell->os),
		.size = xstrdup(cell->size),
		.firmware = xstrdup(cell->firmware),
		.accel = xstrdup(cell->accel),
		.make = xstrdup(cell->make),
		.assay = xstrdup(cell->assay),
	};
	return flake;
}

static void replace(char **string, const char *by)
{
	free(*string);
	*string = xstrdup(by);
}

static void count_decided(struct flake *flake, const struct store_execution *execution)
{
	const bool is_first = flake->passed + flake->failed == 0;

	if (is_first)
		flake->first_ns = execution->ended_ns;
	else if (flake->last != execution->outcome) {
		flake->differed_ns = execution->ended_ns;
		replace(&flake->differed_run, execution->run);
	}
	flake->last = execution->outcome;
	flake->last_ns = execution->ended_ns;
	if (execution->outcome == OUTCOME_PASS) {
		flake->passed++;
		return;
	}
	flake->failed++;
	replace(&flake->message, execution->message);
}

bool flakes_add(struct flakes *flakes, const struct store_execution *execution)
{
	struct flake *flake = find_or_add(flakes, execution);

	if (!flake)
		return false;
	switch (execution->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_FAIL:
		count_decided(flake, execution);
		break;
	case OUTCOME_BROKEN:
		flake->broken++;
		break;
	case OUTCOME_INFRA:
		flake->infra++;
		break;
	case OUTCOME_SKIP:
		break;
	}
	return true;
}

void flakes_done(struct flakes *flakes)
{
	vec_each (flakes, it) {
		char *const strings[] = {it->id,    it->image,	      it->sha256, it->os,
					 it->size,  it->firmware,     it->accel,  it->make,
					 it->assay, it->differed_run, it->message};
		for (size_t i = 0; i < ARRAY_LEN(strings); i++)
			free(strings[i]);
	}
	vec_done(flakes);
}

/* ---- what they say ---- */

enum flake_state flake_state(const struct flake *flake)
{
	if (flake->passed > 0 && flake->failed > 0)
		return FLAKE_DIFFERS;
	if (flake->passed + flake->failed == 0)
		return FLAKE_UNKNOWN;
	if (flake->broken > 0)
		return FLAKE_BREAKS;
	return flake->passed > 0 ? FLAKE_PASSES : FLAKE_FAILS;
}

void flake_interval(const struct flake *flake, struct rate_interval *ret)
{
	rate_interval(flake->passed, flake->passed + flake->failed, RATE_CONFIDENCE, ret);
}

static int compare_cells(const struct flake *a, const struct flake *b)
{
	const struct {
		const char *a, *b;
	} pairs[] = {
		{a->image, b->image},	    {a->sha256, b->sha256}, {a->size, b->size},
		{a->firmware, b->firmware}, {a->accel, b->accel},   {a->make, b->make},
		{a->assay, b->assay},
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		int order = strcmp(pairs[i].a, pairs[i].b);
		if (order)
			return order;
	}
	return 0;
}

bool flake_is_same_cell(const struct flake *a, const struct flake *b)
{
	return compare_cells(a, b) == 0;
}

static int compare_flakes(const void *left, const void *right)
{
	const struct flake *a = left, *b = right;
	int order = compare_cells(a, b);

	return order ? order : strcmp(a->id, b->id);
}

void flakes_sort(struct flakes *flakes)
{
	if (flakes->count > 1)
		qsort(flakes->items, flakes->count, sizeof *flakes->items, compare_flakes);
}
