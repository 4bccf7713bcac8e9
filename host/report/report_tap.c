/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as TAP 14 and as KTAP 1: a point for each case of each cell, below it what a program told of its own tests, and at
 * the end a point for each cell that was left out.
 */
#include <string.h>

#include "base/json.h"
#include "host/report/escape.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define MESSAGE_MAX 400

struct writer {
	struct text *out;
	bool is_ktap;
	unsigned number; /* of the last point */
};

/* A description: in TAP a '#' has a backslash before it. KTAP's may not hold one, nor does its readers' pattern for a result take any
 * (tools/testing/kunit/kunit_parser.py of the kernel); there the name as it is stands in a line before. */
static void add_words(const struct writer *w, const char *string)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(65536);

	escape_terminal(&plain, string, false);
	for (const char *at = plain.buf; *at; at++) {
		if (w->is_ktap)
			text_add(w->out, *at == '#' ? "_" : at, 1);
		else
			text_addf(w->out, *at == '#' || *at == '\\' ? "\\%c" : "%c", *at);
	}
}

/* Words behind a directive; the directive ends the search for others. */
static void add_reason(const struct writer *w, const char *string)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(MESSAGE_MAX);

	escape_terminal(&plain, string, false);
	text_addf(w->out, " %s", plain.buf);
}

/* ---- one point ---- */

struct point {
	const char *name, *where; /* where: "" one cell */
	const char *message, *status;
	enum outcome outcome;
	bool expected;
};

static void add_name_before(const struct writer *w, unsigned indent, const struct point *point)
{
	if (!w->is_ktap || !strchr(point->name, '#'))
		return;
	text_addf(w->out, "%*s# name: ", (int)indent, "");
	escape_terminal(w->out, point->name, false);
	text_adds(w->out, "\n");
}

static void add_directive(const struct writer *w, const struct point *point)
{
	if (point->outcome == OUTCOME_SKIP)
		text_adds(w->out, " # SKIP");
	else if (point->expected)
		text_adds(w->out, w->is_ktap ? " # XFAIL" : " # todo");
	else if (w->is_ktap &&
		 (point->outcome == OUTCOME_BROKEN || point->outcome == OUTCOME_INFRA))
		text_addf(w->out, " # ERROR %s:", point->status);
	else
		return;
	add_reason(w, point->message);
}

static void add_point(struct writer *w, unsigned indent, unsigned number, const struct point *point)
{
	bool is_ok = (point->outcome == OUTCOME_PASS && !point->expected) ||
		     point->outcome == OUTCOME_SKIP;

	add_name_before(w, indent, point);
	text_addf(w->out, "%*s%s %u %s", (int)indent, "", is_ok ? "ok" : "not ok", number,
		  w->is_ktap ? "" : "- ");
	add_words(w, point->name);
	if (point->where[0]) {
		text_adds(w->out, " on ");
		add_words(w, point->where);
	}
	add_directive(w, point);
	text_adds(w->out, "\n");
}

/* ---- the block of YAML, in which a JSON string is one of YAML's ---- */

static void add_value(const struct writer *w, unsigned indent, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	text_addf(w->out, "%*s%s: ", (int)indent, "", key);
	CLEAN_TEXT struct text string = TEXT_INIT(65536);
	json_text(&string, value);
	text_addf(w->out, "%s\n", string.buf);
}

static void add_check(const struct writer *w, const struct check_record *check)
{
	add_value(w, 2, "check", check->expression);
	add_value(w, 2, "got", check->got);
	add_value(w, 2, "want", check->want);
	add_value(w, 2, "row", check->row);
	CLEAN_TEXT struct text at = TEXT_INIT(256);
	words_place(check, &at);
	add_value(w, 2, "at", at.buf);
}

static void add_block(const struct writer *w, const struct run_case *it, const struct told *told,
		      const char *where)
{
	CLEAN_TEXT struct text tries = TEXT_INIT(1024), measured = TEXT_INIT(16384);

	text_adds(w->out, "  ---\n");
	add_value(w, 2, "outcome", told->status);
	add_value(w, 2, "cell", where);
	add_value(w, 2, "message", told->message);
	if (it->result) {
		add_value(w, 2, "need", it->result->need);
		if (it->result->check.expression[0])
			add_check(w, &it->result->check);
		text_addf(w->out, "  duration_ms: %.3f\n", clock_s(it->result->duration_ns) * 1000);
		words_measures(&it->result->measures, &measured);
		add_value(w, 2, "measured", measured.buf);
	}
	if (it->tries.count > 0) {
		words_tries(it, &tries);
		text_addf(w->out, "  attempts: %u\n", it->attempts);
		add_value(w, 2, "tries", tries.buf);
	}
	text_adds(w->out, "  ...\n");
}

/* KTAP wants no blocks: what there is to say stands in lines before the point. */
static void add_remark(const struct writer *w, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	text_addf(w->out, "# %s: ", key);
	escape_terminal(w->out, value, false);
	text_adds(w->out, "\n");
}

