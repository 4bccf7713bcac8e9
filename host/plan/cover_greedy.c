/* SPDX-License-Identifier: Apache-2.0 */
/* One row after another, until nothing is open. */
#include "host/plan/cover_greedy.h"

#include <string.h>

#include "base/text.h"

#define STATES_MAX    (32U << 20) /* words: a quarter of a GiB */
#define TRIES_QUICK   2000	  /* values tried for a row before it is made carefully */
#define TRIES_CAREFUL 2000000
#define WINDOW	      4096 /* sets among which the one with most open tuples begins a row */
#define CANDIDATES    50   /* rows of which the best is taken: AETG's number */
#define POLISH_ROUNDS 1	   /* more of them cost as much as they gain */

static size_t bound_columns(const struct cover_rules *rules)
{
	size_t bound = 0;

	for (size_t c = 0; c < rules->column_count; c++)
		bound += cover_rules_bind(rules, c);
	return bound;
}

static void mark(struct cover_greedy *greedy, uint32_t tuple, enum cover_tuple what)
{
	greedy->tuples[tuple] = (uint8_t)what;
	greedy->open_in_set[cover_space_set(greedy->space, tuple)]--;
	greedy->open--;
	greedy->impossible += what == COVER_IMPOSSIBLE;
}

static bool is_in_focus(const struct cover_model *model, const struct cover_space *space,
			size_t set)
{
	bool focus = model->focus == NULL;

	for (unsigned i = 0; i < space->ways && !focus; i++)
		focus = model->focus[space->members[set * space->ways + i]];
	return focus;
}

static bool has_all(const struct cover_space *space, size_t set, const uint16_t *row)
{
	for (unsigned i = 0; i < space->ways; i++)
		if (row[space->members[set * space->ways + i]] == COVER_ANY)
			return false;
	return true;
}

void cover_greedy_open(const struct cover_model *model, const struct cover_space *space,
		       uint8_t *tuples)
{
	for (size_t s = 0; s < space->set_count; s++) {
		memset(tuples + space->offset[s],
		       is_in_focus(model, space, s) ? COVER_OPEN : COVER_GIVEN,
		       space->offset[s + 1] - space->offset[s]);
		for (size_t r = 0; r < model->covered_count; r++) {
			const uint16_t *row = model->covered + r * model->column_count;
			if (has_all(space, s, row))
				tuples[cover_space_encode(space, s, row)] = COVER_GIVEN;
		}
	}
}

static void count_open_tuples(struct cover_greedy *greedy)
{
	const struct cover_space *space = greedy->space;

	for (size_t s = 0; s < space->set_count; s++) {
		for (uint32_t t = space->offset[s]; t < space->offset[s + 1]; t++)
			greedy->open_in_set[s] += greedy->tuples[t] == COVER_OPEN;
		greedy->open += greedy->open_in_set[s];
	}
	greedy->given = cover_space_tuples(space) - greedy->open;
}

static size_t most_values(const struct cover_model *model)
{
	size_t most = 0;

	for (size_t c = 0; c < model->column_count; c++)
		if (model->columns[c].values > most)
			most = model->columns[c].values;
	return most;
}

int cover_greedy_init(struct cover_greedy *greedy, const struct cover_model *model,
		      const struct cover_space *space, struct cover_rules *rules,
		      const struct cover_options *options, struct err *e)
{
	size_t depths = bound_columns(rules) + 2, columns = model->column_count;

	if (depths * rules->state_words > STATES_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "the rules have too many rows for so many columns");
	*greedy = (struct cover_greedy){.model = model,
					.space = space,
					.rules = rules,
					.patience = options->patience,
					.random = {options->seed}};
	greedy->tuples = xnew(cover_space_tuples(space));
	greedy->open_in_set = xnew(space->set_count * sizeof *greedy->open_in_set);
	greedy->order = xnew(columns * sizeof *greedy->order);
	greedy->placed = xnew(columns * sizeof *greedy->placed);
	greedy->refs = xnew(space->through_max * sizeof *greedy->refs);
	greedy->gains = xnew(most_values(model) * sizeof *greedy->gains);
	greedy->best = xnew(most_values(model) * sizeof *greedy->best);
	greedy->states = xnew((depths * rules->state_words + 1) * sizeof *greedy->states);
	cover_greedy_open(model, space, greedy->tuples);
	count_open_tuples(greedy);
	return 0;
}

