/* SPDX-License-Identifier: Apache-2.0 */
/* The Common Test Report Format, https://ctrf.io: broken, infra and holes are "other", with our word as rawStatus. */
#include <string.h>

#include "base/json.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define EVIDENCE_MAX 16384 /* readers hold the whole file in memory */

static const char *const statuses[OUTCOME_COUNT] = {
	[OUTCOME_PASS] = "passed",  [OUTCOME_FAIL] = "failed", [OUTCOME_SKIP] = "skipped",
	[OUTCOME_BROKEN] = "other", [OUTCOME_INFRA] = "other",
};

struct counts {
	unsigned tests, passed, failed, skipped, pending, other, flaky;
};

static void add_ms(struct text *out, const char *key, uint64_t ns)
{
	json_member_number(out, key, (long long)((ns + NS_PER_MS / 2) / NS_PER_MS));
}

static void member_if(struct text *out, const char *key, const char *value)
{
	if (value[0])
		json_member(out, key, value);
}

/* What is still to come is pending; nothing else is. */
static const char *status_of(const struct run_case *it, const struct told *told)
{
	return it->is_awaited ? "pending" : statuses[told->outcome];
}

/* It passed, and at an earlier try it did not. */
static bool is_flaky(const struct run_case *it)
{
	if (!it->result || it->result->outcome != OUTCOME_PASS)
		return false;
	vec_each (&it->tries, try_)
		if (try_->outcome != OUTCOME_PASS && try_->outcome != OUTCOME_SKIP)
			return true;
	return false;
}

/* ---- the sum ---- */

static void count_case(const struct run *run, const struct run_case *it, struct counts *counts)
{
	struct told told;

	words_tell(run, it, &told);
	counts->tests++;
	counts->flaky += is_flaky(it);
	if (it->is_awaited)
		counts->pending++;
	else if (told.outcome == OUTCOME_PASS)
		counts->passed++;
	else if (told.outcome == OUTCOME_FAIL)
		counts->failed++;
	else if (told.outcome == OUTCOME_SKIP)
		counts->skipped++;
	else
		counts->other++;
}

static void count_left_out(const struct run_left_out *it, struct counts *counts)
{
	counts->tests++;
	counts->skipped += it->asked && !it->must;
	counts->other += !it->asked || it->must;
}

static void add_summary(const struct run *run, const struct judgement *judgement, struct text *out)
{
	struct counts counts = {0};
	uint64_t end_ns = run->ended_ns ? run->ended_ns : run->seen_ns;

	vec_each (&run->cases, it)
		if (!it->sabotaged)
			count_case(run, it, &counts);
	vec_each (&run->left_out, it)
		count_left_out(it, &counts);
	json_key(out, "summary");
	json_open(out, '{');
	json_member_number(out, "tests", counts.tests);
	json_member_number(out, "passed", counts.passed);
	json_member_number(out, "failed", counts.failed);
	json_member_number(out, "skipped", counts.skipped);
	json_member_number(out, "pending", counts.pending);
	json_member_number(out, "other", counts.other);
	json_member_number(out, "flaky", counts.flaky);
	add_ms(out, "start", run->begun_ns);
	add_ms(out, "stop", end_ns > run->begun_ns ? end_ns : run->begun_ns);
	add_ms(out, "duration", words_span_ns(run));
	json_key(out, "extra");
	json_open(out, '{');
	json_member(out, "verdict", verdict_name(judgement->verdict));
	run_tally_json(run, out);
	json_member_number(out, "left_out", (long long)run->left_out.count);
	json_close(out, '}');
	json_close(out, '}');
}

/* ---- one test ---- */

static void add_suite(const struct run *run, const struct run_case *it, struct text *out)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	json_key(out, "suite");
	json_open(out, '[');
	words_where(run, it, &where);
	if (where.length > 0)
		json_text(out, where.buf);
	json_bytes(out, it->id, strcspn(it->id, "."));
	json_close(out, ']');
}