static void add_remarks(const struct writer *w, const struct run_case *it, const struct told *told)
{
	CLEAN_TEXT struct text text = TEXT_INIT(16384);

	if (told->outcome == OUTCOME_FAIL)
		add_remark(w, "because", told->message);
	if (!it->result)
		return;
	words_place(&it->result->check, &text);
	add_remark(w, "at", text.buf);
	text_clear(&text);
	if (it->tries.count > 0)
		words_tries(it, &text);
	add_remark(w, "tries", text.buf);
	text_clear(&text);
	words_measures(&it->result->measures, &text);
	add_remark(w, "measured", text.buf);
	text_addf(w->out, "# duration: %.3f s\n", clock_s(it->result->duration_ns));
}

/* ---- the tests of a program's own ---- */

static void add_subs(struct writer *w, const struct run_case *it)
{
	const struct result *result = it->result;
	unsigned indent = w->is_ktap ? 2 : 4, number = 0;

	if (!result || result->subs.count == 0)
		return;
	text_addf(w->out, w->is_ktap ? "  KTAP version 1\n  # Subtest: %s\n" : "# Subtest: %s\n",
		  it->id);
	text_addf(w->out, "%*s1..%zu\n", (int)indent, "", result->subs.count);
	vec_each (&result->subs, sub) {
		const struct point point = {.name = sub->name,
					    .where = "",
					    .message = sub->message,
					    .status = outcome_name(sub->outcome),
					    .outcome = sub->outcome,
					    .expected = sub->expected};
		add_point(w, indent, ++number, &point);
		if (w->is_ktap || (sub->duration_ns == 0 && sub->message[0] == '\0'))
			continue;
		text_addf(w->out, "%*s---\n", (int)indent + 2, "");
		add_value(w, indent + 2, "message", sub->message);
		if (sub->duration_ns > 0)
			text_addf(w->out, "%*sduration_ms: %.3f\n", (int)indent + 2, "",
				  clock_s(sub->duration_ns) * 1000);
		text_addf(w->out, "%*s...\n", (int)indent + 2, "");
	}
	if (result->subs_cut > 0)
		text_addf(w->out, "%*s# %u more were not kept\n", (int)indent, "",
			  result->subs_cut);
}

/* ---- all of it ---- */

/* True when one of its own tests failed and it did not: a point must not hide that. */
static bool hides_failures(const struct run_case *it, enum outcome outcome)
{
	if (!it->result || (outcome != OUTCOME_PASS && outcome != OUTCOME_SKIP))
		return false;
	vec_each (&it->result->subs, sub)
		if (sub->outcome == OUTCOME_FAIL)
			return true;
	return false;
}

static void add_case(struct writer *w, const struct run *run, const struct run_case *it)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);
	struct told told;

	words_tell(run, it, &told);
	words_where(run, it, &where);
	const struct point point = {.name = it->id,
				    .where = where.buf,
				    .message = told.message,
				    .status = told.status,
				    .outcome = told.outcome};
	if (!hides_failures(it, told.outcome))
		add_subs(w, it);
	if (w->is_ktap)
		add_remarks(w, it, &told);
	add_point(w, 0, ++w->number, &point);
	if (!w->is_ktap)
		add_block(w, it, &told, where.buf);
}

static void add_left_out(struct writer *w, const struct run_left_out *it)
{
	const struct point point = {
		.name = it->values,
		.where = "",
		.message = it->why,
		.status = "left out",
		.outcome = it->asked && !it->must ? OUTCOME_SKIP : OUTCOME_INFRA,
	};

	add_point(w, 0, ++w->number, &point);
	if (w->is_ktap || point.outcome == OUTCOME_SKIP)
		return;
	text_adds(w->out, "  ---\n");
	add_value(w, 2, "outcome", "left out");
	add_value(w, 2, "message", it->why);
	text_adds(w->out, "  ...\n");
}

static void write_report(const struct run *run, const struct judgement *judgement, bool is_ktap,
			 struct text *out)
{
	struct writer w = {.out = out, .is_ktap = is_ktap};
	struct run_tally tally;

	run_tally(run, &tally);
	text_addf(out, "%s\n1..%zu\n", is_ktap ? "KTAP version 1" : "TAP version 14",
		  tally.total + run->left_out.count);
	text_addf(out, "# run %s: %s\n", run->id, verdict_name(judgement->verdict));
	vec_each (&run->cases, it)
		if (!it->sabotaged)
			add_case(&w, run, it);
	vec_each (&run->left_out, it)
		add_left_out(&w, it);
}

void report_tap(const struct run *run, const struct judgement *judgement, struct text *out)
{
	write_report(run, judgement, false, out);
}

void report_ktap(const struct run *run, const struct judgement *judgement, struct text *out)
{
	write_report(run, judgement, true, out);
}
