/* SPDX-License-Identifier: Apache-2.0 */
/* The search for fewer rows. */
#include "host/plan/cover_improve.h"

#include <string.h>

#include "base/text.h"

#define TUPLES_MAX     (8U << 20) /* with more a step takes so long that none would come of it */
#define CANDIDATES_MAX 64	  /* rows of which the best takes a missing tuple in */
#define FORCED_MAX     6	  /* the same, where rules make it dear */
#define STALE	       1000	  /* one step in so many is random */

struct improve {
	struct cover_greedy *greedy;
	const struct cover_space *space;
	size_t columns, count, must_count;
	uint16_t *rows, *best;
	uint16_t *others; /* of each column, all columns but it */
	uint16_t *counts; /* of each tuple, the rows that have it */
	uint32_t *place;  /* of a missing tuple, where it is among them */
	uint32_t *missing, missing_count;
	uint32_t *tabu; /* of each cell, the step before which it stays as it is */
	uint32_t step;
	uint64_t looks;
	struct cover_ref *refs;
	uint16_t *forced; /* a row that rules had a hand in */
	uint64_t *state;
};

static uint16_t *row_at(struct improve *im, size_t r)
{
	return im->rows + r * im->columns;
}

static bool is_locked(const struct improve *im, size_t r, size_t c)
{
	return r < im->must_count && im->greedy->model->must[r * im->columns + c] != COVER_ANY;
}

static void miss(struct improve *im, uint32_t tuple)
{
	im->place[tuple] = im->missing_count;
	im->missing[im->missing_count++] = tuple;
}

static void unmiss(struct improve *im, uint32_t tuple)
{
	uint32_t last = im->missing[--im->missing_count];

	im->missing[im->place[tuple]] = last;
	im->place[last] = im->place[tuple];
}

static size_t refs_of(struct improve *im, const uint16_t *row, size_t c)
{
	size_t count = cover_space_through(im->space, c, im->others + c * im->columns,
					   im->space->column_count - 1, row, im->refs);

	im->looks += count;
	return count;
}

static void set_cell(struct improve *im, size_t r, size_t c, uint16_t value)
{
	uint16_t *row = row_at(im, r), old = row[c];
	size_t count = refs_of(im, row, c);

	for (size_t i = 0; i < count; i++) {
		uint32_t out = im->refs[i].base + old * im->refs[i].stride;
		uint32_t in = im->refs[i].base + value * im->refs[i].stride;
		if (--im->counts[out] == 0)
			miss(im, out);
		if (im->counts[in]++ == 0)
			unmiss(im, in);
	}
	row[c] = value;
}

/* By how many the missing tuples would get more. */
static long delta(struct improve *im, size_t r, size_t c, uint16_t value)
{
	const uint16_t *row = row_at(im, r);
	size_t count = refs_of(im, row, c);
	long lost = 0;

	for (size_t i = 0; i < count; i++) {
		const uint16_t *counts = im->counts + im->refs[i].base;
		lost += counts[row[c] * im->refs[i].stride] == 1;
		lost -= counts[value * im->refs[i].stride] == 0;
	}
	return lost;
}

static void count_row(struct improve *im, size_t r, bool here)
{
	for (size_t s = 0; s < im->space->set_count; s++) {
		uint32_t tuple = cover_space_encode(im->space, s, row_at(im, r));
		if (here && im->counts[tuple]++ == 0)
			unmiss(im, tuple);
		else if (!here && --im->counts[tuple] == 0)
			miss(im, tuple);
	}
	im->looks += im->space->set_count;
}

static void drop_row(struct improve *im, size_t r)
{
	count_row(im, r, false);
	im->count--;
	memmove(row_at(im, r), row_at(im, r + 1), (im->count - r) * im->columns * sizeof *im->rows);
	memmove(im->tabu + r * im->columns, im->tabu + (r + 1) * im->columns,
		(im->count - r) * im->columns * sizeof *im->tabu);
}

/* How many tuples only this row has; counts no further than `enough`. */
static size_t only_here(struct improve *im, size_t r, size_t enough)
{
	size_t only = 0;

	for (size_t s = 0; s < im->space->set_count && only < enough; s++) {
		only += im->counts[cover_space_encode(im->space, s, row_at(im, r))] == 1;
		im->looks++;
	}
	return only;
}

static size_t least_needed(struct improve *im)
{
	size_t best = im->must_count, least = SIZE_MAX;

	for (size_t r = im->must_count; r < im->count && least > 0; r++) {
		size_t only = only_here(im, r, least);
		if (only < least) {
			least = only;
			best = r;
		}
	}
	return best;
}

