/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML, in the form that Jenkins, GitLab and GitHub's reporters read. */
#include <string.h>

#include "host/report/escape.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define EVIDENCE_MAX 16384 /* readers hold the whole file in memory */

struct suite_count {
	unsigned tests, failures, errors, skipped;
	uint64_t span_ns;
};

/* The area: an id up to its first dot. */
static size_t area_length(const struct run_case *it)
{
	return strcspn(it->id, ".");
}

static bool is_same_suite(const struct run_case *a, const struct run_case *b)
{
	size_t length = area_length(a);

	return a->cell == b->cell && length == area_length(b) && memcmp(a->id, b->id, length) == 0;
}

static void count_case(const struct run *run, const struct run_case *it, struct suite_count *count)
{
	const struct run_case *miss = words_miss(run, it);

	count->tests++;
	if (miss) {
		count->errors += words_is_unknown(miss);
		count->failures += !words_is_unknown(miss);
		return;
	}
	if (!it->result) {
		count->errors++;
		return;
	}
	if (run_case_is_of_other_image(run, it)) {
		count->skipped++;
		return;
	}
	count->span_ns += it->carried ? 0 : it->result->duration_ns;
	switch (it->result->outcome) {
	case OUTCOME_PASS:
		break;
	case OUTCOME_FAIL:
		count->failures++;
		break;
	case OUTCOME_SKIP:
		count->skipped++;
		break;
	case OUTCOME_BROKEN:
	case OUTCOME_INFRA:
		count->errors++;
		break;
	}
}

/* The user's own budget leaves it out, and nothing is missing. */
static bool is_skipped(const struct run_left_out *it)
{
	return it->asked && !it->must;
}

static void count_left_out(const struct run_left_out *it, struct suite_count *count)
{
	count->tests++;
	count->skipped += is_skipped(it);
	count->errors += !is_skipped(it);
}

/* Jenkins' schema knows `skipped` of a suite, and not of all of them. */
static void add_counts(const struct suite_count *count, bool is_suite, struct text *out)
{
	text_addf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\"", count->tests, count->failures,
		  count->errors);
	if (is_suite)
		text_addf(out, " skipped=\"%u\"", count->skipped);
	text_addf(out, " time=\"%.3f\"", clock_s(count->span_ns));
}

static void add_attribute(struct text *out, const char *name, const char *value)
{
	text_addf(out, " %s=\"", name);
	escape_xmls(out, value);
	text_adds(out, "\"");
}

static void add_check(const struct check_record *check, struct text *out)
{
	const char *const lines[][2] = {{"check", check->expression},
					{"got", check->got},
					{"want", check->want},
					{"row", check->row}};

	if (check->expression[0] == '\0')
		return;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (lines[i][1][0] == '\0')
			continue;
		text_addf(out, "\n%s: ", lines[i][0]);
		escape_xmls(out, lines[i][1]);
	}
	text_adds(out, "\nat: ");
	escape_xmls(out, check->file);
	text_addf(out, ":%u\n", check->line);
}

static void add_problem(const char *element, const struct run_case *it, struct text *out)
{
	text_addf(out, "\n      <%s", element);
	add_attribute(out, "type", words_outcome(it));
	add_attribute(out, "message", words_message(it));
	text_adds(out, ">");
	if (it->result)
		add_check(&it->result->check, out);
	text_addf(out, "</%s>", element);
}

/* The tests of a program's own, a line for each; JUnit has no place below a case. */
static void add_subs(const struct result *result, struct text *out)
{
	vec_each (&result->subs, sub) {
		text_addf(out, "%s%s ", outcome_name(sub->outcome),
			  sub->expected ? " (failed as expected)" : "");
		escape_xmls(out, sub->name);
		if (sub->duration_ns > 0)
			text_addf(out, " (%.3f s)", clock_s(sub->duration_ns));
		if (sub->message[0]) {
			text_adds(out, ": ");
			escape_xmls(out, sub->message);
		}
		text_adds(out, "\n");
	}
	if (result->subs_cut > 0)
		text_addf(out, "%u more were not kept\n", result->subs_cut);
}

/* No schema that readers hold JUnit against has a place for numbers below a case. */
static void add_measures(const struct measures *measures, struct text *out)
{
	vec_each (measures, measure) {
		CLEAN_TEXT struct text words = TEXT_INIT(1024);
		words_measure(measure, &words);
		text_adds(out, "measured: ");
		escape_xmls(out, words.buf);
		text_adds(out, "\n");
	}
}

static void add_output(const struct result *result, bool tells_evidence, struct text *out)
{
	size_t length =
		result->evidence.length < EVIDENCE_MAX ? result->evidence.length : EVIDENCE_MAX;

	if (!tells_evidence)
		length = 0;
	if (length == 0 && result->subs.count == 0 && result->measures.count == 0)
		return;
	text_adds(out, "\n      <system-out>");
	add_measures(&result->measures, out);
	add_subs(result, out);
	escape_xml(out, result->evidence.buf, length);
	text_adds(out, "</system-out>");
}

static void add_outcome(const struct run_case *it, struct text *out)
{
	if (!it->result) {
		add_problem("error", it, out);
		return;
	}
	switch (it->result->outcome) {
	case OUTCOME_PASS:
		return;
	case OUTCOME_FAIL:
		add_problem("failure", it, out);
		break;
	case OUTCOME_BROKEN:
	case OUTCOME_INFRA:
		add_problem("error", it, out);
		break;
	case OUTCOME_SKIP:
		text_adds(out, "\n      <skipped");
		add_attribute(out, "message", words_message(it));
		text_adds(out, "/>");
		break;
	}
}

