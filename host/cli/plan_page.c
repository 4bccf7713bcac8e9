/* SPDX-License-Identifier: Apache-2.0 */
/* assay plan, for people. */
#include <stdio.h>
#include <string.h>

#include "host/cli/plan_show.h"
#include "host/report/escape.h"

#define LISTED_MAX 20 /* more of a kind are read in --json */
#define NEEDS_MAX  12

static size_t count_run(const struct plan_cell *cell)
{
	size_t count = 0;

	vec_each (&cell->items, item)
		count += plan_show_is_run(item);
	return count;
}

static void add_head(const struct execution *x, struct text *out)
{
	const struct runbook *runbook = x->book->runbook;
	char span[CLOCK_SPAN_SIZE];
	size_t run = 0;

	vec_each (&x->plan->cells, cell)
		run += count_run(*cell);
	escape_terminal(out, runbook->title.text ? runbook->title.text : runbook->path, false);
	text_addf(out, "\n  %zu cell%s, %zu cases to run, %zu skipped\n", x->plan->cells.count,
		  x->plan->cells.count == 1 ? "" : "s", run, plan_item_count(x->plan) - run);
	text_addf(out, "  About %s", clock_span(execution_forecast_ns(x), span));
	if (x->jobs > 0 && plan_show_memory_mib(x) > 0)
		text_addf(out, ", %u machine%s at once", x->jobs, x->jobs == 1 ? "" : "s");
	if (plan_show_memory_mib(x) > 0)
		text_addf(out, ", with up to %llu MiB of memory",
			  (unsigned long long)plan_show_memory_mib(x));
	text_adds(out, "\n");
}

static void add_since(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	CLEAN_TEXT struct text changed = TEXT_INIT(65536);

	if (!plan_show_is_increment(x))
		return;
	book_describe_changed(book, NULL, &changed);
	text_addf(out, "  Beside %zu of the %zu cells of ", book->combine->kept,
		  book->former.cells);
	escape_terminal(out, x->arguments->book.since, false);
	text_adds(out, ", which still count; changed since: ");
	escape_terminal(out, changed.length > 0 ? changed.buf : "nothing", false);
	text_adds(out, "\n");
}

static void add_coverage(const struct execution_book *book, struct text *out)
{
	const struct combine *combine = book->combine;

	if (book->runbook->combine != RUNBOOK_WAYS)
		return;
	text_addf(out,
		  "  Every %u %s that can meet do: %llu combinations of them, in %zu cell%s "
		  "(at least %llu are needed)\n",
		  book->runbook->ways, book->runbook->over_traits ? "traits" : "values",
		  (unsigned long long)combine->wanted, combine->count,
		  combine->count == 1 ? "" : "s", (unsigned long long)combine->lower_bound);
	if (combine->impossible > 0)
		text_addf(out, "  %llu more can be in no cell%s\n",
			  (unsigned long long)combine->impossible,
			  combine->constraint_count > 0 ? " that the constraints allow" : "");
}

/* How wide an axis' column is; 0: it has no column, since all cells have the same item. */
static int width_of(const struct execution *x, const struct axis *axis, size_t index)
{
	int width = (int)strlen(axis->name);

	if (axis->items.count == 1)
		return 0;
	vec_each (&x->plan->cells, cell) {
		const char *name = axis->items.items[plan_show_items(x, *cell)[index]]->name.text;
		if ((int)strlen(name) > width)
			width = (int)strlen(name);
	}
	return width;
}

static void add_table(const struct execution *x, struct text *out)
{
	const struct axes *axes = &x->book->demand.axes;
	CLEAN_FREE uint64_t *spans_ns = book_cell_spans(x);
	char span[CLOCK_SPAN_SIZE];
	int widths[AXES_MAX];

	text_adds(out, "\n  CELL");
	for (size_t i = 0; i < axes->list.count; i++) {
		widths[i] = width_of(x, axes->list.items[i], i);
		if (widths[i])
			text_addf(out, "  %-*s", widths[i], axes->list.items[i]->name);
	}
	text_adds(out, "  CASES  SKIPPED  TIME\n");
	vec_each (&x->plan->cells, cell) {
		const uint32_t *items = plan_show_items(x, *cell);
		size_t run = count_run(*cell);
		text_addf(out, "  %4u", (*cell)->index);
		for (size_t i = 0; i < axes->list.count; i++)
			if (widths[i])
				text_addf(out, "  %-*s", widths[i],
					  axes->list.items[i]->items.items[items[i]]->name.text);
		text_addf(out, "  %5zu  %7zu  %s%s", run, (*cell)->items.count - run,
			  clock_span(spans_ns[(*cell)->index], span),
			  plan_show_is_must(x, *cell) ? ", must" : "");
		if ((*cell)->size.stand_in[0])
			text_addf(out, ", a stand-in with %s", (*cell)->size.stand_in);
		CLEAN_TEXT struct text why = TEXT_INIT(4096);
		plan_show_why(x, *cell, &why);
		if (why.length > 0) {
			text_adds(out, ", ");
			escape_terminal(out, why.buf, false);
		}
		text_adds(out, "\n");
	}
}