/* Puts the values of a tuple and what the rules want with them into a copy of row r. False where that is not possible. */
static bool force(struct improve *im, size_t r, const uint16_t *columns, const uint16_t *values)
{
	struct cover_rules *rules = im->greedy->rules;
	size_t start = random_below(&im->greedy->random, im->columns);

	memcpy(im->state, rules->root, rules->state_words * sizeof *im->state);
	memcpy(im->forced, row_at(im, r), im->columns * sizeof *im->forced);
	for (unsigned i = 0; i < im->space->ways; i++) {
		im->forced[columns[i]] = values[i];
		if (is_locked(im, r, columns[i]) ||
		    !cover_rules_set(rules, im->state, columns[i], values[i]))
			return false;
	}
	for (size_t n = 0; n < im->columns; n++) {
		size_t c = (start + n) % im->columns, tries = 0;
		uint16_t count = im->greedy->model->columns[c].values, v = im->forced[c];
		if (!cover_rules_bind(rules, c))
			continue;
		if (!cover_rules_allow(rules, im->state, c, v)) {
			if (is_locked(im, r, c))
				return false;
			v = (uint16_t)random_below(&im->greedy->random, count);
			for (; tries < count && !cover_rules_allow(rules, im->state, c, v); tries++)
				v = v + 1 == count ? 0 : (uint16_t)(v + 1);
		}
		im->forced[c] = v;
		if (!cover_rules_set(rules, im->state, c, v))
			return false;
	}
	im->looks += 8 * rules->state_words;
	return true;
}

static void set_row(struct improve *im, size_t r, const uint16_t *values)
{
	for (size_t c = 0; c < im->columns; c++)
		if (row_at(im, r)[c] != values[c])
			set_cell(im, r, c, values[c]);
}

/* The one column in which row r lacks a tuple; SIZE_MAX: there are more. */
static size_t lacks_one(struct improve *im, size_t r, const uint16_t *columns,
			const uint16_t *values)
{
	const uint16_t *row = row_at(im, r);
	size_t lacking = SIZE_MAX;

	for (unsigned i = 0; i < im->space->ways; i++) {
		if (row[columns[i]] == values[i])
			continue;
		if (lacking != SIZE_MAX)
			return SIZE_MAX;
		lacking = i;
	}
	return lacking;
}

static bool may_set(struct improve *im, size_t r, size_t c, uint16_t value)
{
	uint16_t *row = row_at(im, r), old = row[c];

	if (im->tabu[r * im->columns + c] > im->step || is_locked(im, r, c))
		return false;
	if (!cover_rules_bind(im->greedy->rules, c))
		return true;
	row[c] = value;
	bool keeps = cover_rules_keep_at(im->greedy->rules, row, c);
	row[c] = old;
	return keeps;
}

/* Takes the tuple in by the best change of one cell. False: no cell may be changed so. */
static bool mend_cell(struct improve *im, const uint16_t *columns, const uint16_t *values)
{
	size_t start = random_below(&im->greedy->random, im->count), best_row = 0, best_i = 0;
	size_t candidates = 0, alike = 0;
	long best = 0;

	for (size_t n = 0; n < im->count && candidates < CANDIDATES_MAX; n++) {
		size_t r = start + n < im->count ? start + n : start + n - im->count;
		size_t i = lacks_one(im, r, columns, values);
		if (i == SIZE_MAX || !may_set(im, r, columns[i], values[i]))
			continue;
		long change = delta(im, r, columns[i], values[i]);
		alike = candidates++ > 0 && change == best ? alike + 1 : 1;
		if (candidates > 1 &&
		    (change > best ||
		     (change == best && random_below(&im->greedy->random, alike) > 0)))
			continue;
		best = change;
		best_row = r;
		best_i = i;
	}
	im->looks += im->count;
	if (candidates == 0)
		return false;
	set_cell(im, best_row, columns[best_i], values[best_i]);
	im->tabu[best_row * im->columns + columns[best_i]] =
		im->step + 2 + (uint32_t)random_below(&im->greedy->random, 6);
	return true;
}

/* Takes the tuple in by changing as much of a row as has to be; the best of `candidates` random rows. */
static void mend_row(struct improve *im, const uint16_t *columns, const uint16_t *values,
		     size_t candidates)
{
	CLEAN_FREE uint16_t *kept = xnew(im->columns * sizeof *kept);
	CLEAN_FREE uint16_t *best = xnew(im->columns * sizeof *best);
	uint32_t least = UINT32_MAX;
	size_t best_row = 0, bytes = im->columns * sizeof *kept;

	for (size_t n = 0; n < candidates; n++) {
		size_t r = random_below(&im->greedy->random, im->count);
		if (!force(im, r, columns, values))
			continue;
		memcpy(kept, row_at(im, r), bytes);
		set_row(im, r, im->forced);
		if (im->missing_count < least) {
			least = im->missing_count;
			best_row = r;
			memcpy(best, row_at(im, r), bytes);
		}
		set_row(im, r, kept);
	}
	if (least < UINT32_MAX)
		set_row(im, best_row, best);
}

