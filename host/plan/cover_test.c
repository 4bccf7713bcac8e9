/* SPDX-License-Identifier: Apache-2.0 */
/* Covering arrays against a checker that knows nothing of how they are made: it walks through all rows of small models. */
#include "host/plan/cover.h"

#include <fcntl.h>
#include <string.h>

#include "base/random.h"
#include "base/test.h"
#include "base/text.h"

#define SMALL_COLUMNS 6
#define SMALL_VALUES  4
#define SMALL_RULES   4
#define SMALL_ROWS    4096 /* SMALL_VALUES to the power of SMALL_COLUMNS */

/* A model with its memory. */
struct small {
	struct cover_model model;
	struct cover_column columns[SMALL_COLUMNS];
	uint32_t weights[SMALL_COLUMNS][SMALL_VALUES];
	struct cover_rule rules[SMALL_RULES];
	uint16_t rule_columns[SMALL_RULES][3], rule_rows[SMALL_RULES][3 * 64];
	uint16_t must[3 * SMALL_COLUMNS];
};

static void add_rule(struct small *small, struct random *random)
{
	size_t r = small->model.rule_count++, width = 1 + random_below(random, 3), count = 0;
	size_t from = random_below(random, small->model.column_count);
	uint16_t *rows = small->rule_rows[r], values[3] = {0};

	width = width < small->model.column_count ? width : small->model.column_count;
	for (size_t i = 0; i < width; i++)
		small->rule_columns[r][i] = (uint16_t)((from + i) % small->model.column_count);
	for (size_t at = 0; at < width;) {
		/* Two of three combinations are allowed, and always the last, so that some row is. */
		size_t i = 0;
		bool last = true;
		for (i = 0; i < width; i++)
			last &= values[i] + 1 == small->columns[small->rule_columns[r][i]].values;
		if (last || random_below(random, 3) > 0)
			memcpy(rows + count++ * width, values, width * sizeof *values);
		for (at = 0; at < width; at++) {
			if (++values[at] < small->columns[small->rule_columns[r][at]].values)
				break;
			values[at] = 0;
		}
	}
	small->rules[r] = (struct cover_rule){"r", small->rule_columns[r], width, rows, count};
}

static void make_small(struct small *small, struct random *random)
{
	*small = (struct small){0};
	small->model = (struct cover_model){.ways = 1 + (unsigned)random_below(random, 4),
					    .columns = small->columns,
					    .column_count = 1 + random_below(random, SMALL_COLUMNS),
					    .rules = small->rules,
					    .must = small->must};
	for (size_t c = 0; c < small->model.column_count; c++) {
		small->columns[c].values = (uint16_t)(1 + random_below(random, SMALL_VALUES));
		if (random_below(random, 3) == 0)
			small->columns[c].weights = small->weights[c];
		for (size_t v = 0; v < SMALL_VALUES; v++)
			small->weights[c][v] = (uint32_t)random_below(random, 5);
	}
	for (size_t n = random_below(random, SMALL_RULES + 1); n > 0; n--)
		add_rule(small, random);
	/* The last values keep every rule, so a row with some of them can be completed. */
	small->model.must_count = random_below(random, 3);
	for (size_t i = 0; i < small->model.must_count * small->model.column_count; i++) {
		uint16_t last =
			(uint16_t)(small->columns[i % small->model.column_count].values - 1);
		small->must[i] = random_below(random, 2) ? last : COVER_ANY;
	}
}

static bool is_valid(const struct cover_model *model, const uint16_t *row)
{
	for (const struct cover_rule *rule = model->rules; rule < model->rules + model->rule_count;
	     rule++) {
		bool found = false;
		for (size_t r = 0; r < rule->row_count && !found; r++) {
			found = true;
			for (size_t i = 0; i < rule->column_count; i++)
				found &= rule->rows[r * rule->column_count + i] ==
					 row[rule->columns[i]];
		}
		if (!found)
			return false;
	}
	return true;
}

/* All valid rows; returns how many. */
static size_t enumerate(const struct cover_model *model, uint16_t *rows)
{
	uint16_t row[SMALL_COLUMNS] = {0};
	size_t count = 0, at = 0;

	while (at < model->column_count) {
		if (is_valid(model, row))
			memcpy(rows + count++ * model->column_count, row,
			       model->column_count * sizeof *row);
		for (at = 0; at < model->column_count; at++) {
			if (++row[at] < model->columns[at].values)
				break;
			row[at] = 0;
		}
	}
	return count;
}