void cover_greedy_done(struct cover_greedy *greedy)
{
	free(greedy->tuples);
	free(greedy->open_in_set);
	free(greedy->order);
	free(greedy->placed);
	free(greedy->refs);
	free(greedy->gains);
	free(greedy->best);
	free(greedy->states);
	*greedy = (struct cover_greedy){0};
}

static void place(struct cover_greedy *greedy, size_t column, uint16_t value)
{
	size_t at = greedy->placed_count;

	greedy->row[column] = value;
	if (column >= greedy->space->column_count)
		return;
	greedy->placed_count++;
	for (; at > 0 && greedy->placed[at - 1] > column; at--)
		greedy->placed[at] = greedy->placed[at - 1];
	greedy->placed[at] = (uint16_t)column;
}

static void unplace(struct cover_greedy *greedy, size_t column)
{
	size_t at = 0;

	greedy->row[column] = COVER_ANY;
	if (column >= greedy->space->column_count)
		return;
	while (greedy->placed[at] != column)
		at++;
	greedy->placed_count--;
	for (; at < greedy->placed_count; at++)
		greedy->placed[at] = greedy->placed[at + 1];
}

/* How many open tuples each value of a column would close, together with what is placed. */
static void count_gains(struct cover_greedy *greedy, size_t column)
{
	size_t count = cover_space_through(greedy->space, column, greedy->placed,
					   greedy->placed_count, greedy->row, greedy->refs);
	size_t values = greedy->model->columns[column].values;

	memset(greedy->gains, 0, values * sizeof *greedy->gains);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *tuple = greedy->tuples + greedy->refs[i].base;
		for (size_t v = 0; v < values; v++, tuple += greedy->refs[i].stride)
			greedy->gains[v] += *tuple == COVER_OPEN;
	}
}

static uint16_t draw(struct cover_greedy *greedy, const uint32_t *weights, size_t count)
{
	uint64_t sum = 0;

	for (size_t i = 0; weights && i < count; i++)
		sum += weights[greedy->best[i]];
	if (sum == 0 || sum > UINT32_MAX)
		return greedy->best[random_below(&greedy->random, count)];
	uint64_t drawn = random_below(&greedy->random, sum);
	size_t i = 0;
	while (drawn >= weights[greedy->best[i]])
		drawn -= weights[greedy->best[i++]];
	return greedy->best[i];
}

/* The best of the values that are left in `state`; COVER_ANY: none is. */
static uint16_t best_value(struct cover_greedy *greedy, const uint64_t *state, size_t column)
{
	size_t count = 0;

	count_gains(greedy, column);
	for (size_t v = 0; v < greedy->model->columns[column].values; v++) {
		if (!cover_rules_allow(greedy->rules, state, column, v))
			continue;
		if (count > 0 && greedy->gains[v] < greedy->gains[greedy->best[0]])
			continue;
		if (count > 0 && greedy->gains[v] > greedy->gains[greedy->best[0]])
			count = 0;
		greedy->best[count++] = (uint16_t)v;
	}
	return count > 0 ? draw(greedy, greedy->model->columns[column].weights, count) : COVER_ANY;
}

/* Brings the column that is to be set next to order[depth]. */
static size_t next_column(struct cover_greedy *greedy, const uint64_t *state, size_t depth)
{
	size_t best = depth, fewest = SIZE_MAX;

	for (size_t i = depth; greedy->careful && i < greedy->order_count; i++) {
		size_t column = greedy->order[i];
		if (!cover_rules_bind(greedy->rules, column))
			continue;
		size_t left = cover_rules_left(greedy->rules, state, column);
		if (left < fewest) {
			best = i;
			fewest = left;
		}
	}
	uint16_t column = greedy->order[best];
	greedy->order[best] = greedy->order[depth];
	greedy->order[depth] = column;
	return column;
}

/* Sets order[depth] and all after it: 1, 0 when that cannot be done, -1 when the tries ran out. */
static int set_from(struct cover_greedy *greedy, uint64_t *state, size_t depth)
{
	if (depth == greedy->order_count)
		return 1;
	size_t column = next_column(greedy, state, depth), words = greedy->rules->state_words;
	if (!cover_rules_bind(greedy->rules, column)) {
		place(greedy, column, best_value(greedy, state, column));
		int r = set_from(greedy, state, depth + 1);
		if (r != 1)
			unplace(greedy, column);
		return r;
	}
	for (;;) {
		uint16_t value = best_value(greedy, state, column);
		if (value == COVER_ANY)
			return 0;
		if (greedy->tries_left-- == 0)
			return -1;
		memcpy(state + words, state, words * sizeof *state);
		if (cover_rules_set(greedy->rules, state + words, column, value)) {
			place(greedy, column, value);
			int r = set_from(greedy, state + words, depth + 1);
			if (r != 0)
				return r;
			unplace(greedy, column);
		}
		if (!cover_rules_refute(greedy->rules, state, column, value))
			return 0;
	}
}