struct need_count {
	const char *need;
	size_t count;
};
DEFINE_VEC(need_counts, struct need_count);

static void count_need(struct need_counts *counts, const char *need)
{
	vec_each (counts, it)
		if (strcmp(it->need, need) == 0) {
			it->count++;
			return;
		}
	const struct need_count first = {need, 1};
	(void)vec_add(counts, first);
}

static int compare_counts(const void *a, const void *b)
{
	const struct need_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->need, y->need);
}

static void add_skips(const struct execution *x, struct text *out)
{
	struct need_counts counts = VEC_INIT(CATALOG_CASES_MAX);

	vec_each (&x->plan->cells, cell)
		vec_each (&(*cell)->items, item)
			if (!plan_show_is_run(item))
				count_need(&counts, item->need);
	if (counts.count > 0) {
		qsort(counts.items, counts.count, sizeof *counts.items, compare_counts);
		text_adds(out, "\n  Skipped for want of: ");
	}
	for (size_t i = 0; i < counts.count && i < NEEDS_MAX; i++)
		text_addf(out, "%s%s (%zu)", i ? ", " : "", counts.items[i].need,
			  counts.items[i].count);
	if (counts.count > NEEDS_MAX)
		text_addf(out, " and %zu more needs", counts.count - NEEDS_MAX);
	text_adds(out, counts.count > 0 ? "\n" : "");
	vec_done(&counts);
}

static void add_excluded(const struct execution_book *book, struct text *out)
{
	const struct combine *combine = book->combine;

	for (size_t i = 0; i < combine->constraint_count; i++) {
		const struct yaml_text *text = &book->runbook->constraints.items[i];
		const char *path = text->place.path ? text->place.path : book->runbook->path;
		if (combine->excluded[i] > 0)
			text_addf(out, "\n  %llu excluded by `%s` (%s:%u:%u)",
				  (unsigned long long)combine->excluded[i], text->text, path,
				  text->place.line, text->place.column);
		for (size_t t = 0; t < combine->told.count; t++) {
			if (combine->told.items[t].constraint != i)
				continue;
			text_adds(out, ", the first: ");
			combine_describe(&book->demand.axes,
					 combine->told_items.items + t * combine->axis_count, false,
					 out);
			break;
		}
		if (combine->undecided[i] > 0)
			text_addf(
				out,
				"\n  %llu let through by `%s` (%s:%u:%u), which nobody can decide "
				"there: a trait is not known",
				(unsigned long long)combine->undecided[i], text->text, path,
				text->place.line, text->place.column);
	}
	if (combine->doubled > 0)
		text_addf(out, "\n  %llu that were there already",
			  (unsigned long long)combine->doubled);
}

static void add_left_out(const struct execution_book *book, struct text *out)
{
	size_t count = 0;

	for (size_t i = 0; i < book->combine->count; i++) {
		if (!book->why_not[i] || count++ >= LISTED_MAX)
			continue;
		text_adds(out, count == 1 ? "\n  Left out:\n    " : "    ");
		combine_describe(&book->demand.axes, combine_items(book->combine, i), false, out);
		text_adds(out, ": ");
		escape_terminal(out, book->why_not[i], false);
		text_adds(out, "\n");
	}
	if (count > LISTED_MAX)
		text_addf(out, "    and %zu more, which --json names\n", count - LISTED_MAX);
}

struct unused {
	const struct axes *axes;
	struct text *out;
	const char *why;
	size_t count;
};

static void add_unused(void *arg, size_t axis, size_t item)
{
	struct unused *unused = arg;
	const struct axis *of = unused->axes->list.items[axis];

	if (unused->count++ >= LISTED_MAX)
		return;
	if (unused->count == 1)
		text_addf(unused->out, "\n  In no cell, since %s: ", unused->why);
	text_addf(unused->out, "%s%s=%s", unused->count == 1 ? "" : ", ", of->name,
		  of->items.items[item]->name.text);
}

static const char *why_unused(const struct execution_book *book)
{
	bool has_constraints = book->combine->constraint_count > 0;

	if (book->runbook->combine == RUNBOOK_ROWS)
		return has_constraints ? "no row names them, or the constraints exclude them"
				       : "no row names them";
	if (book->runbook->over_traits)
		return has_constraints
			       ? "others have the same traits, or the constraints exclude them"
			       : "others have the same traits";
	return "the constraints exclude them";
}

void plan_show_page(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	struct unused unused = {&book->demand.axes, out, why_unused(book), 0};

	add_head(x, out);
	add_since(x, out);
	add_coverage(book, out);
	add_table(x, out);
	add_skips(x, out);
	add_excluded(book, out);
	if (!plan_show_is_increment(x)) /* most are in none, and rightly */
		combine_unused(book->combine, add_unused, &unused);
	if (unused.count > LISTED_MAX)
		text_addf(out, " and %zu more", unused.count - LISTED_MAX);
	text_adds(out, "\n");
	add_left_out(book, out);
	if (x->arguments->traits)
		plan_show_traits(x, out);
}
