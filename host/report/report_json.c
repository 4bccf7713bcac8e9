/* SPDX-License-Identifier: Apache-2.0 */
/* The report as one JSON object; its form is documented in assay-report(5). */
#include "base/json.h"
#include "host/report/report.h"
#include "host/report/words.h"

static void add_time(struct text *out, const char *key, uint64_t wall_ns)
{
	char iso[CLOCK_ISO_SIZE];

	json_member(out, key, wall_ns ? clock_iso(wall_ns, iso) : NULL);
}

static void add_head(const struct run *run, struct text *out)
{
	json_member_number(out, "schema", REPORT_SCHEMA);
	json_member(out, "run", run->id);
	json_member(out, "assay", run->version);
	json_member(out, "host", run->host);
	add_time(out, "begun", run->begun_ns);
	add_time(out, "ended", run->ended_ns);
	json_member(out, "ending", run->ending[0] ? run->ending : NULL);
	json_key(out, "going");
	json_bool(out, run->is_going);
	json_member_number(out, "resumed", run->resumed);
	if (run->retests[0])
		json_member(out, "retests", run->retests);
}

static void add_host(const struct run_cell *cell, struct text *out)
{
	const struct {
		const char *key, *value;
	} members[] = {{"host", cell->host},
		       {"qemu", cell->qemu},
		       {"qemu_version", cell->qemu_version},
		       {"machine", cell->machine},
		       {"cpu_model", cell->cpu_model}};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].value[0])
			json_member(out, members[i].key, members[i].value);
}

static void add_kernel(const struct run_cell *cell, struct text *out)
{
	if (cell->kernel_digest[0] == '\0')
		return;
	json_key(out, "kernel");
	json_open(out, '{');
	if (cell->kernel_called[0])
		json_member(out, "called", cell->kernel_called);
	json_member(out, "name", cell->kernel_name);
	json_member(out, "sha256", cell->kernel_digest);
	json_member(out, "release", cell->kernel_release);
	json_close(out, '}');
}

