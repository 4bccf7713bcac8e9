/* SPDX-License-Identifier: Apache-2.0 */
/* assay plan: what a runbook would run, what not and why; nothing is run. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/execute_book.h"
#include "host/cli/execute_options.h"
#include "host/driver/resources.h"
#include "host/report/escape.h"

#define OUT_MAX	   (256U << 20)
#define LISTED_MAX 20 /* more of a kind are read in --json */
#define NEEDS_MAX  12
#define SCHEMA	   1

typedef struct execute_arguments arguments;

static const struct option_line options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTION_BACKING,
	OPTION_CASES(arguments),
	OPTION_CHANGED,
	OPTION_DEFINE,
	OPTION_ENTRY,
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print JSON, see assay-plan(5)"),
	OPTIONS_POLICY(arguments),
	OPTION_SINCE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_SUITE_FROM(arguments),
	OPTION_VARIABLES,
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_plan = {
	.name = "plan",
	.operands = "RUNBOOK",
	.title = "show what a runbook would run, and why; run nothing",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"The images are looked into as `assay run` does. Nothing is booted but a tiny machine that shows whether\n"
		"KVM works here, once, and nothing is changed but caches.\n\n"
		"Exit status: 0 there is a plan, 64 usage, 70 this machine.",
};

/* ---- what both say ---- */

static const struct execution_cell *cell_of(const struct execution *x, const struct plan_cell *cell)
{
	return &x->cells.items[cell->index];
}

static const uint32_t *items_of(const struct execution *x, const struct plan_cell *cell)
{
	return combine_items(x->book->combine, cell_of(x, cell)->combination);
}

static enum combine_why why_of(const struct execution *x, const struct plan_cell *cell)
{
	return x->book->combine->origins.items[cell_of(x, cell)->combination].why;
}

static bool is_must(const struct execution *x, const struct plan_cell *cell)
{
	return why_of(x, cell) == COMBINE_WHY_MUST;
}

static bool is_increment(const struct execution *x)
{
	return x->book->demand.request.is_increment;
}

/* Adds why an increment has the cell. */
static void add_why(const struct execution *x, const struct plan_cell *cell, struct text *out)
{
	if (!is_increment(x) || is_must(x, cell))
		return;
	size_t before = out->length;
	book_describe_changed(x->book, items_of(x, cell), out);
	if (out->length > before)
		text_adds(out, " has changed");
	else
		text_adds(out, "shows what no former cell does");
}

static bool is_run(const struct plan_item *item)
{
	return item->way != PLAN_WAY_SKIP && item->way != PLAN_WAY_BROKEN;
}

static size_t count_run(const struct plan_cell *cell)
{
	size_t count = 0;

	vec_each (&cell->items, item)
		count += is_run(item);
	return count;
}

/* What all machines together have at most: those that may go on at once, each of the largest size, in the room that there is. */
static uint64_t memory_mib(const struct execution *x)
{
	uint64_t largest_mib = 0, room_mib = x->room.mem_mib ? x->room.mem_mib : UINT64_MAX;
	uint64_t machines = (x->jobs ? x->jobs : x->room.cpus) + x->waiting_jobs;

	vec_each (&x->plan->cells, cell)
		if (plan_cell_boots(*cell) && (*cell)->size.mem_mib > largest_mib)
			largest_mib = (*cell)->size.mem_mib;
	uint64_t most_mib =
		largest_mib ? machines * (largest_mib + RESOURCES_MACHINE_EXTRA_MIB) : 0;
	return most_mib < room_mib ? most_mib : room_mib;
}

/* ---- the tables of --json ---- */

static void add_values(const struct axes *axes, const uint32_t *items, struct text *out)
{
	json_key(out, "values");
	json_open(out, '{');
	for (size_t i = 0; i < axes->list.count; i++) {
		const struct axis *axis = axes->list.items[i];
		if (items[i] != COMBINE_ANY)
			json_member(out, axis->name, axis->items.items[items[i]]->name.text);
	}
	json_close(out, '}');
}

