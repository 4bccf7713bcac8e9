/* SPDX-License-Identifier: Apache-2.0 */
/* The summary for the terminal: read in ten seconds. */
#include "host/report/report.h"

#include <string.h>

#include "host/report/escape.h"
#include "host/report/words.h"

#define OTHERS_MAX   6
#define LONGEST_MAX  5
#define CELLS_MAX    20
#define LEFT_OUT_MAX 20
#define LISTED_MAX   40 /* more failures than that are read in the HTML report */

struct page {
	struct text *out;
	bool colour;
};

static void coloured(const struct page *page, const char *code, const char *word)
{
	if (page->colour)
		text_addf(page->out, "\033[%sm%s\033[0m", code, word);
	else
		text_adds(page->out, word);
}

static const char *verdict_colour(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_SHIP:
		return "1;32";
	case VERDICT_BLOCK:
		return "1;31";
	case VERDICT_UNDECIDED:
		return "1;33";
	}
	return "0";
}

static void add_cell(const struct page *page, const struct run_cell *cell)
{
	CLEAN_TEXT struct text about = TEXT_INIT(1024);

	words_cell(cell, &about);
	text_adds(page->out, "  ");
	escape_terminal(page->out, words_image(cell), false);
	text_adds(page->out, ": ");
	escape_terminal(page->out, about.buf, false);
	text_adds(page->out, "\n");
}

/* Of many those in which something is not as it should be. */
static void add_cells(const struct page *page, const struct run *run)
{
	size_t listed = 0, good = 0;

	text_addf(page->out, "  %zu cells\n", run->cells.count);
	vec_each (&run->cells, cell) {
		struct run_tally tally;
		words_cell_tally(run, cell->index, &tally);
		const char *worst = words_worst(&tally);
		bool is_good = strcmp(worst, "pass") == 0 || strcmp(worst, "skip") == 0;
		good += is_good;
		if ((is_good && run->cells.count > CELLS_MAX) || listed++ >= CELLS_MAX)
			continue;
		text_addf(page->out, "  %4u  %-6s", cell->index, worst);
		add_cell(page, cell);
	}
	if (run->cells.count > CELLS_MAX)
		text_addf(page->out, "        In %zu nothing is wrong.\n", good);
	if (listed > CELLS_MAX)
		text_addf(page->out, "        %zu more are in the HTML report.\n",
			  listed - CELLS_MAX);
}

static void add_retest(const struct page *page, const struct run *run)
{
	CLEAN_TEXT struct text words = TEXT_INIT(1024);

	words_retest(run, &words);
	text_adds(page->out, "  ");
	escape_terminal(page->out, words.buf, false);
	text_adds(page->out, "\n");
}

static void add_head(const struct page *page, const struct run *run, enum verdict verdict)
{
	char span[CLOCK_SPAN_SIZE];
	static const char *const words[] = {"SHIP", "BLOCK", "UNDECIDED"};

	coloured(page, verdict_colour(verdict), words[verdict]);
	if (run->cells.count == 1)
		add_cell(page, run->cells.items);
	else
		add_cells(page, run);
	text_adds(page->out, "  ");
	words_tally(run, page->out);
	uint64_t took = words_span_ns(run);
	if (took > 0)
		text_addf(page->out, " in %s", clock_span(took, span));
	text_adds(page->out, "\n");
	if (run->retests[0])
		add_retest(page, run);
	CLEAN_TEXT struct text ending = TEXT_INIT(1024);
	words_ending(run, &ending);
	if (ending.length > 0) {
		text_adds(page->out, "  ");
		escape_terminal(page->out, ending.buf, false);
		text_adds(page->out, "\n");
	}
}

static void add_labelled(const struct page *page, const char *label, const char *value)
{
	if (value[0] == '\0')
		return;
	text_addf(page->out, "      %-8s ", label);
	escape_terminal(page->out, value, false);
	text_adds(page->out, "\n");
}

static void add_check(const struct page *page, const struct check_record *check)
{
	if (check->expression[0] == '\0')
		return;
	/* A failure that the case put into words itself wants no value: its expression says nothing. */
	if (check->want[0])
		add_labelled(page, "check", check->expression);
	add_labelled(page, check->want[0] ? "got" : "because", check->got);
	add_labelled(page, "want", check->want);
	add_labelled(page, "row", check->row);
	if (check->file[0]) {
		CLEAN_TEXT struct text at = TEXT_INIT(128);
		words_place(check, &at);
		add_labelled(page, "at", at.buf);
	}
}

/* One cause on the host spoils many cases: it is told once. Failures of the subject are never folded. */
static bool is_same_cause(const struct reason *a, const struct reason *b)
{
	return a->it && b->it && a->kind == b->kind && !reason_is_failure(a) &&
	       strcmp(words_message(a->it), words_message(b->it)) == 0;
}

static bool is_told(const struct judgement *judgement, const struct reason *reason)
{
	for (const struct reason *other = judgement->reasons.items; other < reason; other++)
		if (is_same_cause(other, reason))
			return true;
	return false;
}

