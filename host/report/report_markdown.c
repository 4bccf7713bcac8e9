/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as a comment on a pull request, in GitHub's Markdown: the verdict, what made it in a table, the details folded.
 * Forges refuse long comments, so there is a maximum; what did not fit is counted at the end.
 */
#include <string.h>

#include "host/report/escape.h"
#include "host/report/report.h"
#include "host/report/words.h"

#define TAIL_ROOM   600 /* for what is said at the end, whatever was cut */
#define MESSAGE_MAX 300
#define NEEDS_MAX   30

/* One part that may be cut: its rows go in until one does not fit. */
struct part {
	const char *what; /* "problems", as the end names what is missing */
	size_t rows, shown;
};

enum { PROBLEMS, CELLS, DETAILS, LEFT_OUT, TRIES, TOLD, PART_COUNT };

struct page {
	struct text *out;
	size_t limit;
	struct part parts[PART_COUNT];
};

/* ---- foreign words ---- */

/* As code, so that nobody is called by "@name" and nothing becomes a link; entities are never structure. */
static void add_code(struct text *out, const char *string)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(4096);

	if (string[0] == '\0')
		return;
	escape_terminal(&plain, string, false);
	bool is_cut = plain.length > MESSAGE_MAX;
	size_t length = plain.length;
	for (length = is_cut ? MESSAGE_MAX : length;
	     is_cut && length > 0 && ((unsigned char)plain.buf[length] & 0xc0) == 0x80;)
		length--;
	text_adds(out, "<code>");
	for (size_t i = 0; i < length; i++) {
		if (strchr("&<>|\\`*_[]~@:#!\"", plain.buf[i]))
			text_addf(out, "&#%d;", plain.buf[i]);
		else
			text_add(out, plain.buf + i, 1);
	}
	text_adds(out, is_cut ? " ...</code>" : "</code>");
}

/* ---- room ---- */

/* Adds the row, and before the first one what opens the part, when both and `close` fit. */
static bool add_row(struct page *page, struct part *part, const char *open, const struct text *row,
		    const char *close)
{
	const char *before = part->shown == 0 ? open : "";

	part->rows++;
	if (part->shown + 1 < part->rows || /* one that did not fit ends the part */
	    page->out->length + strlen(before) + row->length + strlen(close) + TAIL_ROOM >
		    page->limit)
		return false;
	text_adds(page->out, before);
	text_add(page->out, row->buf, row->length);
	part->shown++;
	return true;
}

static void close_part(const struct page *page, const struct part *part, const char *close)
{
	if (part->shown > 0)
		text_adds(page->out, close);
}

/* ---- the head ---- */

static void add_head(const struct page *page, const struct run *run, enum verdict verdict)
{
	static const char *const words[] = {"SHIP", "BLOCK", "UNDECIDED"};
	static const char *const signs[] = {"white_check_mark", "x", "grey_question"};
	char span[CLOCK_SPAN_SIZE];
	CLEAN_TEXT struct text about = TEXT_INIT(1024), ending = TEXT_INIT(1024);

	text_addf(page->out, "### :%s: %s", signs[verdict], words[verdict]);
	if (run->cells.count == 1) {
		text_adds(page->out, " ");
		add_code(page->out, run->cells.items[0].image_name);
		words_cell(run->cells.items, &about);
		text_adds(page->out, "\n\n");
		escape_markdown(page->out, about.buf);
	} else {
		text_addf(page->out, ", %zu cells", run->cells.count);
	}
	text_adds(page->out, "\n\n");
	words_tally(run, page->out);
	uint64_t took_ns = words_span_ns(run);
	if (took_ns > 0)
		text_addf(page->out, " in %s", clock_span(took_ns, span));
	text_adds(page->out, ".");
	words_ending(run, &ending);
	if (ending.length > 0) {
		text_adds(page->out, " ");
		escape_markdown(page->out, ending.buf);
	}
	text_adds(page->out, "\n");
}

/* ---- what made the verdict ---- */

/* The case and where it was; for what no case says, nothing. */
static void add_subject(struct text *row, const struct run *run, const struct reason *reason)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	if (!reason->it)
		return;
	words_where(run, reason->it, &where);
	text_addf(row, "`%s`%s", reason->it->id, where.length > 0 ? " " : "");
	add_code(row, where.buf);
}

