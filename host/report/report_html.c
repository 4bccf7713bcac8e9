/* SPDX-License-Identifier: Apache-2.0 */
/* The report as one page: failures first, evidence folded, nothing loaded from elsewhere, of use without its script. */
#include <string.h>

#include "host/report/escape.h"
#include "host/report/page.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define EVIDENCE_MAX 65536
#define LONGEST_MAX  20

/* In this order the cases stand on the page. */
static const char *const order[] = {"fail", "hole", "infra", "broken", "skip", "pass"};

static void add_escaped(struct text *out, const char *before, const char *string, const char *after)
{
	text_adds(out, before);
	escape_xmls(out, string);
	text_adds(out, after);
}

static void add_row(struct text *out, const char *name, const char *value, bool is_code)
{
	if (value[0] == '\0')
		return;
	text_addf(out, "<tr><th>%s</th><td>%s", name, is_code ? "<code>" : "");
	escape_xmls(out, value);
	text_adds(out, is_code ? "</code></td></tr>" : "</td></tr>");
}

/* ---- the head ---- */

static void add_head(const struct run *run, enum verdict verdict, struct text *out)
{
	text_adds(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		       "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">");
	text_addf(out, "<title>%s%s: ", run->proves ? "proof, " : "", verdict_name(verdict));
	add_escaped(out, "", run->id, "</title><style>");
	text_adds(out, page_style);
	text_adds(out, "</style></head>\n<body>\n");
}

static void add_bar(const struct run *run, struct text *out)
{
	struct run_tally tally;

	run_tally(run, &tally);
	text_adds(out, "<div class=\"bar\" aria-hidden=\"true\">");
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		enum outcome outcome;
		unsigned count = outcome_parse(order[i], &outcome) == 0 ? tally.outcomes[outcome]
									: tally.holes;
		if (count)
			text_addf(out, "<i class=\"%s\" style=\"flex:%u\"></i>", order[i], count);
	}
	text_adds(out, "</div>\n");
}

static void add_cell(const struct run_cell *cell, struct text *out)
{
	CLEAN_TEXT struct text about = TEXT_INIT(1024);

	words_cell(cell, &about);
	add_escaped(out, "<h1>", words_image(cell), "</h1><p>");
	add_escaped(out, "", about.buf, "</p>");
	add_escaped(out, "<p><small>SHA-256 <code>", cell->image_digest, "</code></small></p>");
	if (!cell->kernel_digest[0] || !cell->image_format[0])
		return;
	add_escaped(out, "<p><small>kernel ", cell->kernel_name, ", SHA-256 <code>");
	add_escaped(out, "", cell->kernel_digest, "</code></small></p>");
}

/* What was validated on what, and how each came out. */
static void add_cells(const struct run *run, struct text *out)
{
	if (run->cells.count < 2)
		return;
	text_adds(out, "<h2>Cells</h2>\n<table>");
	vec_each (&run->cells, cell) {
		CLEAN_TEXT struct text about = TEXT_INIT(1024);
		struct run_tally tally;
		words_cell_tally(run, cell->index, &tally);
		const char *worst = words_worst(&tally);
		words_cell(cell, &about);
		text_addf(out, "<tr><th>%u</th><td><span class=\"tag %s\">%s</span></td><td>",
			  cell->index, worst, worst);
		add_escaped(out, "", words_image(cell), "</td><td>");
		add_escaped(out, "", about.buf, "</td><td>");
		words_counts(&tally, "without a result", out);
		add_escaped(out, "</td><td><small><code>", cell->image_digest,
			    "</code></small></td></tr>\n");
	}
	text_adds(out, "</table>\n");
}

static void add_left_out(const struct run *run, struct text *out)
{
	if (run->left_out.count == 0)
		return;
	text_adds(out, "<h2>Left out</h2>\n<table>");
	vec_each (&run->left_out, it) {
		add_escaped(out, "<tr><th>", it->values, "</th><td>");
		add_escaped(out, "", it->why, it->must ? " (it must be there)" : "");
		text_adds(out, "</td></tr>\n");
	}
	text_adds(out, "</table>\n");
}

