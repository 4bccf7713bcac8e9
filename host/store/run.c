/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a run back: plan.json, then the journal over it. */
#include "host/store/run.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

#include "host/catalog/catalog.h"
#include "host/plan/plan.h"
#include "host/store/journal.h"

#define PHASES_MAX 1000000
#define TRIES_MAX  10000 /* of one case */

/* ---- life ---- */

static struct run *run_new(const char *folder)
{
	struct run *run = xnew(sizeof *run);

	run->folder = xstrdup(folder);
	run->cells = (struct run_cells)VEC_INIT(10000);
	run->left_out = (struct run_left_outs)VEC_INIT(PLAN_LEFT_OUT_MAX);
	run->cases = (struct run_cases)VEC_INIT(PLAN_CASES_MAX);
	run->phases = (struct run_phases)VEC_INIT(PHASES_MAX);
	return run;
}

static void free_strings(char *const *strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
}

static void try_done(struct run_try *try_)
{
	free(try_->message);
	free(try_->machine);
	vec_done(&try_->measures);
}

static void case_done(struct run_case *it)
{
	char *const strings[] = {it->title, it->why, it->remedy, it->fixes, it->sabotage};

	free_strings(strings, ARRAY_LEN(strings));
	run_case_forget(it);
}

void run_case_forget(struct run_case *it)
{
	record_free(STEAL_PTR(it->record));
	it->result = NULL;
	vec_each (&it->tries, try_)
		try_done(try_);
	vec_done(&it->tries);
	it->attempts = 0;
	free(STEAL_PTR(it->carried));
}

const char *run_cell_subject(const struct run_cell *cell)
{
	return cell->kernel_digest[0] ? cell->kernel_name : cell->image_name;
}

const char *run_cell_digest(const struct run_cell *cell)
{
	return cell->kernel_digest[0] ? cell->kernel_digest : cell->image_digest;
}

static void cell_done(struct run_cell *cell)
{
	char *const strings[] = {cell->image_path,    cell->image_name,	    cell->image_digest,
				 cell->image_format,  cell->os_name,	    cell->arch,
				 cell->firmware,      cell->accel,	    cell->entry,
				 cell->policy,	      cell->variants,	    cell->image_called,
				 cell->host,	      cell->qemu,	    cell->qemu_version,
				 cell->machine,	      cell->kernel_path,    cell->kernel_name,
				 cell->kernel_digest, cell->kernel_modules, cell->kernel_release,
				 cell->kernel_key,    cell->kernel_called,  cell->image_filesystem};

	free_strings(strings, ARRAY_LEN(strings));
}

void run_free(struct run *run)
{
	if (!run)
		return;
	vec_each (&run->cases, it)
		case_done(it);
	vec_each (&run->cells, cell)
		cell_done(cell);
	vec_each (&run->left_out, it) {
		free(it->values);
		free(it->why);
	}
	vec_done(&run->left_out);
	vec_done(&run->cases);
	vec_done(&run->cells);
	vec_done(&run->phases);
	free(run->folder);
	free(run);
}

/* ---- the plan ---- */

static char *copy_member(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return xstrdup(value ? value : "");
}

static void copy_word(const json_t *object, const char *key, char *buf, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	(void)snprintf(buf, size, "%s", value ? value : "");
}

static unsigned copy_number(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 || value > UINT_MAX ? 0 : (unsigned)value;
}

static uint64_t copy_large(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value < 0 ? 0 : (uint64_t)value;
}

static void parse_limits(struct run *run, const json_t *limits)
{
	run->case_limit_ns = copy_large(limits, "case_ns");
	run->cell_limit_ns = copy_large(limits, "cell_ns");
	run->run_limit_ns = copy_large(limits, "run_ns");
	run->sure_limit_ns = copy_large(limits, "sure_ns");
	run->sure_limit = copy_number(limits, "sure_count");
	run->memory_limit = copy_large(limits, "memory");
	run->jobs_limit = copy_number(limits, "jobs");
}

