/* SPDX-License-Identifier: Apache-2.0 */
/* The plan as JSON. What is to be told of a case stands in it once, however many cells have it. */
#include "host/plan/plan.h"

#include <string.h>

#include "base/clock.h"

static void member_unless_0(struct text *out, const char *key, unsigned number)
{
	if (number > 0)
		json_member_number(out, key, number);
}

static void add_carried(const struct plan_carried *carried, struct text *out)
{
	json_key(out, "carried");
	json_open(out, '{');
	json_member(out, "run", carried->run);
	json_member(out, "sha256", carried->sha256);
	json_member(out, "outcome", outcome_name(carried->outcome));
	if (carried->message[0])
		json_member(out, "message", carried->message);
	if (carried->need[0])
		json_member(out, "need", carried->need);
	json_member_number(out, "passed", carried->checks_passed);
	json_member_number(out, "duration_ns", (long long)carried->duration_ns);
	json_member_number(out, "ended_ns", (long long)carried->wall_ns);
	json_close(out, '}');
}

/* What is so of the case in every cell. */
static void add_case(const struct catalog_case *it, struct text *out)
{
	const struct case_info *info = &it->info;

	json_key(out, it->id);
	json_open(out, '{');
	json_member(out, "title", info->title);
	json_member(out, "kind", case_kind_name(info->kind));
	json_member(out, "priority", case_priority_name(info->priority));
	json_member(out, "isolation", case_isolation_name(info->isolation));
	json_member(out, "sabotage_kind", sabotage_kind_name(info->sabotage.kind));
	if (info->sabotage.text)
		json_member(out, "sabotage", info->sabotage.text);
	if (info->why)
		json_member(out, "why", info->why);
	if (info->remedy)
		json_member(out, "remedy", info->remedy);
	if (info->fixes)
		json_member(out, "fixes", info->fixes);
	json_close(out, '}');
}

static int compare_ids(const void *a, const void *b)
{
	const struct catalog_case *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static void add_cases(const struct plan *plan, struct text *out)
{
	size_t count = plan_item_count(plan), filled = 0;
	CLEAN_FREE const struct catalog_case **cases = xnew((count + 1) * sizeof *cases);

	vec_each (&plan->cells, cell)
		vec_each (&(*cell)->items, item)
			cases[filled++] = item->it;
	if (count > 0)
		qsort(cases, count, sizeof *cases, compare_ids);
	json_key(out, "cases");
	json_open(out, '{');
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(cases[i - 1]->id, cases[i]->id) != 0)
			add_case(cases[i], out);
	json_close(out, '}');
}

static void add_item(const struct plan_item *item, struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", item->it->id);
	json_key(out, "sabotaged");
	json_bool(out, item->sabotaged);
	json_member(out, "way", plan_way_name(item->way));
	if (item->need[0])
		json_member(out, "need", item->need);
	member_unless_0(out, "timeout_s", item->trial.timeout_s);
	member_unless_0(out, "retries", item->trial.retries);
	member_unless_0(out, "repeat", item->trial.repeat);
	if (item->trial.until_sure > 0) {
		json_key(out, "until_sure");
		json_double(out, item->trial.until_sure);
	}
	if (item->trial.is_doubted) {
		json_key(out, "doubted");
		json_bool(out, true);
	}
	if (item->carried)
		add_carried(item->carried, out);
	json_member_number(out, "expected_ms", (long long)(item->expected_ns / NS_PER_MS));
	json_close(out, '}');
}

static void add_size(const struct size *size, struct text *out)
{
	json_key(out, "size");
	json_open(out, '{');
	size_json(size, out);
	json_member(out, "cpu_model", size->cpu_model);
	json_member(out, "controller", size->controller);
	if (size->stand_in[0])
		json_member(out, "stand_in", size->stand_in);
	json_close(out, '}');
}