static void add_verdict(const struct run *run, enum verdict verdict, struct text *out)
{
	static const char *const words[] = {"SHIP", "BLOCK", "UNDECIDED"};
	static const char *const of_proof[] = {"PROVEN", "NOT PROVEN", "UNDECIDED"};
	char span[CLOCK_SPAN_SIZE], iso[CLOCK_ISO_SIZE];
	uint64_t took = words_span_ns(run);

	text_addf(out, "<header class=\"verdict %s\"><b>%s</b>", verdict_name(verdict),
		  run->proves ? of_proof[verdict] : words[verdict]);
	if (run->cells.count == 1)
		add_cell(run->cells.items, out);
	else
		text_addf(out, "<h1>%zu cells</h1>", run->cells.count);
	text_adds(out, "<p>");
	words_tally(run, out);
	if (took)
		text_addf(out, " in %s", clock_span(took, span));
	text_adds(out, "</p>");
	CLEAN_TEXT struct text retest = TEXT_INIT(1024), ending = TEXT_INIT(1024);
	if (run->retests[0])
		words_retest(run, &retest);
	if (retest.length > 0)
		add_escaped(out, "<p>", retest.buf, "</p>");
	words_ending(run, &ending);
	if (ending.length > 0)
		add_escaped(out, "<p class=\"broken\">", ending.buf, "</p>");
	add_bar(run, out);
	add_escaped(out, "<p><small>Run ", run->id, ", begun ");
	add_escaped(out, clock_iso(run->begun_ns, iso), ", Assay ", run->version);
	add_escaped(out, ", on ", run->host, "</small></p>");
	/* Links lead there from this page only when it lies there as well. */
	if (run->folder[0])
		add_escaped(out, "<p><small>Its folder: <code>", run->folder,
			    "</code></small></p>");
	text_adds(out, "</header>\n");
}

/* ---- the cases ---- */

static void add_check(const struct check_record *check, struct text *out)
{
	CLEAN_TEXT struct text at = TEXT_INIT(128);

	if (check->expression[0] == '\0')
		return;
	words_place(check, &at);
	/* A failure that the case put into words itself wants no value: its expression says nothing. */
	add_row(out, "check", check->want[0] ? check->expression : "", true);
	add_row(out, check->want[0] ? "got" : "because", check->got, check->want[0] != '\0');
	add_row(out, "want", check->want, true);
	add_row(out, "row", check->row, true);
	add_row(out, "at", at.buf, true);
}

static void add_evidence(const struct text *evidence, struct text *out)
{
	size_t length = evidence->length < EVIDENCE_MAX ? evidence->length : EVIDENCE_MAX;

	if (length == 0)
		return;
	text_adds(out, "<pre>");
	escape_xml(out, evidence->buf, length);
	if (length < evidence->length)
		text_adds(out, "\n… more in the journal");
	text_adds(out, "</pre>");
}

/* A journal may be anybody's: what is no folder inside the run's leads nowhere, and a page is no place for other links. */
static bool is_machine(const char *name)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return name[0] && name[strspn(name, plain)] == '\0';
}

static void add_console_link(const struct run_case *it, struct text *out)
{
	if (!it->record || !is_machine(it->record->name))
		return;
	text_adds(out, "<tr><th>console</th><td><a href=\"");
	escape_xmls(out, it->record->name);
	add_escaped(out, "/console.log\">", it->record->name,
		    "/console.log</a> <small>in the run's folder</small></td></tr>");
}

static void add_tries(const struct run_case *it, struct text *out)
{
	CLEAN_TEXT struct text tries = TEXT_INIT(4096);
	const struct run_try *other = words_other_try(it);

	if (it->tries.count == 0)
		return;
	words_tries(it, &tries);
	if (other && other->message[0])
		text_addf(&tries, "; %s: %s", outcome_name(other->outcome), other->message);
	add_row(out, "tries", tries.buf, false);
}

static void add_origin(const struct run *run, const struct run_case *it, struct text *out)
{
	CLEAN_TEXT struct text origin = TEXT_INIT(1024);

	if (!it->carried)
		return;
	words_origin(it->carried, &origin);
	add_row(out,
		run_case_is_of_other_image(run, it) ? "not run on this image; from"
						    : "carried over from",
		origin.buf, false);
}

static void add_measures(const struct run_case *it, struct text *out)
{
	if (!it->result)
		return;
	vec_each (&it->result->measures, measure) {
		CLEAN_TEXT struct text words = TEXT_INIT(1024);
		words_measure(measure, &words);
		add_row(out, "measured", words.buf, false);
	}
}

static void add_details(const struct run *run, const struct run_case *it, struct text *out)
{
	char numbers[128], span[CLOCK_SPAN_SIZE];
	bool is_good = it->result && it->result->outcome == OUTCOME_PASS;

	text_adds(out, "<div><table>");
	if (!is_good && !(it->result && it->result->check.expression[0]))
		add_row(out, "because", words_message(it), false);
	if (it->result) {
		add_check(&it->result->check, out);
		(void)snprintf(numbers, sizeof numbers, "%u held, %u did not, in %s",
			       it->result->checks_passed, it->result->checks_failed,
			       clock_span(it->result->duration_ns, span));
		add_row(out, "checks", numbers, false);
	}
	add_origin(run, it, out);
	add_tries(it, out);
	add_measures(it, out);
	add_row(out, "why", it->why, false);
	add_row(out, "remedy", is_good ? "" : it->remedy, false);
	add_row(out, "guards", it->fixes, false);
	add_row(out, "proof", it->proven ? it->sabotage : "none: this case cannot gate", false);
	add_console_link(it, out);
	text_adds(out, "</table>");
	if (it->result)
		add_evidence(&it->result->evidence, out);
	text_adds(out, "</div>");
}