static void shuffle(struct cover_greedy *greedy)
{
	for (size_t i = greedy->order_count; i > 1; i--) {
		size_t j = random_below(&greedy->random, i);
		uint16_t kept = greedy->order[i - 1];
		greedy->order[i - 1] = greedy->order[j];
		greedy->order[j] = kept;
	}
}

/* Places what the row has, and lists what it has not. False: it breaks a rule. */
static bool begin(struct cover_greedy *greedy, const uint16_t *given)
{
	bool holds = true;

	greedy->placed_count = greedy->order_count = 0;
	memcpy(greedy->states, greedy->rules->root,
	       greedy->rules->state_words * sizeof *greedy->states);
	for (size_t c = 0; c < greedy->model->column_count && holds; c++) {
		greedy->row[c] = COVER_ANY;
		if (given[c] == COVER_ANY) {
			greedy->order[greedy->order_count++] = (uint16_t)c;
			continue;
		}
		holds = cover_rules_set(greedy->rules, greedy->states, c, given[c]);
		place(greedy, c, given[c]);
	}
	shuffle(greedy);
	return holds;
}

int cover_greedy_complete(struct cover_greedy *greedy, uint16_t *row, struct err *e)
{
	CLEAN_FREE uint16_t *given = xnew(greedy->model->column_count * sizeof *given);
	int r = -1;

	memcpy(given, row, greedy->model->column_count * sizeof *given);
	greedy->row = row;
	for (int pass = 0; pass < 2 && r < 0; pass++) {
		if (!begin(greedy, given))
			return 0;
		greedy->careful = pass == 1;
		greedy->tries_left = greedy->careful ? TRIES_CAREFUL : TRIES_QUICK;
		r = set_from(greedy, greedy->states, 0);
	}
	if (r < 0)
		return err_set(
			e, BLAME_USER, EOVERFLOW,
			"the rules are too entangled: after %u tries it is not known whether "
			"a combination is valid",
			TRIES_CAREFUL);
	return r;
}

void cover_greedy_cover(struct cover_greedy *greedy, const uint16_t *row)
{
	for (size_t s = 0; s < greedy->space->set_count; s++) {
		if (greedy->open_in_set[s] == 0)
			continue;
		uint32_t tuple = cover_space_encode(greedy->space, s, row);
		if (greedy->tuples[tuple] == COVER_OPEN) {
			greedy->tuples[tuple] = COVER_COVERED;
			greedy->open_in_set[s]--;
			greedy->open--;
		}
	}
}

static uint64_t count_open(const struct cover_greedy *greedy, const uint16_t *row)
{
	uint64_t open = 0;

	for (size_t s = 0; s < greedy->space->set_count; s++)
		if (greedy->open_in_set[s] > 0)
			open += greedy->tuples[cover_space_encode(greedy->space, s, row)] ==
				COVER_OPEN;
	return open;
}

/* The set with most open tuples, of those after a random one. */
static size_t choose_set(struct cover_greedy *greedy)
{
	size_t count = greedy->space->set_count, at = random_below(&greedy->random, count);
	size_t best = at;

	for (size_t i = 0; i < count && (i < WINDOW || greedy->open_in_set[best] == 0); i++) {
		if (greedy->open_in_set[at] > greedy->open_in_set[best])
			best = at;
		at = at + 1 == count ? 0 : at + 1;
	}
	return best;
}

static uint32_t choose_tuple(struct cover_greedy *greedy, size_t set)
{
	uint32_t first = greedy->space->offset[set], last = greedy->space->offset[set + 1];
	uint32_t tuple = first + (uint32_t)random_below(&greedy->random, last - first);

	while (greedy->tuples[tuple] != COVER_OPEN)
		tuple = tuple + 1 == last ? first : tuple + 1;
	return tuple;
}

