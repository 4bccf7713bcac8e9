/* SPDX-License-Identifier: Apache-2.0 */
/* From a model to rows: what must be there, the first answer, its improvement. */
#include "host/plan/cover.h"

#include <string.h>

#include "base/text.h"
#include "host/plan/cover_bound.h"
#include "host/plan/cover_improve.h"
#include "host/plan/cover_known.h"

#define FIRST_LOOKS	   5000000ULL /* hundredths of a second */
#define FIRST_IMPROVEMENT  4000000ULL
#define PREDICATE_ROWS_MAX (1U << 22)

static int check_column(const struct cover_column *column, size_t number, struct err *e)
{
	if (column->values == 0)
		return err_set(e, BLAME_USER, EINVAL, "column %zu has no value", number);
	if (column->values > COVER_VALUES_MAX)
		return err_set(e, BLAME_USER, E2BIG, "column %zu has %u values; %u are the most",
			       number, column->values, COVER_VALUES_MAX);
	for (size_t v = 0; column->weights && v < column->values; v++)
		if (column->weights[v] > COVER_WEIGHT_MAX)
			return err_set(e, BLAME_USER, EINVAL,
				       "column %zu, value %zu: a weight of %u; %u is the most",
				       number, v, column->weights[v], COVER_WEIGHT_MAX);
	return 0;
}

static int check_rows(const struct cover_model *model, const char *what, const uint16_t *rows,
		      size_t count, struct err *e)
{
	if (count > COVER_ROWS_MAX)
		return err_set(e, BLAME_USER, E2BIG, "%s: there are %zu; %u are the most", what,
			       count, COVER_ROWS_MAX);
	for (size_t i = 0; i < count * model->column_count; i++) {
		size_t column = i % model->column_count;
		if (rows[i] != COVER_ANY && rows[i] >= model->columns[column].values)
			return err_set(e, BLAME_USER, EINVAL, "%s %zu: column %zu has no value %u",
				       what, i / model->column_count, column, rows[i]);
	}
	return 0;
}

static int check_model(const struct cover_model *model, struct err *e)
{
	if (model->ways < 1 || model->ways > COVER_WAYS_MAX)
		return err_set(e, BLAME_USER, EINVAL, "%u ways: there may be 1 to %u", model->ways,
			       COVER_WAYS_MAX);
	if (model->column_count <= model->aside_count)
		return err_set(e, BLAME_USER, EINVAL, "there is no column to cover");
	if (model->column_count > COVER_COLUMNS_MAX)
		return err_set(e, BLAME_USER, E2BIG, "%zu columns; %u are the most",
			       model->column_count, COVER_COLUMNS_MAX);
	if (model->rule_count > COVER_RULES_MAX)
		return err_set(e, BLAME_USER, E2BIG, "%zu rules; %u are the most",
			       model->rule_count, COVER_RULES_MAX);
	for (size_t c = 0; c < model->column_count; c++) {
		int r = check_column(&model->columns[c], c, e);
		if (r < 0)
			return r;
	}
	int r = check_rows(model, "must row", model->must, model->must_count, e);
	return r < 0 ? r
		     : check_rows(model, "covered row", model->covered, model->covered_count, e);
}