/* A result that stands in the plan itself. */
static int parse_carried(struct run_case *it, const json_t *carried, struct err *e)
{
	const char *outcome = json_string_value(json_object_get(carried, "outcome"));
	enum outcome parsed;

	if (!carried)
		return 0;
	if (!outcome || outcome_parse(outcome, &parsed) < 0)
		return err_set(e, BLAME_HOST, EBADMSG, "case '%s' is carried over without outcome",
			       it->id);
	it->carried = xnew(sizeof *it->carried);
	copy_word(carried, "run", it->carried->run, sizeof it->carried->run);
	copy_word(carried, "sha256", it->carried->sha256, sizeof it->carried->sha256);
	it->record = record_new(RECORD_RESULT, it->cell);
	struct result *result = &it->record->result;
	memcpy(result->id, it->id, sizeof result->id);
	result->outcome = parsed;
	result->sabotaged = it->sabotaged;
	copy_word(carried, "message", result->message, sizeof result->message);
	copy_word(carried, "need", result->need, sizeof result->need);
	result->checks_passed = copy_number(carried, "passed");
	result->duration_ns = copy_large(carried, "duration_ns");
	result->wall_ns = copy_large(carried, "ended_ns");
	result->attempt = 1;
	it->record->wall_ns = result->wall_ns;
	it->result = result;
	return 0;
}

/* What the plan tells of the case once for all cells; in the plans of older versions it stood in each. */
static const json_t *find_about(const json_t *known, const json_t *object)
{
	const char *id = json_string_value(json_object_get(object, "id"));
	const json_t *about = id ? json_object_get(known, id) : NULL;

	return about ? about : object;
}

static int parse_case(struct run *run, unsigned cell, const json_t *known, const json_t *object,
		      struct err *e)
{
	const json_t *about = find_about(known, object);
	const char *kind = json_string_value(json_object_get(about, "kind"));
	const char *priority = json_string_value(json_object_get(about, "priority"));
	struct run_case it = {.cell = cell};

	copy_word(object, "id", it.id, sizeof it.id);
	if (it.id[0] == '\0' || !kind || case_kind_parse(kind, &it.kind) < 0 || !priority ||
	    case_priority_parse(priority, &it.priority) < 0)
		return err_set(e, BLAME_HOST, EBADMSG, "case '%s' has no id, kind or priority",
			       it.id);
	it.sabotaged = json_is_true(json_object_get(object, "sabotaged"));
	copy_word(object, "way", it.way, sizeof it.way);
	copy_word(about, "isolation", it.isolation, sizeof it.isolation);
	copy_word(about, "sabotage_kind", it.sabotage_kind, sizeof it.sabotage_kind);
	it.proven = it.sabotage_kind[0] &&
		    strcmp(it.sabotage_kind, sabotage_kind_name(SABOTAGE_NONE)) != 0;
	it.timeout_s = copy_number(object, "timeout_s");
	it.retries = copy_number(object, "retries");
	it.repeat = copy_number(object, "repeat");
	it.until_sure = json_number_value(json_object_get(object, "until_sure"));
	it.is_doubted = json_is_true(json_object_get(object, "doubted"));
	it.tries = (struct run_tries)VEC_INIT(TRIES_MAX);
	it.title = copy_member(about, "title");
	it.why = copy_member(about, "why");
	it.remedy = copy_member(about, "remedy");
	it.fixes = copy_member(about, "fixes");
	it.sabotage = copy_member(about, "sabotage");
	int r = parse_carried(&it, json_object_get(object, "carried"), e);
	if (r == 0 && vec_add(&run->cases, it))
		return 0;
	case_done(&it);
	if (r < 0)
		return r;
	return err_set(e, BLAME_HOST, E2BIG, "more than %zu cases", run->cases.maximum);
}

static void parse_size(const json_t *size, struct run_cell *cell)
{
	copy_word(size, "name", cell->size_name, sizeof cell->size_name);
	copy_word(size, "cpu_model", cell->cpu_model, sizeof cell->cpu_model);
	copy_word(size, "controller", cell->controller, sizeof cell->controller);
	copy_word(size, "stand_in", cell->stand_in, sizeof cell->stand_in);
	cell->cpus = copy_number(size, "cpus");
	cell->mem_mib = copy_number(size, "mem_mib");
	cell->numa_nodes = copy_number(size, "numa_nodes");
	cell->data_disks = copy_number(size, "data_disks");
	cell->max_mem_mib = copy_number(size, "max_mem_mib"); /* 0 in older runs: there was none */
	cell->data_disk_mib = copy_number(size, "data_disk_mib");
	cell->nics = copy_number(size, "nics");
	cell->tpm = json_is_true(json_object_get(size, "tpm"));
}