static void add_why(struct text *row, const struct run *run, const struct reason *reason)
{
	struct told told = {.message = ""};

	if (reason->it)
		words_tell(run, reason->it, &told);
	add_code(row, told.message);
	if (!reason->text)
		return;
	text_adds(row, told.message[0] ? "; " : "");
	escape_markdown(row, reason->text);
}

/* What a reason is called: by a case's outcome, unless the rule or the waiver says more. */
static const char *kind_of(const struct reason *reason)
{
	bool is_outcome =
		reason->it && (reason->kind == REASON_UNPROVEN || reason->kind == REASON_FAIL ||
			       reason->kind == REASON_HOLE);

	return is_outcome ? words_outcome(reason->it) : reason_name(reason->kind);
}

static bool is_counted(const struct reason *reason)
{
	return reason->effect == EFFECT_BLOCK || reason->effect == EFFECT_UNDECIDED;
}

static void add_problem(struct page *page, const struct run *run, const struct reason *reason)
{
	CLEAN_TEXT struct text row = TEXT_INIT(16384);

	if (reason->left_out)
		return; /* told below */
	text_addf(&row, "| %s | ", kind_of(reason));
	add_subject(&row, run, reason);
	text_adds(&row, " | ");
	add_why(&row, run, reason);
	text_adds(&row, " |\n");
	(void)add_row(page, &page->parts[is_counted(reason) ? PROBLEMS : TOLD],
		      is_counted(reason) ? "\n| | case | because |\n|---|---|---|\n"
					 : "\nTold, and not counted by the verdict:\n\n| | case | "
					   "because |\n|---|---|---|\n",
		      &row, "\n");
}

static void add_problems(struct page *page, const struct run *run,
			 const struct judgement *judgement)
{
	vec_each (&judgement->reasons, reason)
		if (is_counted(reason))
			add_problem(page, run, reason);
	vec_each (&judgement->reasons, reason)
		if (!is_counted(reason))
			add_problem(page, run, reason);
}

/* ---- folded ---- */

#define FOLD(title) "\n<details><summary>" title "</summary>\n\n"
#define UNFOLD	    "\n</details>\n"

static void add_cells(struct page *page, const struct run *run)
{
	struct part *part = &page->parts[CELLS];

	if (run->cells.count < 2)
		return;
	vec_each (&run->cells, cell) {
		CLEAN_TEXT struct text row = TEXT_INIT(16384), about = TEXT_INIT(1024),
				       counts = TEXT_INIT(1024);
		struct run_tally tally;
		words_cell_tally(run, cell->index, &tally);
		words_cell(cell, &about);
		words_counts(&tally, "without a result", &counts);
		text_addf(&row, "| %u | %s | ", cell->index, words_worst(&tally));
		add_code(&row, cell->image_name);
		text_adds(&row, " ");
		escape_markdown(&row, about.buf);
		text_addf(&row, " | %s |\n", counts.buf);
		(void)add_row(
			page, part,
			FOLD("Cells") "| | worst | image, size, firmware | |\n|---|---|---|---|\n",
			&row, UNFOLD);
	}
	close_part(page, part, UNFOLD);
}

static void add_item(struct text *out, const char *label, const char *string)
{
	if (string[0] == '\0')
		return;
	text_addf(out, "- %s ", label);
	add_code(out, string);
	text_adds(out, "\n");
}

static void add_subs(struct text *out, const struct result *result)
{
	unsigned failed = 0, all = (unsigned)result->subs.count + result->subs_cut;

	vec_each (&result->subs, sub)
		failed += sub->outcome == OUTCOME_FAIL || sub->outcome == OUTCOME_BROKEN;
	if (all > 0)
		text_addf(out, "- of its own tests %u of %u did not pass\n", failed, all);
}

static void add_detail(struct page *page, const struct run *run, const struct run_case *it)
{
	CLEAN_TEXT struct text row = TEXT_INIT(32768), text = TEXT_INIT(1024);

	text_addf(&row, "**`%s`** ", it->id);
	escape_markdown(&row, it->title);
	text_adds(&row, "\n");
	words_where(run, it, &text);
	add_item(&row, "on", text.buf);
	if (it->result) {
		const struct check_record *check = &it->result->check;
		add_item(&row, "check", check->expression);
		add_item(&row, "got", check->got);
		add_item(&row, "want", check->want);
		add_item(&row, "row", check->row);
		text_clear(&text);
		words_place(check, &text);
		add_item(&row, "at", text.buf);
		add_subs(&row, it->result);
	}
	if (it->record && it->record->name[0]) {
		CLEAN_FREE char *console = xasprintf("%s/console.log", it->record->name);
		add_item(&row, "console", console);
	}
	add_item(&row, "why it matters:", it->why);
	add_item(&row, "remedy:", it->remedy);
	text_adds(&row, "\n");
	(void)add_row(page, &page->parts[DETAILS], FOLD("Details"), &row, UNFOLD);
}