/* What the runbook says of the side below the guest. */
static void add_host(const struct plan_cell *cell, struct text *out)
{
	const struct {
		const char *key, *value;
	} members[] = {{"name", cell->host},
		       {"qemu", cell->qemu},
		       {"version", cell->qemu_version},
		       {"machine", cell->machine}};

	if (!cell->host[0])
		return;
	json_key(out, "host");
	json_open(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].value[0])
			json_member(out, members[i].key, members[i].value);
	json_close(out, '}');
}

static void add_kernel(const struct plan_cell *cell, struct text *out)
{
	if (cell->kernel_digest[0] == '\0')
		return;
	json_key(out, "kernel");
	json_open(out, '{');
	if (cell->kernel_called[0])
		json_member(out, "called", cell->kernel_called);
	json_member(out, "path", cell->kernel_path);
	json_member(out, "name", cell->kernel_name);
	json_member(out, "sha256", cell->kernel_digest);
	json_member(out, "modules", cell->kernel_modules[0] ? cell->kernel_modules : NULL);
	json_member(out, "release", cell->kernel_release);
	json_member(out, "key", cell->kernel_key);
	json_close(out, '}');
}

static void add_cell(const struct plan_cell *cell, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "cell", cell->index);
	json_key(out, "image");
	json_open(out, '{');
	json_member(out, "path", cell->image_path);
	json_member(out, "name", cell->image_name);
	if (cell->image_called[0])
		json_member(out, "called", cell->image_called);
	json_member(out, "sha256", cell->image_digest);
	json_member(out, "format", cell->image_format);
	json_member(out, "os", cell->os_name);
	json_member(out, "arch", cell->arch);
	if (cell->image_filesystem[0])
		json_member(out, "filesystem", cell->image_filesystem);
	json_close(out, '}');
	add_kernel(cell, out);
	add_size(&cell->size, out);
	json_member(out, "firmware", cell->firmware);
	add_host(cell, out);
	json_member(out, "accel", cell->accel);
	json_member(out, "entry", cell->entry);
	json_member(out, "policy", cell->policy);
	if (cell->variants[0])
		json_member(out, "variants", cell->variants);
	if (cell->offer.vms > 0)
		json_member_number(out, "machines", cell->offer.vms);
	json_key(out, "cold");
	json_bool(out, cell->cold);
	json_key(out, "cases");
	json_open(out, '[');
	vec_each (&cell->items, item) {
		/* One a line, for people; json_open puts no comma after a line break. */
		text_adds(out, item > cell->items.items ? ",\n" : "\n");
		add_item(item, out);
	}
	json_close(out, ']');
	json_close(out, '}');
}

static void add_limits(const struct plan_limits *limits, struct text *out)
{
	const struct {
		const char *key;
		uint64_t number;
	} members[] = {{"case_ns", limits->case_ns},
		       {"cell_ns", limits->cell_ns},
		       {"run_ns", limits->run_ns},
		       {"sure_ns", limits->sure_ns},
		       {"sure_count", limits->sure_count},
		       {"memory", limits->memory},
		       {"jobs", limits->jobs}};

	json_key(out, "limits");
	json_open(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].number > 0)
			json_member_number(out, members[i].key,
					   members[i].number < INT64_MAX
						   ? (long long)members[i].number
						   : INT64_MAX);
	json_close(out, '}');
}

static void add_left_out(const struct plan *plan, struct text *out)
{
	if (plan->left_out.count == 0)
		return;
	json_key(out, "left_out");
	json_open(out, '[');
	vec_each (&plan->left_out, it) {
		json_open(out, '{');
		json_member(out, "values", it->values);
		json_member(out, "why", it->why);
		json_key(out, "must");
		json_bool(out, it->must);
		json_key(out, "asked");
		json_bool(out, it->asked);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void plan_json(const struct plan *plan, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", PLAN_SCHEMA);
	json_member(out, "run", plan->run_id);
	if (plan->retests)
		json_member(out, "retests", plan->retests);
	json_key(out, "proves");
	json_bool(out, plan->proves);
	add_limits(&plan->limits, out);
	add_left_out(plan, out);
	add_cases(plan, out);
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&plan->cells, cell)
		add_cell(*cell, out);
	json_close(out, ']');
	json_close(out, '}');
	text_adds(out, "\n");
}