static int parse_cell(struct run *run, const json_t *known, const json_t *object, struct err *e)
{
	const json_t *image = json_object_get(object, "image"),
		     *host = json_object_get(object, "host"),
		     *kernel = json_object_get(object, "kernel"),
		     *cases = json_object_get(object, "cases");
	struct run_cell cell = {
		.index = (unsigned)run->cells.count,
		.image_path = copy_member(image, "path"),
		.image_name = copy_member(image, "name"),
		.image_digest = copy_member(image, "sha256"),
		.image_format = copy_member(image, "format"),
		.os_name = copy_member(image, "os"),
		.arch = copy_member(image, "arch"),
		.image_filesystem = copy_member(image, "filesystem"),
		.image_called = copy_member(image, "called"),
		.firmware = copy_member(object, "firmware"),
		.accel = copy_member(object, "accel"),
		.entry = copy_member(object, "entry"),
		.policy = copy_member(object, "policy"),
		.variants = copy_member(object, "variants"),
		.host = copy_member(host, "name"),
		.qemu = copy_member(host, "qemu"),
		.qemu_version = copy_member(host, "version"),
		.machine = copy_member(host, "machine"),
		.machines = copy_number(object, "machines"),
		.kernel_called = copy_member(kernel, "called"),
		.kernel_path = copy_member(kernel, "path"),
		.kernel_name = copy_member(kernel, "name"),
		.kernel_digest = copy_member(kernel, "sha256"),
		.kernel_modules = copy_member(kernel, "modules"),
		.kernel_release = copy_member(kernel, "release"),
		.kernel_key = copy_member(kernel, "key"),
		.cold = json_is_true(json_object_get(object, "cold")),
	};
	size_t at;
	json_t *entry;

	parse_size(json_object_get(object, "size"), &cell);
	if (!vec_add(&run->cells, cell)) {
		cell_done(&cell);
		return err_set(e, BLAME_HOST, E2BIG, "more than %zu cells", run->cells.maximum);
	}
	json_array_foreach(cases, at, entry)
	{
		int r = parse_case(run, cell.index, known, entry, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_alike(const struct run_cell *a, const struct run_cell *b)
{
	const char *a_image = a->image_called[0] ? a->image_called : a->image_name;
	const char *b_image = b->image_called[0] ? b->image_called : b->image_name;

	return strcmp(a_image, b_image) == 0 && strcmp(a->size_name, b->size_name) == 0 &&
	       strcmp(a->firmware, b->firmware) == 0 && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->variants, b->variants) == 0 &&
	       strcmp(a->kernel_called, b->kernel_called) == 0;
}

/* Which cells people cannot tell apart by what reports say of them first. */
static void compare_cells(struct run *run)
{
	vec_each (&run->cells, a)
		vec_each (&run->cells, b)
			a->is_like_other |= a != b && is_alike(a, b);
}

static int parse_left_out(struct run *run, const json_t *list, struct err *e)
{
	size_t at;
	json_t *entry;

	json_array_foreach(list, at, entry)
	{
		if (run->left_out.count == run->left_out.maximum)
			return err_set(e, BLAME_HOST, E2BIG, "more than %zu are left out",
				       run->left_out.maximum);
		struct run_left_out it = {.values = copy_member(entry, "values"),
					  .why = copy_member(entry, "why"),
					  .must = json_is_true(json_object_get(entry, "must")),
					  .asked = json_is_true(json_object_get(entry, "asked"))};
		(void)vec_add(&run->left_out, it);
	}
	return 0;
}

static int compare_cases(const void *a, const void *b)
{
	const struct run_case *x = a, *y = b;

	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	int order = strcmp(x->id, y->id);
	return order ? order : (int)x->sabotaged - (int)y->sabotaged;
}

static int parse_plan_object(struct run *run, const json_t *root, struct err *e)
{
	size_t at;
	json_t *entry;

	if (copy_number(root, "schema") != PLAN_SCHEMA)
		return err_set(e, BLAME_USER, ENOTSUP, "this plan is not of schema %d",
			       PLAN_SCHEMA);
	copy_word(root, "run", run->id, sizeof run->id);
	copy_word(root, "retests", run->retests, sizeof run->retests);
	run->proves = json_is_true(json_object_get(root, "proves"));
	parse_limits(run, json_object_get(root, "limits"));
	int left = parse_left_out(run, json_object_get(root, "left_out"), e);
	if (left < 0)
		return left;
	json_array_foreach(json_object_get(root, "cells"), at, entry)
	{
		int r = parse_cell(run, json_object_get(root, "cases"), entry, e);
		if (r < 0)
			return r;
	}
	compare_cells(run);
	if (run->cases.count > 0)
		qsort(run->cases.items, run->cases.count, sizeof *run->cases.items, compare_cases);
	return 0;
}

static int parse_plan(struct run *run, const char *json, size_t length, struct err *e)
{
	json_error_t at;
	json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &at);

	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(
			e, BLAME_HOST, EBADMSG,
			"plan.json is damaged (no JSON object%s%s): without it nothing of the run can "
			"be told; bring it back from a copy, or remove the folder and run again",
			root ? "" : ": ", root ? "" : at.text);
	}
	int r = parse_plan_object(run, root, e);
	json_decref(root);
	return r < 0 ? err_wrap(e, "plan") : 0;
}