/* A tuple as a number: a digit for each column, 0 for one that is not in it. */
static uint32_t tuple_of(const uint16_t *row, unsigned columns, size_t count)
{
	uint32_t tuple = 0;

	for (size_t c = 0; c < count; c++)
		tuple = tuple * (SMALL_VALUES + 1) + (columns >> c & 1 ? row[c] + 1U : 0);
	return tuple;
}

#define MODEL(w, c, count, r, rs, m, ms)                                                           \
	{                                                                                          \
		.ways = w, .columns = c, .column_count = count, .rules = r, .rule_count = rs,      \
		.must = m, .must_count = ms                                                        \
	}

#define SMALL_TUPLES 15625 /* SMALL_VALUES + 1 to the power of SMALL_COLUMNS */

/* Marks the tuples that the rows hold; returns how many there are. */
static uint64_t mark_tuples(const struct cover_model *model, const uint16_t *rows, size_t count,
			    bool *seen)
{
	size_t columns = model->column_count;
	int ways = (int)(model->ways < columns ? model->ways : columns);
	uint64_t found = 0;

	memset(seen, 0, SMALL_TUPLES);
	for (unsigned set = 0; set < 1U << columns; set++)
		for (size_t r = 0; r < count && __builtin_popcount(set) == ways; r++) {
			bool *one = &seen[tuple_of(rows + r * columns, set, columns)];
			found += !*one;
			*one = true;
		}
	return found;
}

static uint64_t all_tuples(const struct cover_model *model)
{
	size_t columns = model->column_count;
	int ways = (int)(model->ways < columns ? model->ways : columns);
	uint64_t all = 0;

	for (unsigned set = 0; set < 1U << columns; set++) {
		uint64_t size = __builtin_popcount(set) == ways;
		for (size_t c = 0; c < columns; c++)
			size *= set >> c & 1 ? model->columns[c].values : 1;
		all += size;
	}
	return all;
}

static void expect_must(const struct cover_model *model, const struct cover *cover)
{
	bool kept = cover->row_count >= model->must_count;

	for (size_t i = 0; kept && i < model->must_count * model->column_count; i++)
		kept = model->must[i] == COVER_ANY || model->must[i] == cover->rows[i];
	EXPECT(kept);
}

static void expect_right(const struct cover_model *model, const struct cover *cover)
{
	static uint16_t valid[SMALL_ROWS * SMALL_COLUMNS];
	static bool possible[SMALL_TUPLES], covered[SMALL_TUPLES];
	size_t count = enumerate(model, valid);
	uint64_t wanted = mark_tuples(model, valid, count, possible);
	bool all_valid = true;

	EXPECT_NUMBER(mark_tuples(model, cover->rows, cover->row_count, covered), wanted);
	EXPECT(memcmp(possible, covered, sizeof covered) == 0);
	EXPECT_NUMBER(cover->wanted, wanted);
	EXPECT_NUMBER(cover->impossible, all_tuples(model) - wanted);
	for (size_t r = 0; r < cover->row_count; r++)
		all_valid &= is_valid(model, cover_row(cover, r));
	EXPECT(all_valid);
	EXPECT(cover->lower_bound <= cover->row_count &&
	       cover->row_count <= count + model->must_count);
	expect_must(model, cover);
}

TEST(cover, small_models_are_covered_and_nothing_else)
{
	struct random random = {7};
	struct err e = {0};

	for (int n = 0; n < 150; n++) {
		struct small small;
		make_small(&small, &random);
		struct cover_options options = {.seed = (uint64_t)n, .effort = 20000};
		CLEANUP(cover) struct cover *cover = NULL;
		int r = cover_find(&small.model, &options, &cover, &e);
		EXPECT_TEXT(e.text, "");
		if (r == 0)
			expect_right(&small.model, cover);
	}
}

TEST(cover, same_seed_same_rows)
{
	struct random random = {8};
	struct err e = {0};
	size_t others = 0;

	for (int n = 0; n < 20; n++) {
		struct small small;
		make_small(&small, &random);
		struct cover_options options = {.seed = 5, .effort = 20000};
		CLEANUP(cover) struct cover *one = NULL, *two = NULL, *other = NULL;
		EXPECT(cover_find(&small.model, &options, &one, &e) == 0);
		EXPECT(cover_find(&small.model, &options, &two, &e) == 0);
		options.seed = 6;
		EXPECT(cover_find(&small.model, &options, &other, &e) == 0);
		size_t bytes = one->row_count * one->column_count * sizeof *one->rows;
		EXPECT(one->row_count == two->row_count);
		EXPECT(memcmp(one->rows, two->rows, bytes) == 0);
		others += other->row_count != one->row_count ||
			  memcmp(one->rows, other->rows, bytes) != 0;
	}
	EXPECT(others > 0);
}