/* In the words of Maven Surefire, which CI systems know: flaky is what passed in the end. */
static void add_reruns(const struct run_case *it, struct text *out)
{
	if (!it->result)
		return;
	bool is_flaky = it->result->outcome == OUTCOME_PASS;
	vec_each (&it->tries, try_) {
		if (try_->outcome == OUTCOME_PASS || try_->outcome == OUTCOME_SKIP)
			continue;
		text_addf(out, "\n      <%s%s", is_flaky ? "flaky" : "rerun",
			  try_->outcome == OUTCOME_FAIL ? "Failure" : "Error");
		add_attribute(out, "type", outcome_name(try_->outcome));
		add_attribute(out, "message", try_->message);
		text_adds(out, "/>");
	}
}

static void add_miss(const struct run_case *miss, struct text *out)
{
	const char *element = words_is_unknown(miss) ? "error" : "failure";

	text_addf(out, "\n      <%s type=\"missed\"", element);
	CLEAN_FREE char *message = xasprintf("with its defect planted (%s) it came out as %s",
					     miss->sabotage, words_outcome(miss));
	add_attribute(out, "message", message);
	text_adds(out, "/>");
}

/* A pass on another image is none on this one. */
static void add_carried(const struct run_case *it, struct text *out)
{
	CLEAN_TEXT struct text message = TEXT_INIT(1024);

	(void)text_addf(&message, "not run on this image; %s in ",
			outcome_name(it->result->outcome));
	words_origin(it->carried, &message);
	text_adds(out, "\n      <skipped");
	add_attribute(out, "message", message.buf);
	text_adds(out, "/>");
}

/* The area, and where there are several cells which: readers tell cases apart by class and name, whatever suite they are in. */
static void add_area(const struct run *run, const struct run_case *it, struct text *out)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	escape_xml(out, it->id, area_length(it));
	words_where(run, it, &where);
	text_adds(out, where.length > 0 ? " on " : "");
	escape_xmls(out, where.buf);
}

static void add_case(const struct run *run, const struct run_case *it, struct text *out)
{
	const struct run_case *miss = words_miss(run, it);

	text_adds(out, "    <testcase classname=\"");
	add_area(run, it, out);
	text_adds(out, "\"");
	add_attribute(out, "name", it->id + area_length(it) + (it->id[area_length(it)] == '.'));
	text_addf(out, " time=\"%.3f\">",
		  it->result && !it->carried ? clock_s(it->result->duration_ns) : 0.0);
	if (miss)
		add_miss(miss, out);
	else if (run_case_is_of_other_image(run, it))
		add_carried(it, out);
	else
		add_outcome(it, out);
	add_reruns(it, out);
	/* Behind the reruns: Jenkins' schema wants the output last. */
	if (it->result)
		add_output(it->result,
			   it->result->outcome != OUTCOME_PASS &&
				   it->result->outcome != OUTCOME_SKIP,
			   out);
	text_adds(out, "</testcase>\n");
}

static void add_suite(const struct run *run, const struct run_case *first,
		      const struct run_case *end, struct text *out)
{
	struct suite_count count = {0};
	char iso[CLOCK_ISO_SIZE];

	for (const struct run_case *it = first; it < end; it++)
		if (!it->sabotaged)
			count_case(run, it, &count);
	text_adds(out, "  <testsuite name=\"");
	add_area(run, first, out);
	text_adds(out, "\"");
	add_counts(&count, true, out);
	text_addf(out, " timestamp=\"%.19s\"", clock_iso(run->begun_ns, iso));
	if (first->cell < run->cells.count)
		add_attribute(out, "hostname", run->cells.items[first->cell].image_name);
	text_adds(out, ">\n");
	for (const struct run_case *it = first; it < end; it++)
		if (!it->sabotaged)
			add_case(run, it, out);
	text_adds(out, "  </testsuite>\n");
}

/* A suite of what the runbook asks for and is in no cell. */
static void add_left_out(const struct run *run, struct text *out)
{
	struct suite_count count = {0};

	if (run->left_out.count == 0)
		return;
	vec_each (&run->left_out, it)
		count_left_out(it, &count);
	text_adds(out, "  <testsuite name=\"left out\"");
	add_counts(&count, true, out);
	text_adds(out, ">\n");
	vec_each (&run->left_out, it) {
		text_adds(out, "    <testcase classname=\"left out\"");
		add_attribute(out, "name", it->values);
		text_adds(out, " time=\"0.000\">\n      <");
		text_adds(out, is_skipped(it) ? "skipped" : "error type=\"left out\"");
		add_attribute(out, "message", it->why);
		text_adds(out, "/></testcase>\n");
	}
	text_adds(out, "  </testsuite>\n");
}

void report_junit(const struct run *run, const struct judgement *judgement UNUSED, struct text *out)
{
	const struct run_case *end = run->cases.items + run->cases.count;
	struct suite_count all = {0};

	vec_each (&run->cases, it)
		if (!it->sabotaged)
			count_case(run, it, &all);
	vec_each (&run->left_out, it)
		count_left_out(it, &all);
	text_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	add_attribute(out, "name", run->id);
	add_counts(&all, false, out);
	text_adds(out, ">\n");
	for (const struct run_case *first = run->cases.items, *next; first && first < end;
	     first = next) {
		for (next = first + 1; next < end && is_same_suite(first, next);)
			next++;
		add_suite(run, first, next, out);
	}
	add_left_out(run, out);
	text_adds(out, "</testsuites>\n");
}