static void add_cases(const struct plan_cell *cell, bool run, struct text *out)
{
	json_key(out, run ? "cases" : "skips");
	json_open(out, '[');
	vec_each (&cell->items, item) {
		if (is_run(item) != run)
			continue;
		json_open(out, '{');
		json_member(out, "id", item->it->id);
		if (!run)
			json_member(out, item->way == PLAN_WAY_SKIP ? "need" : "unknown_need",
				    item->need);
		else
			json_member(out, "way", plan_way_name(item->way));
		if (run)
			json_member_number(out, "expected_ms",
					   (long long)(item->expected_ns / NS_PER_MS));
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_host(const struct plan_cell *cell, struct text *out)
{
	if (cell->qemu[0])
		json_member(out, "qemu", cell->qemu);
	if (cell->qemu_version[0])
		json_member(out, "qemu_version", cell->qemu_version);
	if (cell->machine[0])
		json_member(out, "machine", cell->machine);
}

static void add_cell_json(const struct execution *x, const struct plan_cell *cell, struct text *out)
{
	text_adds(out, cell->index > 0 ? ",\n" : "\n");
	json_open(out, '{');
	json_member_number(out, "cell", cell->index);
	add_values(&x->book->demand.axes, items_of(x, cell), out);
	json_key(out, "must");
	json_bool(out, is_must(x, cell));
	CLEAN_TEXT struct text why = TEXT_INIT(4096);
	add_why(x, cell, &why);
	if (why.length > 0)
		json_member(out, "why", why.buf);
	json_member(out, "image", cell->image_path);
	json_member(out, "sha256", cell->image_digest);
	json_member(out, "size", cell->size.name);
	if (cell->size.stand_in[0])
		json_member(out, "stand_in", cell->size.stand_in);
	json_member(out, "firmware", cell->firmware);
	json_member(out, "accel", cell->accel);
	json_member(out, "entry", cell->entry);
	add_host(cell, out);
	json_key(out, "boots");
	json_bool(out, plan_cell_boots(cell));
	json_member_number(out, "mem_mib", cell->size.mem_mib);
	json_member_number(out, "expected_ms", (long long)(book_cell_ns(cell) / NS_PER_MS));
	add_cases(cell, true, out);
	add_cases(cell, false, out);
	json_close(out, '}');
}

static void add_left_out_json(const struct execution_book *book, struct text *out)
{
	json_key(out, "left_out");
	json_open(out, '[');
	for (size_t i = 0; i < book->combine->count; i++) {
		if (!book->why_not[i])
			continue;
		json_open(out, '{');
		add_values(&book->demand.axes, combine_items(book->combine, i), out);
		json_member(out, "why", book->why_not[i]);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_examples_json(const struct execution_book *book, size_t constraint,
			      struct text *out)
{
	const struct combine *combine = book->combine;

	json_key(out, "combinations");
	json_open(out, '[');
	for (size_t i = 0; i < combine->told.count; i++) {
		if (combine->told.items[i].constraint != constraint)
			continue;
		json_open(out, '{');
		add_values(&book->demand.axes, combine->told_items.items + i * combine->axis_count,
			   out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_constraints_json(const struct execution_book *book, struct text *out)
{
	json_key(out, "constraints");
	json_open(out, '[');
	for (size_t i = 0; i < book->combine->constraint_count; i++) {
		const struct yaml_text *text = &book->runbook->constraints.items[i];
		json_open(out, '{');
		json_member(out, "text", text->text);
		json_member_number(out, "line", text->place.line);
		json_member_number(out, "column", text->place.column);
		json_member_number(out, "excluded", (long long)book->combine->excluded[i]);
		json_member_number(out, "undecided", (long long)book->combine->undecided[i]);
		add_examples_json(book, i, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

struct unused {
	const struct axes *axes;
	struct text *out;
	const char *why; /* for people */
	size_t count;
};

static void add_unused_json(void *arg, size_t axis, size_t item)
{
	const struct unused *unused = arg;
	const struct axis *of = unused->axes->list.items[axis];

	json_open(unused->out, '{');
	json_member(unused->out, "axis", of->name);
	json_member(unused->out, "value", of->items.items[item]->name.text);
	json_close(unused->out, '}');
}

static void add_coverage_json(const struct execution_book *book, struct text *out)
{
	const struct combine *combine = book->combine;

	if (book->runbook->combine != RUNBOOK_WAYS)
		return;
	json_key(out, "coverage");
	json_open(out, '{');
	json_member_number(out, "ways", book->runbook->ways);
	json_member(out, "over", book->runbook->over_traits ? "traits" : "items");
	json_member_number(out, "covered", (long long)combine->wanted);
	json_member_number(out, "impossible", (long long)combine->impossible);
	json_member_number(out, "rows", (long long)combine->count);
	json_member_number(out, "rows_at_least", (long long)combine->lower_bound);
	json_close(out, '}');
}

static void add_since_json(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	CLEAN_TEXT struct text changed = TEXT_INIT(65536);

	if (!is_increment(x))
		return;
	book_describe_changed(book, NULL, &changed);
	json_key(out, "since");
	json_open(out, '{');
	json_member(out, "plan", x->arguments->book.since);
	json_member_number(out, "cells", (long long)book->former.cells);
	json_member_number(out, "kept", (long long)book->combine->kept);
	json_member(out, "changed", changed.buf);
	json_close(out, '}');
}

/* What can be said of the images: what was seen of them, and what the runbook says. */
static void add_images(const struct execution_book *book, struct text *out)
{
	const struct axis *axis = book->demand.axes.list.items[DEMAND_IMAGE];

	json_key(out, "images");
	json_open(out, '[');
	vec_each (&axis->items, item) {
		json_open(out, '{');
		json_member(out, "name", (*item)->name.text);
		json_key(out, "traits");
		json_open(out, '{');
		for (size_t i = 0; i < axis->traits.count; i++) {
			const struct value *value = axis_value(*item, (int)i);
			if (value && value->text)
				json_member(out, axis->traits.items[i], value->text);
		}
		json_close(out, '}');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_json(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	struct unused unused = {&book->demand.axes, out, NULL, 0};

	json_open(out, '{');
	json_member_number(out, "schema", SCHEMA);
	json_member(out, "runbook", book->runbook->path);
	if (book->runbook->title.text)
		json_member(out, "title", book->runbook->title.text);
	json_key(out, "estimate");
	json_open(out, '{');
	json_member_number(out, "ms", (long long)(book_whole_ns(x) / NS_PER_MS));
	json_member_number(out, "jobs", x->jobs);
	json_member_number(out, "mem_mib", (long long)memory_mib(x));
	json_close(out, '}');
	add_images(book, out);
	add_coverage_json(book, out);
	add_since_json(x, out);
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&x->plan->cells, cell)
		add_cell_json(x, *cell, out);
	json_close(out, ']');
	add_left_out_json(book, out);
	add_constraints_json(book, out);
	json_key(out, "unused");
	json_open(out, '[');
	combine_unused(book->combine, add_unused_json, &unused);
	json_close(out, ']');
	json_member_number(out, "doubled", (long long)book->combine->doubled);
	json_member(out, "remarks", book->remarks.buf);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* ---- the page for people ---- */

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
	text_addf(out, "  About %s", clock_span(book_whole_ns(x), span));
	if (x->jobs > 0 && memory_mib(x) > 0)
		text_addf(out, ", %u machine%s at once", x->jobs, x->jobs == 1 ? "" : "s");
	if (memory_mib(x) > 0)
		text_addf(out, ", with up to %llu MiB of memory",
			  (unsigned long long)memory_mib(x));
	text_adds(out, "\n");
}

static void add_since(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	CLEAN_TEXT struct text changed = TEXT_INIT(65536);

	if (!is_increment(x))
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
		const char *name = axis->items.items[items_of(x, *cell)[index]]->name.text;
		if ((int)strlen(name) > width)
			width = (int)strlen(name);
	}
	return width;
}

static void add_table(const struct execution *x, struct text *out)
{
	const struct axes *axes = &x->book->demand.axes;
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
		const uint32_t *items = items_of(x, *cell);
		size_t run = count_run(*cell);
		text_addf(out, "  %4u", (*cell)->index);
		for (size_t i = 0; i < axes->list.count; i++)
			if (widths[i])
				text_addf(out, "  %-*s", widths[i],
					  axes->list.items[i]->items.items[items[i]]->name.text);
		text_addf(out, "  %5zu  %7zu  %s%s", run, (*cell)->items.count - run,
			  clock_span(book_cell_ns(*cell), span), is_must(x, *cell) ? ", must" : "");
		if ((*cell)->size.stand_in[0])
			text_addf(out, ", a stand-in with %s", (*cell)->size.stand_in);
		CLEAN_TEXT struct text why = TEXT_INIT(4096);
		add_why(x, *cell, &why);
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
			if (!is_run(item))
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

static void add_page(const struct execution *x, struct text *out)
{
	const struct execution_book *book = x->book;
	struct unused unused = {&book->demand.axes, out, why_unused(book), 0};

	add_head(x, out);
	add_since(x, out);
	add_coverage(book, out);
	add_table(x, out);
	add_skips(x, out);
	add_excluded(book, out);
	if (!is_increment(x)) /* most are in none, and rightly */
		combine_unused(book->combine, add_unused, &unused);
	if (unused.count > LISTED_MAX)
		text_addf(out, " and %zu more", unused.count - LISTED_MAX);
	text_adds(out, "\n");
	add_left_out(book, out);
}

/* ---- the verb ---- */

static const char *last_why(const struct execution *x)
{
	const char *why = "";

	for (size_t i = 0; i < x->book->combine->count; i++)
		if (x->book->why_not[i])
			why = x->book->why_not[i];
	return why;
}

static int make(struct execution *x, const char *path, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(OUT_MAX);
	int r = execution_prepare(x, path, e);

	if (r < 0)
		return r;
	if (x->arguments->json)
		add_json(x, &out);
	else
		add_page(x, &out);
	r = print_out(&out, e);
	/* In JSON it stands why; the exit code says it as well. */
	return r < 0 || x->cells.count > 0 || is_increment(x) ? r
							      : refuse_no_cell(x, last_why(x), e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct execute_arguments parsed = {0};
	CLEAN_DONE(execution) struct execution x;
	int r = verb_parse(&verb_plan, &argc, argv, 1, 1, &parsed, e);

	execution_init(&x, EXECUTE_RUN, &parsed);
	x.only_plans = true;
	if (r == 0 && !is_runbook(argv[1]))
		r = err_set(e, BLAME_USER, EINVAL,
			    "'%.300s' is no runbook: its name ends neither in .yaml nor in .yml",
			    argv[1]);
	if (r == 0)
		r = make(&x, argv[1], e);
	else if (r > 0)
		r = 0; /* --help */
	execute_arguments_done(&parsed);
	return r;
}
