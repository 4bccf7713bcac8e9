/* SPDX-License-Identifier: Apache-2.0 */
/* assay plan --json. */
#include "base/json.h"
#include "host/cli/plan_show.h"

#define SCHEMA 1

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
		if (plan_show_is_run(item) != run)
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

static void add_kernel(const struct plan_cell *cell, struct text *out)
{
	if (cell->kernel_digest[0] == '\0')
		return;
	json_key(out, "kernel");
	json_open(out, '{');
	json_member(out, "path", cell->kernel_path);
	json_member(out, "sha256", cell->kernel_digest);
	if (cell->kernel_modules[0])
		json_member(out, "modules", cell->kernel_modules);
	json_member(out, "release", cell->kernel_release);
	json_member(out, "key", cell->kernel_key);
	json_close(out, '}');
}

static void add_cell_json(const struct execution *x, const struct plan_cell *cell, uint64_t span_ns,
			  struct text *out)
{
	text_adds(out, cell->index > 0 ? ",\n" : "\n");
	json_open(out, '{');
	json_member_number(out, "cell", cell->index);
	add_values(&x->book->demand.axes, plan_show_items(x, cell), out);
	json_key(out, "must");
	json_bool(out, plan_show_is_must(x, cell));
	CLEAN_TEXT struct text why = TEXT_INIT(4096);
	plan_show_why(x, cell, &why);
	if (why.length > 0)
		json_member(out, "why", why.buf);
	json_member(out, "image", cell->image_path);
	json_member(out, "sha256", cell->image_digest);
	add_kernel(cell, out);
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
	json_member_number(out, "expected_ms", (long long)(span_ns / NS_PER_MS));
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

	if (!plan_show_is_increment(x))
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

/* What can be said of images or kernels: what was seen of them, and what the runbook says. */
static void add_seen(const struct axis *axis, const char *key, struct text *out)
{
	json_key(out, key);
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

void plan_show_json(const struct execution *x, struct text *out)
{
	CLEAN_FREE uint64_t *spans_ns = book_cell_spans(x);
	const struct execution_book *book = x->book;
	struct unused unused = {&book->demand.axes, out};

	json_open(out, '{');
	json_member_number(out, "schema", SCHEMA);
	json_member(out, "runbook", book->runbook->path);
	if (book->runbook->title.text)
		json_member(out, "title", book->runbook->title.text);
	json_key(out, "estimate");
	json_open(out, '{');
	json_member_number(out, "ms", (long long)(execution_forecast_ns(x) / NS_PER_MS));
	json_member_number(out, "jobs", x->jobs);
	json_member_number(out, "mem_mib", (long long)plan_show_memory_mib(x));
	json_close(out, '}');
	add_seen(book->demand.axes.list.items[DEMAND_IMAGE], "images", out);
	int kernels = demand_kernel_axis(&book->demand);
	if (kernels >= 0)
		add_seen(book->demand.axes.list.items[kernels], "kernels", out);
	if (x->arguments->traits)
		plan_show_traits_json(x, out);
	add_coverage_json(book, out);
	add_since_json(x, out);
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&x->plan->cells, cell)
		add_cell_json(x, *cell, spans_ns[(*cell)->index], out);
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