/* Published figures of pairwise.org, and those that are known to be the best. */
static const struct figure {
	unsigned ways;
	int values[3], columns[3];
	size_t most, bound;
} figures[] = {
	{2, {3}, {4}, 9, 9},
	{2, {3}, {13}, 18, 9},
	{2, {4, 3, 2}, {15, 17, 29}, 37, 16},
	{2, {4, 3, 2}, {1, 39, 35}, 27, 12},
	{2, {2}, {100}, 10, 10},
	{2, {10}, {20}, 210, 100},
	{3, {2}, {12}, 18, 14},
	{6, {2}, {7}, 64, 64},
};

static bool shows_all_pairs(const struct cover_model *model, const struct cover *cover)
{
	for (size_t b = 1; b < model->column_count; b++)
		for (size_t a = 0; a < b; a++) {
			bool seen[10][10] = {0};
			size_t count = 0;
			for (size_t r = 0; r < cover->row_count; r++) {
				bool *one = &seen[cover_row(cover, r)[a]][cover_row(cover, r)[b]];
				count += !*one;
				*one = true;
			}
			if (count != (size_t)model->columns[a].values * model->columns[b].values)
				return false;
		}
	return true;
}

TEST(cover, rows_are_few)
{
	struct err e = {0};

	for (const struct figure *f = figures; f < figures + ARRAY_LEN(figures); f++) {
		struct cover_column columns[100] = {0};
		struct cover_model model = {.ways = f->ways, .columns = columns};
		struct cover_options options = {.seed = 1};
		CLEANUP(cover) struct cover *cover = NULL;
		for (size_t i = 0; i < ARRAY_LEN(f->values); i++)
			for (int n = 0; n < f->columns[i]; n++)
				columns[model.column_count++].values = (uint16_t)f->values[i];
		EXPECT(cover_find(&model, &options, &cover, &e) == 0);
		EXPECT(cover && cover->row_count <= f->most);
		EXPECT(shows_all_pairs(&model, cover));
		EXPECT_NUMBER(cover->lower_bound, f->bound);
		EXPECT_NUMBER(cover->impossible, 0);
	}
}

/* True when all tuples of three columns are there; two ways are shows_all_pairs' business. */
static bool shows_all_triples(const struct cover_model *model, const struct cover *cover)
{
	size_t k = model->column_count;

	for (size_t n = 0; n < k * k * k; n++) {
		size_t a = n / k / k, b = n / k % k, c = n % k, count = 0;
		bool seen[512] = {0};
		if (a >= b || b >= c)
			continue;
		for (size_t r = 0; r < cover->row_count; r++) {
			const uint16_t *row = cover_row(cover, r);
			bool *one = &seen[(row[a] * 8 + row[b]) * 8 + row[c]];
			count += !*one;
			*one = true;
		}
		if (count != (size_t)model->columns[a].values * model->columns[b].values *
				     model->columns[c].values)
			return false;
	}
	return true;
}

/* Models for which the rows are written down: fields of 2, 3, 4, 5, 7, 8 and 9 elements, doubling, starters. */
static const struct equal {
	unsigned ways;
	uint16_t values, columns, lacking; /* so many columns have a value less */
	size_t most;
} equals[] = {
	{2, 4, 5, 0, 16},   {2, 7, 8, 0, 49},	{2, 8, 9, 1, 64},   {2, 9, 10, 0, 81},
	{3, 3, 4, 0, 27},   {3, 4, 5, 2, 64},	{3, 5, 6, 0, 125},  {3, 8, 9, 0, 512},
	{3, 4, 10, 3, 112}, {3, 5, 12, 0, 225}, {2, 8, 16, 1, 112}, {2, 9, 20, 0, 150},
};

TEST(cover, equal_columns_have_rows_that_are_known)
{
	struct err e = {0};

	for (const struct equal *it = equals; it < equals + ARRAY_LEN(equals); it++) {
		struct cover_column columns[20] = {0};
		struct cover_model model = MODEL(it->ways, columns, it->columns, NULL, 0, NULL, 0);
		struct cover_options options = {.seed = 1, .effort = 10000000};
		CLEANUP(cover) struct cover *cover = NULL;
		for (size_t c = 0; c < it->columns; c++)
			columns[c].values = (uint16_t)(it->values - (c < it->lacking));
		EXPECT(cover_find(&model, &options, &cover, &e) == 0);
		EXPECT(it->ways == 2 ? shows_all_pairs(&model, cover)
				     : shows_all_triples(&model, cover));
		EXPECT(cover->row_count <= it->most);
		if (cover->row_count > it->most)
			EXPECT_NUMBER(cover->row_count, it->most);
	}
}