/* ---- the journal ---- */

struct run_case *run_find(const struct run *run, unsigned cell, const char *id, bool sabotaged)
{
	struct run_case key = {.cell = cell, .sabotaged = sabotaged};

	if (run->cases.count == 0 || strlen(id) >= sizeof key.id)
		return NULL;
	memcpy(key.id, id, strlen(id) + 1);
	return bsearch(&key, run->cases.items, run->cases.count, sizeof key, compare_cases);
}

const struct run_case *run_cases_of(const struct run *run, unsigned cell, size_t *ret_count)
{
	size_t low = 0, high = run->cases.count;

	*ret_count = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (run->cases.items[middle].cell < cell)
			low = middle + 1;
		else
			high = middle;
	}
	while (low + *ret_count < run->cases.count &&
	       run->cases.items[low + *ret_count].cell == cell)
		(*ret_count)++;
	return run->cases.count > 0 ? run->cases.items + low : NULL;
}

static struct record *copy_record(const struct record *record)
{
	struct record *copy = xnew(sizeof *copy);

	*copy = *record;
	result_copy_subs(&copy->result, &record->result);
	measures_copy(&copy->result.measures, &record->result.measures);
	text_init(&copy->result.evidence, RESULT_EVIDENCE_MAX);
	(void)text_add(&copy->result.evidence, record->result.evidence.buf,
		       record->result.evidence.length);
	return copy;
}

static void take_try(struct run_case *it, const struct record *record)
{
	const struct result *result = &record->result;
	struct run_try try_ = {.outcome = result->outcome,
			       .attempt = result->attempt,
			       .duration_ns = result->duration_ns,
			       .wall_ns = result->wall_ns,
			       .message = xstrdup(result->message),
			       .machine = xstrdup(record->name)};

	measures_copy(&try_.measures, &result->measures);
	if (!vec_add(&it->tries, try_))
		try_done(&try_); /* beyond so many they are only counted */
}

/* A later result of the same case (a second try, a resumed run) replaces the earlier one. */
static void take_result(struct run *run, const struct record *record)
{
	struct run_case *it =
		run_find(run, record->cell, record->result.id, record->result.sabotaged);

	if (!it)
		return; /* not planned: nobody asked, so nobody counts it */
	it->attempts++;
	if (record->superseded) {
		take_try(it, record);
		return;
	}
	record_free(it->record);
	free(STEAL_PTR(it->carried));
	it->record = copy_record(record);
	it->result = &it->record->result;
}

static void take_phase(struct run *run, const struct record *record)
{
	struct run_phase phase = {
		.cell = record->cell, .count = record->count, .span_ns = record->span_ns};

	(void)snprintf(phase.name, sizeof phase.name, "%.31s", record->name);
	(void)snprintf(phase.text, sizeof phase.text, "%s", record->text);
	(void)vec_add(&run->phases,
		      phase); /* beyond a million the sum of times is cut, nothing else */
}

/* When a run was killed, its last record tells how far it had come. */
static void end_session(struct run *run)
{
	if (run->seen_ns > run->session_ns && run->session_ns > 0)
		run->worked_ns += run->seen_ns - run->session_ns;
	run->session_ns = run->seen_ns = 0;
}

static void begin_session(struct run *run, const struct record *record)
{
	end_session(run);
	run->session_ns = run->seen_ns = record->wall_ns;
}

/* What a record of each type does to the run's clock. */
static void take_time(struct run *run, const struct record *record)
{
	if (record->type == RECORD_BEGIN || record->type == RECORD_RESUME) {
		begin_session(run, record);
		return;
	}
	if (record->wall_ns > run->seen_ns)
		run->seen_ns = record->wall_ns;
	if (record->type == RECORD_END)
		end_session(run);
}