static void add_case(const struct run *run, const struct run_case *it, bool open, struct text *out)
{
	const char *outcome = words_outcome(it);
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	words_where(run, it, &where);

	text_addf(out, "<details data-o=\"%s\" data-t=\"%s ", outcome, it->id);
	escape_xmls(out, it->title);
	text_adds(out, " ");
	escape_xmls(out, where.buf);
	text_addf(out, "\"%s><summary><span class=\"tag %s\">%s</span> <code>%s</code> ",
		  open ? " open" : "", outcome, outcome, it->id);
	add_escaped(out, "", it->title, "");
	text_addf(out, " <small>%s%s%s", case_priority_name(it->priority),
		  it->sabotaged ? ", sabotaged" : "", it->carried ? ", carried over" : "");
	add_escaped(out, where.length > 0 ? "; " : "", where.buf, "</small></summary>");
	add_details(run, it, out);
	text_adds(out, "</details>\n");
}

static void add_filter(struct text *out)
{
	text_adds(
		out,
		"<div class=\"filter\" hidden><input type=\"search\" id=\"q\" placeholder=\"Filter by id or "
		"title\" aria-label=\"Filter by id or title\">");
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		text_addf(
			out,
			"<label class=\"%s\"><input type=\"checkbox\" value=\"%s\" checked> %s</label>",
			order[i], order[i], order[i]);
	text_adds(out, "<small id=\"n\"></small></div>\n");
}

static void add_cases(const struct run *run, struct text *out)
{
	text_adds(out, "<h2>Cases</h2>\n");
	add_filter(out);
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		vec_each (&run->cases, it)
			if (strcmp(words_outcome(it), order[i]) == 0)
				add_case(run, it, i < 2 && !it->sabotaged, out);
}

/* ---- the rest ---- */

static void add_skips(const struct run *run, struct text *out)
{
	struct need_counts counts;

	words_skips(run, &counts);
	if (counts.count > 0)
		text_adds(out, "<h2>Skipped for want of</h2>\n<p>");
	vec_each (&counts, it) {
		add_escaped(out, it > counts.items ? ", <code>" : "<code>", it->need, "</code>");
		text_addf(out, " (%u)", it->count);
	}
	if (counts.count > 0)
		text_adds(out, "</p>\n");
	vec_done(&counts);
}

static void add_phases(const struct run *run, struct text *out)
{
	struct phase_sums sums;
	char span[CLOCK_SPAN_SIZE];

	words_phases(run, &sums);
	if (sums.count > 0)
		text_adds(out, "<h2>Time by phase, all machines added up</h2>\n<table>");
	vec_each (&sums, it) {
		add_escaped(out, "<tr><th>", it->name, "</th><td>");
		text_addf(out, "%s", clock_span(it->span_ns, span));
		if (it->count > 1)
			text_addf(out, " in %u times", it->count);
		text_adds(out, "</td></tr>");
	}
	if (sums.count > 0)
		text_adds(out, "</table>\n");
	vec_done(&sums);
}

static void add_longest(const struct run *run, struct text *out)
{
	struct long_cases cases;
	char span[CLOCK_SPAN_SIZE];

	words_longest(run, LONGEST_MAX, &cases);
	if (cases.count > 0)
		text_adds(out, "<h2>Longest cases</h2>\n<table>");
	vec_each (&cases, it) {
		add_escaped(out, "<tr><th><code>", (*it)->id, "</code></th><td>");
		text_addf(out, "%s%s</td></tr>", clock_span((*it)->result->duration_ns, span),
			  (*it)->sabotaged ? ", sabotaged" : "");
	}
	if (cases.count > 0)
		text_adds(out, "</table>\n");
	vec_done(&cases);
}

void report_html(const struct run *run, const struct judgement *judgement, struct text *out)
{
	add_head(run, judgement->verdict, out);
	add_verdict(run, judgement->verdict, out);
	add_cells(run, out);
	add_left_out(run, out);
	add_skips(run, out);
	add_cases(run, out);
	add_phases(run, out);
	add_longest(run, out);
	text_addf(out, "<script>%s</script>\n</body></html>\n", page_script);
}