static const uint16_t same[] = {0, 0, 1, 1}, differ[] = {0, 1, 1, 0};
static const uint16_t ab[] = {0, 1}, bc[] = {1, 2}, ca[] = {2, 0};
static const struct cover_column bits[] = {{2, NULL}, {2, NULL}, {2, NULL}};

TEST(cover, what_two_rules_exclude_together_is_impossible)
{
	const struct cover_rule rules[] = {{"a is b", ab, 2, same, 2}, {"b is c", bc, 2, same, 2}};
	struct cover_model model = MODEL(2, bits, 3, rules, 2, NULL, 0);
	struct cover_options options = {.seed = 1};
	CLEANUP(cover) struct cover *cover = NULL;
	struct err e = {0};

	EXPECT(cover_find(&model, &options, &cover, &e) == 0);
	EXPECT_NUMBER(cover->row_count, 2);
	EXPECT_NUMBER(cover->wanted, 6);
	EXPECT_NUMBER(cover->impossible, 6);
	EXPECT_NUMBER(cover->lower_bound, 2);
}

/* Propagation alone sees nothing wrong in three columns of two values that all differ. */
TEST(cover, rules_that_exclude_each_other_are_refused)
{
	const struct cover_rule rules[] = {{"a is not b", ab, 2, differ, 2},
					   {"b is not c", bc, 2, differ, 2},
					   {"c is not a", ca, 2, differ, 2}};
	struct cover_model model = MODEL(2, bits, 3, rules, 3, NULL, 0);
	struct cover_options options = {.seed = 1};
	struct cover *cover = NULL;
	struct err e = {0};

	EXPECT_NUMBER(cover_find(&model, &options, &cover, &e), -EINVAL);
	EXPECT_TEXT(e.text, "no combination is valid: the rules exclude each other");
	EXPECT(e.blame == BLAME_USER && cover == NULL);
}

static const uint16_t must_break[] = {0, 1, COVER_ANY}, must_strange[] = {0, 2, 0};
static const uint16_t twice[] = {1, 1}, strange_column[] = {0, 3}, strange_value[] = {0, 2};
static const struct cover_column none[] = {{0, NULL}}, many[] = {{COVER_VALUES_MAX + 1, NULL}};
static const struct cover_column large[] = {{4000, NULL}, {4000, NULL}, {4000, NULL}, {4000, NULL}};
static const uint32_t too_heavy[] = {1, COVER_WEIGHT_MAX + 1};
static const struct cover_column heavy[] = {{2, too_heavy}};

static const struct refused {
	struct cover_model model;
	struct cover_rule rule;
	const char *text;
} refused[] = {
	{MODEL(0, bits, 3, NULL, 0, NULL, 0), {0}, "0 ways: there may be 1 to 6"},
	{MODEL(7, bits, 3, NULL, 0, NULL, 0), {0}, "7 ways: there may be 1 to 6"},
	{MODEL(2, bits, 0, NULL, 0, NULL, 0), {0}, "there is no column to cover"},
	{MODEL(2, bits, 2000, NULL, 0, NULL, 0), {0}, "2000 columns; 1024 are the most"},
	{MODEL(2, none, 1, NULL, 0, NULL, 0), {0}, "column 0 has no value"},
	{MODEL(2, many, 1, NULL, 0, NULL, 0), {0}, "column 0 has 10001 values; 10000 are the most"},
	{MODEL(2, heavy, 1, NULL, 0, NULL, 0),
	 {0},
	 "column 0, value 1: a weight of 100001; 100000 is the most"},
	{MODEL(2, large, 4, NULL, 0, NULL, 0),
	 {0},
	 "combinations of 2 values each are more than 33554432: ask for fewer ways, or fewer values"},
	{MODEL(2, bits, 3, NULL, 1, NULL, 0), {"x", ab, 2, same, 0}, "rule x: it allows nothing"},
	{MODEL(2, bits, 3, NULL, 1, NULL, 0),
	 {"x", ab, 0, same, 1},
	 "rule x: 0 columns; a rule may have 1 to 64"},
	{MODEL(2, bits, 3, NULL, 1, NULL, 0),
	 {"x", twice, 2, same, 2},
	 "rule x: it has column 1 twice"},
	{MODEL(2, bits, 3, NULL, 1, NULL, 0),
	 {"x", strange_column, 2, same, 2},
	 "rule x: there is no column 3"},
	{MODEL(2, bits, 3, NULL, 1, NULL, 0),
	 {"x", ab, 2, strange_value, 1},
	 "rule x, row 0: column 1 has no value 2"},
	{MODEL(2, bits, 3, NULL, 1, must_break, 1),
	 {"a is b", ab, 2, same, 2},
	 "must row 0: no valid row has these values"},
	{MODEL(2, bits, 3, NULL, 0, must_strange, 1), {0}, "must row 0: column 1 has no value 2"},
};