static void add_details(struct page *page, const struct run *run, const struct judgement *judgement)
{
	vec_each (&judgement->reasons, reason)
		if (reason->it && !reason->it->is_awaited)
			add_detail(page, run, reason->it);
	close_part(page, &page->parts[DETAILS], UNFOLD);
}

static void add_left_out(struct page *page, const struct run *run)
{
	struct part *part = &page->parts[LEFT_OUT];

	vec_each (&run->left_out, it) {
		CLEAN_TEXT struct text row = TEXT_INIT(16384);
		text_adds(&row, "- ");
		add_code(&row, it->values);
		text_adds(&row, ": ");
		add_code(&row, it->why);
		text_addf(&row, "%s\n", it->must ? " (it must be there)" : "");
		(void)add_row(page, part, FOLD("Left out"), &row, UNFOLD);
	}
	close_part(page, part, UNFOLD);
}

static void add_tries(struct page *page, const struct run *run)
{
	struct part *part = &page->parts[TRIES];

	vec_each (&run->cases, it) {
		const struct run_try *other = words_other_try(it);
		CLEAN_TEXT struct text row = TEXT_INIT(16384);
		if (!other)
			continue;
		text_addf(&row, "- `%s`: ", it->id);
		words_tries(it, &row);
		text_adds(&row, " ");
		add_code(&row, other->message);
		text_adds(&row, "\n");
		(void)add_row(page, part, FOLD("Not the same at each try"), &row, UNFOLD);
	}
	close_part(page, part, UNFOLD);
}

/* A line of its own: it is short. */
static void add_skips(const struct page *page, const struct run *run)
{
	CLEAN_TEXT struct text row = TEXT_INIT(8192);
	struct need_counts counts;
	size_t shown = 0;

	words_skips(run, &counts);
	vec_each (&counts, it) {
		if (shown++ == NEEDS_MAX)
			break;
		text_adds(&row, shown > 1 ? ", " : "\nSkipped for want of: ");
		add_code(&row, it->need);
		text_addf(&row, " (%u)", it->count);
	}
	if (counts.count > NEEDS_MAX)
		text_addf(&row, " and %zu more", counts.count - NEEDS_MAX);
	vec_done(&counts);
	text_adds(&row, shown > 0 ? "\n" : "");
	if (page->out->length + row.length + TAIL_ROOM <= page->limit)
		text_add(page->out, row.buf, row.length);
}

/* ---- the end ---- */

static void add_tail(const struct page *page, const struct run *run)
{
	const char *before = "\nCut to fit into a comment; not shown: ";

	for (const struct part *part = page->parts; part < page->parts + PART_COUNT; part++) {
		if (part->shown == part->rows)
			continue;
		text_addf(page->out, "%s%zu of %zu %s", before, part->rows - part->shown,
			  part->rows, part->what);
		before = ", ";
	}
	if (before[0] == ',')
		text_addf(page->out, ". `assay report %s` tells all.\n", run->id);
	text_addf(page->out, "\n<sub>Assay %s, run %s</sub>\n", run->version, run->id);
}

void report_markdown(const struct run *run, const struct judgement *judgement, size_t limit,
		     struct text *out)
{
	struct page page = {.out = out,
			    .limit = limit,
			    .parts = {[PROBLEMS] = {.what = "problems"},
				      [CELLS] = {.what = "cells"},
				      [DETAILS] = {.what = "details"},
				      [LEFT_OUT] = {.what = "cells that were left out"},
				      [TRIES] = {.what = "cases with several tries"},
				      [TOLD] = {.what = "of what is not counted"}}};

	add_head(&page, run, judgement->verdict);
	add_problems(&page, run, judgement);
	add_cells(&page, run);
	add_details(&page, run, judgement);
	add_left_out(&page, run);
	add_tries(&page, run);
	add_skips(&page, run);
	add_tail(&page, run);
}