/* A row that holds an open tuple. 0: none is open any more. */
static int make_row(struct cover_greedy *greedy, uint16_t *row, struct err *e)
{
	while (greedy->open > 0) {
		uint16_t values[COVER_WAYS_MAX];
		uint32_t tuple = choose_tuple(greedy, choose_set(greedy));
		const uint16_t *columns = cover_space_decode(greedy->space, tuple, values);
		for (size_t c = 0; c < greedy->model->column_count; c++)
			row[c] = COVER_ANY;
		for (unsigned i = 0; i < greedy->space->ways; i++)
			row[columns[i]] = values[i];
		int r = cover_greedy_complete(greedy, row, e);
		if (r != 0)
			return r;
		mark(greedy, tuple, COVER_IMPOSSIBLE);
		if (greedy->impossible % 256 == 0 && greedy->patience &&
		    patience_cancelled(greedy->patience))
			return err_set(e, BLAME_USER, ECANCELED, "planning was cancelled");
	}
	return 0;
}

/* Changes one cell after the other to a value with more gain, until a round changes nothing. */
static void polish(struct cover_greedy *greedy, uint16_t *row)
{
	size_t columns = greedy->space->column_count, idle = 0;

	greedy->row = row;
	for (greedy->placed_count = 0; greedy->placed_count < columns; greedy->placed_count++)
		greedy->placed[greedy->placed_count] = (uint16_t)greedy->placed_count;
	for (size_t n = 0; n < POLISH_ROUNDS * columns && idle < columns; n++) {
		size_t column = n % columns;
		uint16_t best = row[column], kept = best;
		unplace(greedy, column);
		count_gains(greedy, column);
		for (size_t v = 0; v < greedy->space->values[column]; v++) {
			row[column] = (uint16_t)v;
			if (greedy->gains[v] > greedy->gains[best] &&
			    cover_rules_keep_at(greedy->rules, row, column))
				best = (uint16_t)v;
		}
		place(greedy, column, best);
		idle = best == kept ? idle + 1 : 0;
	}
}

/* The best of some candidates. */
static int best_row(struct cover_greedy *greedy, uint16_t *row, uint16_t *candidate,
		    unsigned candidates, struct err *e)
{
	size_t bytes = greedy->model->column_count * sizeof *row;
	uint64_t best = 0;
	int r = 0;

	for (unsigned i = 0; i < candidates; i++) {
		r = make_row(greedy, candidate, e);
		if (r <= 0)
			break;
		polish(greedy, candidate);
		uint64_t open = count_open(greedy, candidate);
		if (open > best) {
			best = open;
			memcpy(row, candidate, bytes);
		}
	}
	return r < 0 ? r : best > 0;
}

/* How many rows may be tried for each that is taken: making one looks at about a tuple for each value of each set. */
static unsigned candidates_for(const struct cover_greedy *greedy, uint64_t looks)
{
	const struct cover_space *space = greedy->space;
	uint64_t largest = 1;

	for (size_t s = 0; s < space->set_count; s++)
		if (space->offset[s + 1] - space->offset[s] > largest)
			largest = space->offset[s + 1] - space->offset[s];
	uint64_t row =
		(1 + POLISH_ROUNDS * space->ways) * space->set_count * (space->values_max + 1) / 2 +
		1;
	if (bound_columns(greedy->rules) > 0)
		row += 64 * greedy->rules->state_words;
	uint64_t candidates = looks / (row * 2 * largest);
	return candidates < 1 ? 1 : candidates > CANDIDATES ? CANDIDATES : (unsigned)candidates;
}

int cover_greedy_add(struct cover_cells *rows, const uint16_t *row, size_t columns, struct err *e)
{
	for (size_t c = 0; c < columns; c++)
		if (!vec_add(rows, row[c]))
			return err_set(e, BLAME_USER, E2BIG,
				       "more than %u rows are needed: ask for fewer ways, or fewer "
				       "values",
				       COVER_ROWS_MAX);
	return 0;
}

int cover_greedy_fill(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t looks,
		      struct err *e)
{
	size_t columns = greedy->model->column_count;
	CLEAN_FREE uint16_t *row = xnew(columns * sizeof *row);
	CLEAN_FREE uint16_t *candidate = xnew(columns * sizeof *candidate);
	unsigned candidates = candidates_for(greedy, looks);

	for (;;) {
		int r = best_row(greedy, row, candidate, candidates, e);
		if (r <= 0)
			return r;
		cover_greedy_cover(greedy, row);
		r = cover_greedy_add(rows, row, columns, e);
		if (r < 0)
			return r;
		if (greedy->patience && patience_cancelled(greedy->patience))
			return err_set(e, BLAME_USER, ECANCELED, "planning was cancelled");
	}
}