static int add_must_rows(struct cover_greedy *greedy, struct cover_cells *rows, struct err *e)
{
	size_t columns = greedy->model->column_count;
	CLEAN_FREE uint16_t *row = xnew(columns * sizeof *row);

	for (size_t i = 0; i < greedy->model->must_count; i++) {
		memcpy(row, greedy->model->must + i * columns, columns * sizeof *row);
		int r = cover_greedy_complete(greedy, row, e);
		if (r < 0)
			return err_wrap(e, "must row %zu", i);
		if (r == 0)
			return err_set(e, BLAME_USER, EINVAL,
				       "must row %zu: no valid row has these values", i);
		cover_greedy_cover(greedy, row);
		r = cover_greedy_add(rows, row, columns, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int find_rows(struct cover_greedy *greedy, const struct cover_options *options,
		     struct cover_cells *rows, struct cover *cover, struct err *e)
{
	size_t columns = greedy->model->column_count;
	int r = add_must_rows(greedy, rows, e);

	if (r == 0)
		r = cover_greedy_fill(greedy, rows, FIRST_LOOKS, e);
	if (r < 0)
		return r;
	if (rows->count == 0 && greedy->given == 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "no combination is valid: the rules exclude each other");
	cover->impossible = greedy->impossible;
	cover->given = greedy->given;
	cover->wanted = cover_space_tuples(greedy->space) - greedy->impossible - greedy->given;
	cover->lower_bound = cover_bound(greedy);
	r = cover_improve(greedy, rows, cover->lower_bound, FIRST_IMPROVEMENT, &cover->cut_short,
			  e);
	cover->first_rows = rows->count / columns;
	if (r == 0 && options->effort > 0)
		cover_known(greedy, rows, options->effort, &cover->cut_short);
	if (r == 0 && options->effort > 0)
		r = cover_improve(greedy, rows, cover->lower_bound, options->effort,
				  &cover->cut_short, e);
	if (r < 0)
		return r;
	cover_prefer(greedy, rows);
	return 0;
}

static int find(struct cover_greedy *greedy, const struct cover_options *options,
		struct cover *cover, struct err *e)
{
	size_t columns = greedy->model->column_count;
	struct cover_cells rows = VEC_INIT(COVER_ROWS_MAX * columns);
	int r = find_rows(greedy, options, &rows, cover, e);

	cover->column_count = columns;
	cover->row_count = rows.count / columns;
	cover->rows = rows.items;
	return r;
}

/* All that stands on the model. What it has made is released by work_done, also after an error. */
struct work {
	struct cover_space space;
	struct cover_rules rules;
	struct cover_greedy greedy;
};

static void work_done(struct work *work)
{
	cover_greedy_done(&work->greedy);
	cover_rules_done(&work->rules);
	cover_space_done(&work->space);
}
DEFINE_CLEAN_DONE(work);

static int init_space(struct cover_space *space, const struct cover_model *model, struct err *e)
{
	size_t columns = model->column_count - model->aside_count;
	unsigned ways = columns < model->ways ? (unsigned)columns : model->ways;

	return cover_space_init(space, ways, model->columns, columns, e);
}

static int work_init(struct work *work, const struct cover_model *model,
		     const struct cover_options *options, struct err *e)
{
	int r = check_model(model, e);

	if (r == 0)
		r = init_space(&work->space, model, e);
	if (r == 0)
		r = cover_rules_init(&work->rules, model, e);
	if (r == 0)
		r = cover_greedy_init(&work->greedy, model, &work->space, &work->rules, options, e);
	return r;
}

int cover_find(const struct cover_model *model, const struct cover_options *options,
	       struct cover **ret, struct err *e)
{
	CLEAN_DONE(work) struct work work = {0};
	int r = work_init(&work, model, options, e);

	if (r < 0)
		return r;
	CLEANUP(cover) struct cover *cover = xnew(sizeof *cover);
	r = find(&work.greedy, options, cover, e);
	if (r == 0)
		*ret = STEAL_PTR(cover);
	return r;
}

int cover_possible(const struct cover_model *model, const uint16_t *rows, size_t count,
		   bool *ret_possible, struct err *e)
{
	CLEAN_DONE(work) struct work work = {0};
	struct cover_options options = {0};
	int r = work_init(&work, model, &options, e);

	if (r == 0)
		r = check_rows(model, "row", rows, count, e);
	if (r < 0)
		return r;
	CLEAN_FREE uint16_t *row = xnew(model->column_count * sizeof *row);
	for (size_t i = 0; i < count; i++) {
		memcpy(row, rows + i * model->column_count, model->column_count * sizeof *row);
		r = cover_greedy_complete(&work.greedy, row, e);
		if (r < 0)
			return r;
		ret_possible[i] = r > 0;
	}
	return 0;
}

void cover_free(struct cover *cover)
{
	if (!cover)
		return;
	free(cover->rows);
	free(cover);
}

int cover_explain(const struct cover_model *model, const struct cover *cover, cover_first *first,
		  void *arg, struct err *e)
{
	CLEAN_DONE(cover_space) struct cover_space space = {0};
	int r = init_space(&space, model, e);

	if (r < 0)
		return r;
	CLEAN_FREE uint8_t *tuples = xnew(cover_space_tuples(&space));
	cover_greedy_open(model, &space, tuples);
	for (size_t row = 0; row < cover->row_count; row++)
		for (size_t s = 0; s < space.set_count; s++) {
			uint16_t values[COVER_WAYS_MAX];
			uint32_t tuple = cover_space_encode(&space, s, cover_row(cover, row));
			if (tuples[tuple] != COVER_OPEN)
				continue;
			tuples[tuple] = COVER_COVERED;
			first(arg, row, cover_space_decode(&space, tuple, values), values,
			      space.ways);
		}
	return 0;
}

/* The next combination of values, the last column's value first. False after the last. */
static bool next_values(const struct cover_column *all, const uint16_t *columns, size_t count,
			uint16_t *values)
{
	for (size_t i = count; i-- > 0;) {
		if (++values[i] < all[columns[i]].values)
			return true;
		values[i] = 0;
	}
	return false;
}

int cover_rule_of(const struct cover_column *all, const char *name, const uint16_t *columns,
		  size_t column_count, cover_holds *holds, const void *context,
		  struct cover_rule *ret, struct err *e)
{
	struct cover_cells rows = VEC_INIT(COVER_RULE_ROWS_MAX * column_count);
	uint16_t values[COVER_RULE_COLUMNS_MAX] = {0};
	uint64_t combinations = 1;
	bool fits = true;

	for (size_t i = 0; i < column_count && combinations <= PREDICATE_ROWS_MAX; i++)
		combinations *= all[columns[i]].values;
	if (column_count > COVER_RULE_COLUMNS_MAX || combinations > PREDICATE_ROWS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "rule %s: its columns have more than %u combinations of values",
			       name, PREDICATE_ROWS_MAX);
	do {
		bool kept = holds(values, context);
		for (size_t i = 0; kept && fits && i < column_count; i++)
			fits = vec_add(&rows, values[i]);
	} while (fits && next_values(all, columns, column_count, values));
	if (fits && rows.count > 0) {
		*ret = (struct cover_rule){.name = name,
					   .columns = columns,
					   .column_count = column_count,
					   .rows = rows.items,
					   .row_count = rows.count / column_count};
		return 0;
	}
	vec_done(&rows);
	return fits ? err_set(e, BLAME_USER, EINVAL, "rule %s: it allows nothing", name)
		    : err_set(e, BLAME_USER, E2BIG, "rule %s: it allows more than %u combinations",
			      name, COVER_RULE_ROWS_MAX);
}