static void take_begin(struct run *run, const struct record *record)
{
	run->begun_ns = record->wall_ns;
	(void)snprintf(run->version, sizeof run->version, "%.63s", record->text);
	(void)snprintf(run->host, sizeof run->host, "%s", record->detail);
}

static int take_record(void *arg, const struct record *record, struct err *e UNUSED)
{
	struct run *run = arg;

	take_time(run, record);
	switch (record->type) {
	case RECORD_BEGIN:
		take_begin(run, record);
		break;
	case RECORD_RESUME:
		if (run->begun_ns == 0) /* it was killed before it could say so */
			take_begin(run, record);
		run->resumed++;
		run->ended_ns = 0;
		run->ending[0] = '\0';
		break;
	case RECORD_PHASE:
		take_phase(run, record);
		break;
	case RECORD_RESULT:
		take_result(run, record);
		break;
	case RECORD_END:
		run->ended_ns = record->wall_ns;
		(void)snprintf(run->ending, sizeof run->ending, "%s", record->text);
		break;
	}
	return 0;
}

/* ---- both ---- */

static void take_going(struct run *run, bool is_going)
{
	run->is_going = is_going;
	vec_each (&run->cases, it)
		it->is_awaited = is_going && !it->result;
}

int run_load(const char *folder, struct run **ret, struct err *e)
{
	CLEANUP(run) struct run *run = run_new(folder);
	CLEAN_FREE char *plan_path = xasprintf("%s/plan.json", folder);
	CLEAN_FREE char *journal_path = xasprintf("%s/journal.jsonl", folder);
	CLEAN_TEXT struct text plan = TEXT_INIT(PLAN_JSON_MAX);

	/* Before it is read: whoever has let go of it by now has written all. */
	bool is_going = journal_is_written(journal_path);
	int r = text_read_file(&plan, plan_path);
	if (r == -ENOENT)
		return err_set(e, BLAME_USER, ENOENT, "%s holds no run (no plan.json in it)",
			       folder);
	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", plan_path);
	r = parse_plan(run, plan.buf, plan.length, e);
	if (r == 0)
		r = journal_read(journal_path, take_record, run, &run->lost_lines, e);
	if (r == -ENOENT) { /* killed between the two: it is a run, and all of it is still to do */
		err_clear(e);
		r = 0;
	}
	if (r < 0)
		return err_wrap(e, "run %s", folder);
	take_going(run, is_going && run->ended_ns == 0);
	*ret = STEAL_PTR(run);
	return 0;
}

int run_parse(const char *plan, size_t plan_length, const char *journal, size_t journal_length,
	      struct run **ret, struct err *e)
{
	CLEANUP(run) struct run *run = run_new("");

	int r = parse_plan(run, plan, plan_length, e);
	if (r == 0)
		r = journal_parse(journal, journal_length, take_record, run, &run->lost_lines, e);
	if (r == 0)
		*ret = STEAL_PTR(run);
	return r;
}

bool run_case_is_done(const struct run_case *it)
{
	return it->result && it->result->outcome != OUTCOME_INFRA;
}

bool run_is_complete(const struct run *run)
{
	if (run->ended_ns == 0)
		return false;
	vec_each (&run->cases, it)
		if (!run_case_is_done(it))
			return false;
	return true;
}

bool run_case_is_of_other_image(const struct run *run, const struct run_case *it)
{
	return it->carried &&
	       (it->cell >= run->cells.count ||
		strcmp(it->carried->sha256, run->cells.items[it->cell].image_digest) != 0);
}

void run_tally(const struct run *run, struct run_tally *ret)
{
	*ret = (struct run_tally){0};
	vec_each (&run->cases, it) {
		if (it->sabotaged)
			continue;
		ret->total++;
		ret->carried += it->carried != NULL;
		ret->foreign += run_case_is_of_other_image(run, it);
		if (it->result)
			ret->outcomes[it->result->outcome]++;
		else
			ret->holes++;
	}
}

void run_tally_json(const struct run *run, struct text *out)
{
	struct run_tally tally;

	run_tally(run, &tally);
	json_key(out, "counts");
	json_open(out, '{');
	json_member_number(out, "total", tally.total);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_member_number(out, outcome_name((enum outcome)i), tally.outcomes[i]);
	json_member_number(out, "holes", tally.holes);
	if (run->retests[0]) {
		json_member_number(out, "carried", tally.carried);
		json_member_number(out, "other_image", tally.foreign);
	}
	json_close(out, '}');
}