static void add_others(const struct page *page, const struct judgement *judgement,
		       const struct reason *reason)
{
	unsigned count = 0;

	vec_each (&judgement->reasons, other) {
		if (other == reason || !is_same_cause(other, reason))
			continue;
		if (count++ < OTHERS_MAX)
			text_addf(page->out, "%s%s", count == 1 ? "      also     " : ", ",
				  other->it->id);
	}
	if (count > OTHERS_MAX)
		text_addf(page->out, " and %u more", count - OTHERS_MAX);
	if (count > 0)
		text_adds(page->out, "\n");
}

static void add_tries(const struct page *page, const struct run_case *it)
{
	CLEAN_TEXT struct text tries = TEXT_INIT(1024);

	if (it->tries.count == 0)
		return;
	words_tries(it, &tries);
	add_labelled(page, "tries", tries.buf);
}

static void add_problem(const struct page *page, const struct run *run, const struct run_case *it)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	text_adds(page->out, "\n  ");
	coloured(page, it->result && it->result->outcome == OUTCOME_FAIL ? "31" : "33",
		 words_outcome(it));
	text_addf(page->out, "  %s\n      ", it->id);
	escape_terminal(page->out, it->title, false);
	text_adds(page->out, "\n");
	words_where(run, it, &where);
	add_labelled(page, "cell", where.buf);
	if (it->result && it->result->check.expression[0])
		add_check(page, &it->result->check);
	else
		add_labelled(page, "because", words_message(it));
	add_tries(page, it);
	if (it->record && it->record->name[0])
		text_addf(page->out, "      %-8s %s/console.log\n", "console", it->record->name);
	if (it->result && it->result->outcome == OUTCOME_FAIL)
		add_labelled(page, "remedy", it->remedy);
}

static void add_sentence(const struct page *page, const char *text)
{
	char first[2] = {text[0], '\0'};

	if (text[0] >= 'a' && text[0] <= 'z')
		first[0] = (char)(text[0] - 'a' + 'A');
	text_adds(page->out, "\n  ");
	escape_terminal(page->out, first, false);
	escape_terminal(page->out, text + (text[0] != '\0'), false);
	text_adds(page->out, ".\n");
}

/* Known failures: they happened, and the verdict leaves them out. */
static void add_waived(const struct page *page, const struct judgement *judgement)
{
	unsigned count = 0;

	vec_each (&judgement->reasons, reason) {
		if (reason->kind != REASON_WAIVED || !reason->it || count++ >= LISTED_MAX)
			continue;
		text_adds(page->out, count == 1 ? "\n  Known, and let through:\n" : "");
		text_addf(page->out, "    %-7s %s: ", words_outcome(reason->it), reason->it->id);
		escape_terminal(page->out, words_message(reason->it), false);
		text_adds(page->out, "\n            ");
		escape_terminal(page->out, reason->waiver->reason, false);
		text_addf(page->out, " (waiver %s, until %s)\n", reason->waiver->id,
			  reason->waiver->expires);
	}
	if (count > LISTED_MAX)
		text_addf(page->out, "    and %u more\n", count - LISTED_MAX);
}

static void add_reasons(const struct page *page, const struct run *run,
			const struct judgement *judgement)
{
	unsigned listed = 0, unproven = 0;

	vec_each (&judgement->reasons, reason) {
		unproven += reason->kind == REASON_UNPROVEN;
		if (reason->kind == REASON_UNPROVEN || reason->kind == REASON_WAIVED ||
		    reason->left_out || reason->cell)
			continue; /* told below */
		if (!reason->it)
			add_sentence(page, reason->text ? reason->text : "");
		else if (reason->it->is_awaited || is_told(judgement, reason))
			continue;
		else if (listed < LISTED_MAX) {
			add_problem(page, run, reason->it);
			add_labelled(page, "judged", reason->text ? reason->text : "");
			add_others(page, judgement, reason);
		}
		listed++;
	}
	if (listed > LISTED_MAX)
		text_addf(page->out, "\n  ... and %u more.\n", listed - LISTED_MAX);
	add_waived(page, judgement);
	if (unproven == 0)
		return;
	text_adds(page->out, "\n  Not proven, so not counted by the verdict:\n");
	vec_each (&judgement->reasons, reason) {
		if (reason->kind != REASON_UNPROVEN)
			continue;
		text_addf(page->out, "    %-7s %s: ", words_outcome(reason->it), reason->it->id);
		escape_terminal(page->out, words_message(reason->it), false);
		text_adds(page->out, "\n");
	}
}

/* What a retest did not look at on this image, and how to have it looked at. */
static void add_carried(const struct page *page, const struct run *run,
			const struct judgement *judgement)
{
	size_t count = 0;

	vec_each (&judgement->reasons, reason) {
		if (!reason->cell || count++ >= CELLS_MAX)
			continue;
		text_adds(page->out, count == 1 ? "\n  Carried over:\n    " : "    ");
		escape_terminal(page->out, reason->text ? reason->text : "", false);
		text_adds(page->out, "\n");
	}
	if (count > CELLS_MAX)
		text_addf(page->out, "    and the same of %zu more cells\n", count - CELLS_MAX);
	if (count > 0)
		text_addf(page->out, "    `assay retest %s` runs what is left on this image\n",
			  run->id);
}