static void add_attempts(const struct run_case *it, struct text *out)
{
	if (it->tries.count == 0)
		return;
	json_member_number(out, "retries", (long long)it->tries.count);
	json_key(out, "flaky");
	json_bool(out, is_flaky(it));
	json_key(out, "retryAttempts");
	json_open(out, '[');
	unsigned number = 0;
	vec_each (&it->tries, try_) {
		json_open(out, '{');
		json_member_number(out, "attempt", ++number);
		json_member(out, "status", statuses[try_->outcome]);
		add_ms(out, "duration", try_->duration_ns);
		member_if(out, "message", try_->message);
		json_key(out, "extra");
		json_open(out, '{');
		json_member(out, "outcome", outcome_name(try_->outcome));
		words_measures_json(&try_->measures, out);
		json_close(out, '}');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_steps(const struct result *result, struct text *out)
{
	if (result->subs.count == 0)
		return;
	json_key(out, "steps");
	json_open(out, '[');
	vec_each (&result->subs, sub) {
		json_open(out, '{');
		json_member(out, "name", sub->name);
		json_member(out, "status", statuses[sub->outcome]);
		json_key(out, "extra");
		json_open(out, '{');
		json_member(out, "outcome", outcome_name(sub->outcome));
		json_key(out, "expected");
		json_bool(out, sub->expected);
		member_if(out, "message", sub->message);
		if (sub->duration_ns > 0) {
			json_key(out, "duration_ms");
			json_double(out, clock_s(sub->duration_ns) * 1000);
		}
		json_close(out, '}');
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_extra(const struct run_case *it, struct text *out)
{
	const struct check_record *check = it->result ? &it->result->check : NULL;

	json_key(out, "extra");
	json_open(out, '{');
	json_member(out, "title", it->title);
	json_member_number(out, "cell", it->cell);
	json_member(out, "priority", case_priority_name(it->priority));
	json_key(out, "proven");
	json_bool(out, it->proven);
	if (it->result) {
		member_if(out, "need", it->result->need);
		words_measures_json(&it->result->measures, out);
	}
	if (check && check->expression[0]) {
		json_member(out, "check", check->expression);
		json_member(out, "got", check->got);
		json_member(out, "want", check->want);
		member_if(out, "row", check->row);
	}
	member_if(out, "remedy", it->remedy);
	if (it->result && it->result->subs_cut > 0)
		json_member_number(out, "steps_cut", it->result->subs_cut);
	json_close(out, '}');
}

static void add_result(const struct run_case *it, struct text *out)
{
	const struct result *result = it->result;
	size_t length =
		result->evidence.length < EVIDENCE_MAX ? result->evidence.length : EVIDENCE_MAX;

	if (result->check.expression[0] && result->check.file[0]) {
		json_member(out, "filePath", result->check.file);
		json_member_number(out, "line", result->check.line);
	}
	if (length > 0 && result->outcome != OUTCOME_PASS) {
		json_key(out, "trace");
		json_bytes(out, result->evidence.buf, length);
	}
	add_steps(result, out);
}

static void add_case(const struct run *run, const struct run_case *it, struct text *out)
{
	struct told told;

	words_tell(run, it, &told);
	json_open(out, '{');
	json_key(out, "testId");
	CLEAN_FREE char *id = xasprintf("%s@%u", it->id, it->cell);
	json_text(out, id);
	json_member(out, "name", it->id);
	json_member(out, "status", status_of(it, &told));
	json_member(out, "rawStatus", told.status);
	add_ms(out, "duration", it->result ? it->result->duration_ns : 0);
	add_suite(run, it, out);
	json_member(out, "type", case_kind_name(it->kind));
	member_if(out, "message", told.message);
	if (it->result)
		add_result(it, out);
	add_attempts(it, out);
	add_extra(it, out);
	json_close(out, '}');
}

static void add_left_out(const struct run_left_out *it, struct text *out)
{
	json_open(out, '{');
	json_member(out, "name", it->values);
	json_member(out, "status", it->asked && !it->must ? "skipped" : "other");
	json_member(out, "rawStatus", "left out");
	json_member_number(out, "duration", 0);
	json_member(out, "message", it->why);
	json_close(out, '}');
}

/* ---- all of it ---- */

static void add_environment(const struct run *run, struct text *out)
{
	const struct run_cell *cell = run->cells.count == 1 ? run->cells.items : NULL;

	json_key(out, "environment");
	json_open(out, '{');
	json_member(out, "testEnvironment", run->host);
	if (cell) {
		json_member(out, "appName", cell->image_name);
		json_member(out, "osRelease", cell->os_name);
	}
	json_key(out, "extra");
	json_open(out, '{');
	json_key(out, "cells");
	json_open(out, '[');
	vec_each (&run->cells, it) {
		CLEAN_TEXT struct text about = TEXT_INIT(1024);
		words_cell(it, &about);
		json_open(out, '{');
		json_member_number(out, "cell", it->index);
		json_member(out, "image", it->image_name);
		json_member(out, "sha256", it->image_digest);
		json_member(out, "about", about.buf);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	json_close(out, '}');
}

void report_ctrf(const struct run *run, const struct judgement *judgement, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	json_open(out, '{');
	json_member(out, "reportFormat", "CTRF");
	json_member(out, "specVersion", "1.0.0");
	json_member(out, "runId", run->id[0] ? run->id : "run");
	json_member(out, "timestamp",
		    clock_iso(run->ended_ns  ? run->ended_ns
			      : run->seen_ns ? run->seen_ns
					     : run->begun_ns,
			      iso));
	json_member(out, "generatedBy", "assay");
	json_key(out, "results");
	json_open(out, '{');
	json_key(out, "tool");
	json_open(out, '{');
	json_member(out, "name", "assay");
	json_member(out, "version", run->version);
	json_close(out, '}');
	add_summary(run, judgement, out);
	json_key(out, "tests");
	json_open(out, '[');
	vec_each (&run->cases, it)
		if (!it->sabotaged)
			add_case(run, it, out);
	vec_each (&run->left_out, it)
		add_left_out(it, out);
	json_close(out, ']');
	add_environment(run, out);
	json_close(out, '}');
	json_close(out, '}');
	text_adds(out, "\n");
}