static void add_cells(const struct run *run, struct text *out)
{
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&run->cells, cell) {
		json_open(out, '{');
		json_member_number(out, "cell", cell->index);
		json_member(out, "image", cell->image_name);
		if (cell->image_called[0])
			json_member(out, "called", cell->image_called);
		json_member(out, "sha256", cell->image_digest);
		json_member(out, "format", cell->image_format);
		json_member(out, "os", cell->os_name);
		json_member(out, "arch", cell->arch);
		add_kernel(cell, out);
		json_member(out, "size", cell->size_name);
		if (cell->stand_in[0])
			json_member(out, "stand_in", cell->stand_in);
		json_member_number(out, "cpus", cell->cpus);
		json_member_number(out, "mem_mib", cell->mem_mib);
		json_member(out, "firmware", cell->firmware);
		json_member(out, "accel", cell->accel);
		json_member(out, "entry", cell->entry);
		add_host(cell, out);
		json_member(out, "policy", cell->policy);
		if (cell->variants[0])
			json_member(out, "variants", cell->variants);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_left_out(const struct run *run, struct text *out)
{
	json_key(out, "left_out");
	json_open(out, '[');
	vec_each (&run->left_out, it) {
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

static void add_reasons(const struct judgement *judgement, struct text *out)
{
	json_member(out, "verdict", verdict_name(judgement->verdict));
	json_key(out, "reasons");
	json_open(out, '[');
	vec_each (&judgement->reasons, reason) {
		json_open(out, '{');
		json_member(out, "kind", reason_name(reason->kind));
		json_member(out, "effect", effect_name(reason->effect));
		if (reason->text)
			json_member(out, "text", reason->text);
		if (reason->it) {
			json_member(out, "id", reason->it->id);
			json_member_number(out, "cell", reason->it->cell);
			json_member(out, "message", words_message(reason->it));
		}
		if (reason->left_out) {
			json_member(out, "values", reason->left_out->values);
			json_member(out, "message", reason->left_out->why);
		}
		if (reason->cell)
			json_member_number(out, "cell", reason->cell->index);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_check(const struct check_record *check, struct text *out)
{
	json_key(out, "check");
	json_open(out, '{');
	json_member(out, "expression", check->expression);
	json_member(out, "got", check->got);
	json_member(out, "want", check->want);
	json_member(out, "file", check->file);
	json_member_number(out, "line", check->line);
	if (check->row[0])
		json_member(out, "row", check->row);
	json_close(out, '}');
}

/* What it did before its result. */
static void add_reruns(const struct run_case *it, struct text *out)
{
	if (it->tries.count == 0)
		return;
	json_key(out, "reruns");
	json_open(out, '[');
	vec_each (&it->tries, try_) {
		json_open(out, '{');
		json_member_number(out, "attempt", try_->attempt);
		json_member(out, "outcome", outcome_name(try_->outcome));
		if (try_->message[0])
			json_member(out, "message", try_->message);
		json_key(out, "duration_s");
		json_double(out, clock_s(try_->duration_ns));
		add_time(out, "ended", try_->wall_ns);
		if (try_->machine[0])
			json_member(out, "machine", try_->machine);
		words_measures_json(&try_->measures, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_trial(const struct run_case *it, struct text *out)
{
	const struct {
		const char *key;
		unsigned number;
	} members[] = {
		{"timeout_s", it->timeout_s}, {"retries", it->retries}, {"repeat", it->repeat}};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].number > 0)
			json_member_number(out, members[i].key, members[i].number);
	if (it->until_sure > 0) {
		json_key(out, "until_sure");
		json_double(out, it->until_sure);
	}
}

/* The tests that a program told of itself. */
static void add_subs(const struct result *result, struct text *out)
{
	if (result->subs.count > 0) {
		json_key(out, "subs");
		json_open(out, '[');
	}
	vec_each (&result->subs, sub) {
		json_open(out, '{');
		json_member(out, "name", sub->name);
		json_member(out, "outcome", outcome_name(sub->outcome));
		if (sub->expected) {
			json_key(out, "expected");
			json_bool(out, true);
		}
		if (sub->message[0])
			json_member(out, "message", sub->message);
		if (sub->line > 0)
			json_member_number(out, "line", sub->line);
		if (sub->duration_ns > 0) {
			json_key(out, "duration_s");
			json_double(out, clock_s(sub->duration_ns));
		}
		json_close(out, '}');
	}
	if (result->subs.count > 0)
		json_close(out, ']');
	if (result->subs_cut > 0)
		json_member_number(out, "subs_cut", result->subs_cut);
}

static void add_result(const struct run_case *it, struct text *out)
{
	const struct result *result = it->result;

	if (result->message[0])
		json_member(out, "message", result->message);
	if (result->need[0])
		json_member(out, "need", result->need);
	if (result->check.expression[0])
		add_check(&result->check, out);
	json_member_number(out, "checks_passed", result->checks_passed);
	json_member_number(out, "checks_failed", result->checks_failed);
	json_key(out, "duration_s");
	json_double(out, clock_s(result->duration_ns));
	add_time(out, "ended", result->wall_ns);
	json_member_number(out, "attempts", it->attempts);
	if (it->record->sure[0])
		json_member(out, "sure", it->record->sure);
	if (it->record->name[0])
		json_member(out, "machine", it->record->name);
	add_subs(result, out);
	words_measures_json(&result->measures, out);
	if (result->evidence.length > 0) {
		json_key(out, "evidence");
		json_bytes(out, result->evidence.buf, result->evidence.length);
	}
}

/* Where the result is from when it is not of this run. */
static void add_carried(const struct run_case *it, struct text *out)
{
	if (!it->carried)
		return;
	json_key(out, "carried");
	json_open(out, '{');
	json_member(out, "run", it->carried->run);
	json_member(out, "sha256", it->carried->sha256);
	json_close(out, '}');
}

static void add_case(const struct run_case *it, struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", it->id);
	json_member_number(out, "cell", it->cell);
	json_member(out, "title", it->title);
	json_member(out, "kind", case_kind_name(it->kind));
	json_member(out, "priority", case_priority_name(it->priority));
	json_key(out, "sabotaged");
	json_bool(out, it->sabotaged);
	json_key(out, "proven");
	json_bool(out, it->proven);
	json_member(out, "way", it->way);
	json_member(out, "outcome", words_outcome(it));
	add_trial(it, out);
	add_carried(it, out);
	if (it->result)
		add_result(it, out);
	add_reruns(it, out);
	json_close(out, '}');
}

static void add_phases(const struct run *run, struct text *out)
{
	struct phase_sums sums;

	words_phases(run, &sums);
	json_key(out, "phases");
	json_open(out, '[');
	vec_each (&sums, it) {
		json_open(out, '{');
		json_member(out, "name", it->name);
		json_key(out, "seconds");
		json_double(out, clock_s(it->span_ns));
		json_member_number(out, "count", it->count);
		json_close(out, '}');
	}
	json_close(out, ']');
	vec_done(&sums);
}

void report_json(const struct run *run, const struct judgement *judgement, struct text *out)
{
	json_open(out, '{');
	add_head(run, out);
	add_reasons(judgement, out);
	run_tally_json(run, out);
	add_cells(run, out);
	add_left_out(run, out);
	add_phases(run, out);
	json_key(out, "cases");
	json_open(out, '[');
	vec_each (&run->cases, it)
		add_case(it, out);
	json_close(out, ']');
	json_close(out, '}');
	text_adds(out, "\n");
}