static void mend_one(struct improve *im)
{
	uint32_t tuple = im->missing[random_below(&im->greedy->random, im->missing_count)];
	uint16_t values[COVER_WAYS_MAX];
	const uint16_t *columns = cover_space_decode(im->space, tuple, values);

	im->step++;
	if (random_below(&im->greedy->random, STALE) == 0)
		mend_row(im, columns, values, 1);
	else if (!mend_cell(im, columns, values))
		mend_row(im, columns, values, FORCED_MAX);
}

static void count_all(struct improve *im)
{
	size_t tuples = cover_space_tuples(im->space);

	/* Others are never missing. */
	for (uint32_t t = 0; t < tuples; t++)
		if (im->greedy->tuples[t] == COVER_COVERED)
			miss(im, t);
		else
			im->counts[t] = 1;
	for (size_t r = 0; r < im->count; r++)
		count_row(im, r, true);
}

static void improve_init(struct improve *im, struct cover_greedy *greedy,
			 const struct cover_cells *rows)
{
	size_t columns = greedy->model->column_count, tuples = cover_space_tuples(greedy->space);

	*im = (struct improve){.greedy = greedy,
			       .space = greedy->space,
			       .columns = columns,
			       .count = rows->count / columns,
			       .must_count = greedy->model->must_count};
	im->rows = xnew((rows->count + columns) * sizeof *im->rows);
	memcpy(im->rows, rows->items, rows->count * sizeof *im->rows);
	im->others = xnew(columns * columns * sizeof *im->others);
	for (size_t c = 0; c < columns; c++)
		for (size_t o = 0; o + 1 < greedy->space->column_count; o++)
			im->others[c * columns + o] = (uint16_t)(o < c ? o : o + 1);
	im->counts = xnew(tuples * sizeof *im->counts);
	im->place = xnew(tuples * sizeof *im->place);
	im->missing = xnew(tuples * sizeof *im->missing);
	im->tabu = xnew((rows->count + columns) * sizeof *im->tabu);
	im->refs = xnew(greedy->space->through_max * sizeof *im->refs);
	im->forced = xnew(columns * sizeof *im->forced);
	im->state = xnew((greedy->rules->state_words + 1) * sizeof *im->state);
	count_all(im);
	im->looks = 0;
}

static void improve_done(struct improve *im)
{
	free(im->rows);
	free(im->others);
	free(im->counts);
	free(im->place);
	free(im->missing);
	free(im->tabu);
	free(im->refs);
	free(im->forced);
	free(im->state);
}

static int look_at_the_clock(const struct improve *im, bool *ret_cut, struct err *e)
{
	const struct patience *patience = im->greedy->patience;

	if (!patience || im->step % 256 != 0)
		return 0;
	if (patience_cancelled(patience))
		return err_set(e, BLAME_USER, ECANCELED, "planning was cancelled");
	*ret_cut = patience_left_ns(patience) == 0;
	return 0;
}

int cover_improve(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t least,
		  uint64_t looks, bool *ret_cut, struct err *e)
{
	struct improve im;
	int r = 0;

	if (rows->count == 0 || cover_space_tuples(greedy->space) > TUPLES_MAX)
		return 0;
	improve_init(&im, greedy, rows);
	while (r == 0 && im.looks < looks && !*ret_cut) {
		if (im.missing_count > 0) {
			mend_one(&im);
			r = look_at_the_clock(&im, ret_cut, e);
			continue;
		}
		rows->count = im.count * im.columns;
		memcpy(rows->items, im.rows, rows->count * sizeof *rows->items);
		if (im.count <= least || im.count == im.must_count || im.count == 1)
			break;
		drop_row(&im, least_needed(&im));
	}
	improve_done(&im);
	return r;
}

/* Draws a cell by the weights, among the values with which nothing gets lost. */
static void prefer_cell(struct improve *im, size_t r, size_t c, const uint32_t *weights)
{
	uint16_t *row = row_at(im, r), chosen = row[c], old = row[c];
	size_t count = refs_of(im, row, c);
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		if (im->counts[im->refs[i].base + old * im->refs[i].stride] == 1)
			return;
	for (size_t v = 0; v < im->greedy->model->columns[c].values; v++) {
		if (weights[v] == 0 || !may_set(im, r, c, (uint16_t)v))
			continue;
		sum += weights[v];
		if (random_below(&im->greedy->random, sum) < weights[v])
			chosen = (uint16_t)v;
	}
	if (chosen != old)
		set_cell(im, r, c, chosen);
}

void cover_prefer(struct cover_greedy *greedy, struct cover_cells *rows)
{
	struct improve im;
	bool any = false;

	for (size_t c = 0; c < greedy->model->column_count; c++)
		any |= greedy->model->columns[c].weights != NULL;
	if (!any || rows->count == 0)
		return;
	improve_init(&im, greedy, rows);
	for (size_t r = 0; r < im.count; r++)
		for (size_t c = 0; c < im.columns; c++)
			if (greedy->model->columns[c].weights)
				prefer_cell(&im, r, c, greedy->model->columns[c].weights);
	memcpy(rows->items, im.rows, rows->count * sizeof *rows->items);
	improve_done(&im);
}