TEST(cover, refuses_with_a_sentence)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		struct cover_model model = row->model;
		struct cover_options options = {.seed = 1};
		struct cover *cover = NULL;
		struct err e = {0};
		model.rules = &row->rule;
		EXPECT(cover_find(&model, &options, &cover, &e) < 0);
		EXPECT_TEXT(e.text, row->text);
		EXPECT(e.blame == BLAME_USER && cover == NULL);
	}
}

TEST(cover, ends_with_patience)
{
	struct cover_column columns[20];
	struct cover_model model = MODEL(2, columns, ARRAY_LEN(columns), NULL, 0, NULL, 0);
	struct patience patience = patience_for(-1, 0);
	struct cover_options options = {1, COVER_EFFORT * 1000, &patience};
	CLEANUP(cover) struct cover *cover = NULL;
	struct err e = {0};
	int pipe_fds[2];

	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		columns[c] = (struct cover_column){.values = 10};
	EXPECT(cover_find(&model, &options, &cover, &e) == 0);
	EXPECT(cover && cover->cut_short && cover->row_count >= 100);
	EXPECT(pipe2(pipe_fds, O_CLOEXEC) == 0 && write(pipe_fds[1], "x", 1) == 1);
	patience = patience_for(pipe_fds[0], 3600 * NS_PER_S);
	struct cover *cancelled = NULL;
	EXPECT_NUMBER(cover_find(&model, &options, &cancelled, &e), -ECANCELED);
	EXPECT_TEXT(e.text, "planning was cancelled");
	EXPECT(cancelled == NULL);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* Pairs with the first two columns fill some ten rows; what the third has there matters to few of them. */
TEST(cover, weights_decide_where_nothing_else_does)
{
	const uint32_t weights[] = {1, 1000};
	const struct cover_column columns[] = {{5, NULL}, {5, NULL}, {2, weights}};
	struct cover_model model = MODEL(2, columns, 3, NULL, 0, NULL, 0);
	struct cover_options options = {.seed = 1, .effort = 100000};
	CLEANUP(cover) struct cover *cover = NULL;
	struct err e = {0};
	size_t preferred = 0;

	EXPECT(cover_find(&model, &options, &cover, &e) == 0);
	EXPECT_NUMBER(cover->row_count, 25);
	for (size_t r = 0; r < cover->row_count; r++)
		preferred += cover_row(cover, r)[2];
	EXPECT(preferred >= 14);
}

static bool adds_up(const uint16_t *values, const void *context)
{
	return values[0] + values[1] == *(const int *)context;
}

TEST(cover, a_predicate_becomes_a_rule)
{
	const struct cover_column columns[] = {{3, NULL}, {2, NULL}, {4, NULL}};
	const uint16_t of[] = {0, 2}, want[] = {0, 3, 1, 2, 2, 1};
	struct cover_rule rule;
	struct err e = {0};
	int sum = 3;

	EXPECT(cover_rule_of(columns, "sum", of, 2, adds_up, &sum, &rule, &e) == 0);
	EXPECT_NUMBER(rule.row_count, 3);
	EXPECT(memcmp(rule.rows, want, sizeof want) == 0);
	free((uint16_t *)(uintptr_t)rule.rows);
	sum = 9;
	EXPECT_NUMBER(cover_rule_of(columns, "sum", of, 2, adds_up, &sum, &rule, &e), -EINVAL);
	EXPECT_TEXT(e.text, "rule sum: it allows nothing");
	EXPECT_NUMBER(cover_rule_of(large, "sum", of, 2, adds_up, &sum, &rule, &e), -E2BIG);
	EXPECT_TEXT(e.text, "rule sum: its columns have more than 4194304 combinations of values");
}