/* Nothing that was selected goes missing, whatever it does to the verdict. */
static void add_left_out(const struct page *page, const struct run *run)
{
	size_t count = 0;

	vec_each (&run->left_out, it) {
		if (count++ >= LEFT_OUT_MAX)
			continue;
		text_adds(page->out, count == 1 ? "\n  Left out:\n    " : "    ");
		escape_terminal(page->out, it->values, false);
		text_adds(page->out, ": ");
		escape_terminal(page->out, it->why, false);
		text_adds(page->out, it->must ? " (it must be there)\n" : "\n");
	}
	if (count > LEFT_OUT_MAX)
		text_addf(page->out, "    and %zu more, which report.json names\n",
			  count - LEFT_OUT_MAX);
}

/* What did not come out the same each time is told, even where it passed in the end. */
static void add_reruns(const struct page *page, const struct run *run)
{
	size_t listed = 0;

	vec_each (&run->cases, it) {
		const struct run_try *other = words_other_try(it);
		if (!other)
			continue;
		if (listed++ == 0)
			text_adds(page->out, "\n  Not the same at each try:\n");
		if (listed > LISTED_MAX)
			continue;
		text_addf(page->out, "    %s  ", it->id);
		words_tries(it, page->out);
		text_adds(page->out, ": ");
		/* Of a pass nothing is to be said: then what its result says. */
		escape_terminal(page->out, other->message[0] ? other->message : words_message(it),
				false);
		text_adds(page->out, "\n");
	}
	if (listed > LISTED_MAX)
		text_addf(page->out, "    ... and %zu more\n", listed - LISTED_MAX);
}

static void add_skips(const struct page *page, const struct run *run)
{
	struct need_counts counts;
	size_t shown = 0;

	words_skips(run, &counts);
	if (counts.count > 0) {
		text_adds(page->out, "\n  Skipped for want of: ");
		vec_each (&counts, it) {
			if (shown++ == 12) {
				text_adds(page->out, ", ...");
				break;
			}
			text_adds(page->out, shown > 1 ? ", " : "");
			escape_terminal(page->out, it->need, false);
			text_addf(page->out, " (%u)", it->count);
		}
		text_adds(page->out, "\n");
	}
	vec_done(&counts);
}

static void add_phases(const struct page *page, const struct run *run)
{
	struct phase_sums sums;
	char span[CLOCK_SPAN_SIZE];

	words_phases(run, &sums);
	if (sums.count > 0)
		text_adds(page->out, "  Time by phase, all machines added up: ");
	vec_each (&sums, it) {
		text_addf(page->out, "%s%s %s", it > sums.items ? ", " : "", it->name,
			  clock_span(it->span_ns, span));
		if (it->count > 1)
			text_addf(page->out, " (%u times)", it->count);
	}
	if (sums.count > 0)
		text_adds(page->out, "\n");
	vec_done(&sums);
}

static void add_longest(const struct page *page, const struct run *run)
{
	struct long_cases cases;
	char span[CLOCK_SPAN_SIZE];

	words_longest(run, LONGEST_MAX, &cases);
	if (cases.count > 0)
		text_adds(page->out, "  Longest cases: ");
	vec_each (&cases, it)
		text_addf(page->out, "%s%s%s %s", it > cases.items ? ", " : "", (*it)->id,
			  (*it)->sabotaged ? " (sabotaged)" : "",
			  clock_span((*it)->result->duration_ns, span));
	if (cases.count > 0)
		text_adds(page->out, "\n");
	vec_done(&cases);
}

static void add_measures(const struct page *page, const struct run *run)
{
	size_t listed = 0;

	vec_each (&run->cases, it) {
		CLEAN_TEXT struct text where = TEXT_INIT(1024);
		if (!it->result || it->result->measures.count == 0)
			continue;
		if (listed++ == 0)
			text_adds(page->out, "  Measured:\n");
		if (listed > LISTED_MAX)
			continue;
		words_where(run, it, &where);
		text_addf(page->out, "    %s%s", it->id, where.length > 0 ? " on " : "");
		escape_terminal(page->out, where.length > 0 ? where.buf : "", false);
		vec_each (&it->result->measures, measure) {
			text_adds(page->out, measure == it->result->measures.items ? "  " : ", ");
			words_measure(measure, page->out);
		}
		text_adds(page->out, "\n");
	}
	if (listed > LISTED_MAX)
		text_addf(page->out, "    ... and %zu more\n", listed - LISTED_MAX);
}

void report_text(const struct run *run, const struct judgement *judgement, bool colour,
		 struct text *out)
{
	struct page page = {out, colour};

	add_head(&page, run, judgement->verdict);
	add_reasons(&page, run, judgement);
	add_carried(&page, run, judgement);
	add_left_out(&page, run);
	add_reruns(&page, run);
	add_skips(&page, run);
	add_phases(&page, run);
	add_longest(&page, run);
	add_measures(&page, run);
}
