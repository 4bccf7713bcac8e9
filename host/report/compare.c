/* SPDX-License-Identifier: Apache-2.0 */
#include "host/report/compare.h"

#include <string.h>

#include "base/json.h"
#include "host/report/compare_values.h"
#include "host/report/escape.h"
#include "host/report/words.h"

#define COMPARE_SCHEMA 1

static const char *const headings[CHANGE_COUNT] = {
	[CHANGE_WORSE] = "Fails now",
	[CHANGE_UNDECIDED] = "No longer decided",
	[CHANGE_SKIPPED] = "No longer tried",
	[CHANGE_VANISHED] = "No longer selected",
	[CHANGE_STILL] = "Fails as before",
	[CHANGE_BETTER] = "Passes now",
	[CHANGE_APPEARED] = "New",
};

static const char *colour_of(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_WORSE:
		return "1;31";
	case CHANGE_BETTER:
		return "1;32";
	case CHANGE_UNDECIDED:
	case CHANGE_SKIPPED:
	case CHANGE_VANISHED:
		return "1;33";
	case CHANGE_STILL:
	case CHANGE_APPEARED:
	case CHANGE_NONE:
		return "1";
	}
	return "1";
}

static const struct run_case *told(const struct change *change)
{
	return change->now ? change->now : change->before;
}

/* Adds which cell it is of, where its run has several. */
static void add_cell(const struct run *before, const struct run *now, const struct change *change,
		     struct text *out)
{
	words_where(change->now ? now : before, told(change), out);
}

/* The outcome, and what was said with it: of a pass nothing is to be said. */
static void add_saying(const struct run_case *it, struct text *out)
{
	bool passed = it->result && it->result->outcome == OUTCOME_PASS;

	(void)text_adds(out, words_outcome(it));
	if (!passed && words_message(it)[0])
		(void)text_addf(out, ": %s", words_message(it));
}

/* ---- the terminal ---- */

static void add_line(struct text *out, const char *label, const struct run_case *it)
{
	CLEAN_TEXT struct text saying = TEXT_INIT(4096);

	if (!it)
		return;
	add_saying(it, &saying);
	(void)text_addf(out, "      %-6s ", label);
	escape_terminal(out, saying.buf, false);
	(void)text_adds(out, "\n");
}

static void add_change_text(const struct run *before, const struct run *now,
			    const struct change *change, struct text *out)
{
	CLEAN_TEXT struct text cell = TEXT_INIT(1024);

	add_cell(before, now, change, &cell);
	(void)text_adds(out, "  ");
	escape_terminal(out, told(change)->id, false);
	if (cell.length > 0) {
		(void)text_adds(out, "  (");
		escape_terminal(out, cell.buf, false);
		(void)text_adds(out, ")");
	}
	/* Who has no other side says in one line what there is, and so does who says the same on both. */
	if (change->kind == CHANGE_VANISHED)
		(void)text_addf(out, ": was %s", words_outcome(change->before));
	if (change->kind == CHANGE_APPEARED)
		(void)text_addf(out, ": %s", words_outcome(change->now));
	(void)text_adds(out, "\n");
	if (change->kind == CHANGE_VANISHED || change->kind == CHANGE_APPEARED)
		return;
	add_line(out, "is", change->now);
	if (change->kind != CHANGE_STILL || change->says_other)
		add_line(out, "was", change->before);
}

static void add_heading(struct text *out, const char *heading, unsigned count, const char *colour)
{
	if (colour)
		(void)text_addf(out, "\n\033[%sm%s\033[0m (%u)\n", colour, heading, count);
	else
		(void)text_addf(out, "\n%s (%u)\n", heading, count);
}

static void add_summary(const struct run *before, const struct run *now,
			const struct comparison *comparison, struct text *out)
{
	const char *comma = "";

	escape_terminal(out, now->id, false);
	(void)text_adds(out, " against ");
	escape_terminal(out, before->id, false);
	(void)text_adds(out, ": ");
	for (int kind = 0; kind < CHANGE_COUNT; kind++) {
		if (comparison->counts[kind] == 0)
			continue;
		(void)text_addf(out, "%s%u %s", comma, comparison->counts[kind],
				change_name((enum change_kind)kind));
		comma = ", ";
	}
	if (comma[0] == '\0')
		(void)text_adds(out, "there are no cases");
	(void)text_adds(out, "\n");
}

void compare_text(const struct run *before, const struct run *now,
		  const struct comparison *comparison, bool colour, struct text *out)
{
	enum change_kind last = CHANGE_NONE;

	add_summary(before, now, comparison, out);
	vec_each (&comparison->changes, change) {
		if (change->kind != last)
			add_heading(out, headings[change->kind], comparison->counts[change->kind],
				    colour ? colour_of(change->kind) : NULL);
		last = change->kind;
		add_change_text(before, now, change, out);
	}
	compare_values_text(before, now, comparison, colour, out);
}

/* ---- JSON ---- */

static void add_side(struct text *out, const char *key, const struct run_case *it)
{
	if (!it)
		return;
	json_key(out, key);
	json_open(out, '{');
	json_member_number(out, "cell", it->cell);
	json_member(out, "outcome", words_outcome(it));
	if (it->result && it->result->message[0])
		json_member(out, "message", it->result->message);
	json_close(out, '}');
}

static void add_run(struct text *out, const char *key, const struct run *run)
{
	json_key(out, key);
	json_open(out, '{');
	json_member(out, "run", run->id);
	json_key(out, "images");
	json_open(out, '[');
	vec_each (&run->cells, cell) {
		json_open(out, '{');
		json_member_number(out, "cell", cell->index);
		json_member(out, "image", cell->image_name);
		if (cell->image_called[0])
			json_member(out, "called", cell->image_called);
		json_member(out, "sha256", cell->image_digest);
		if (cell->kernel_release[0])
			json_member(out, "kernel", cell->kernel_release);
		json_member(out, "size", cell->size_name);
		json_member(out, "firmware", cell->firmware);
		if (cell->host[0])
			json_member(out, "host", cell->host);
		if (cell->variants[0])
			json_member(out, "variants", cell->variants);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}

void compare_json(const struct run *before, const struct run *now,
		  const struct comparison *comparison, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", COMPARE_SCHEMA);
	add_run(out, "before", before);
	add_run(out, "now", now);
	json_key(out, "counts");
	json_open(out, '{');
	for (int kind = 0; kind < CHANGE_COUNT; kind++)
		json_member_number(out, change_name((enum change_kind)kind),
				   comparison->counts[kind]);
	json_close(out, '}');
	json_key(out, "changes");
	json_open(out, '[');
	vec_each (&comparison->changes, change) {
		json_open(out, '{');
		json_member(out, "id", told(change)->id);
		json_member(out, "change", change_name(change->kind));
		add_side(out, "before", change->before);
		add_side(out, "now", change->now);
		json_close(out, '}');
	}
	json_close(out, ']');
	compare_values_json(comparison, out);
	json_close(out, '}');
	(void)text_adds(out, "\n");
}

/* ---- Markdown ---- */

static void add_row(const struct run *before, const struct run *now, const struct change *change,
		    struct text *out)
{
	CLEAN_TEXT struct text cell = TEXT_INIT(1024), is = TEXT_INIT(4096), was = TEXT_INIT(4096);

	add_cell(before, now, change, &cell);
	if (change->now)
		add_saying(change->now, &is);
	if (change->before)
		add_saying(change->before, &was);
	(void)text_addf(out, "| `%s`%s", told(change)->id, cell.length > 0 ? " " : "");
	escape_markdown(out, cell.buf);
	(void)text_adds(out, " | ");
	escape_markdown(out, is.buf);
	(void)text_adds(out, " | ");
	escape_markdown(out, was.buf);
	(void)text_adds(out, " |\n");
}

void compare_markdown(const struct run *before, const struct run *now,
		      const struct comparison *comparison, struct text *out)
{
	enum change_kind last = CHANGE_NONE;

	add_summary(before, now, comparison, out);
	vec_each (&comparison->changes, change) {
		if (change->kind != last)
			(void)text_addf(out,
					"\n### %s (%u)\n\n| case | is | was |\n|---|---|---|\n",
					headings[change->kind], comparison->counts[change->kind]);
		last = change->kind;
		add_row(before, now, change, out);
	}
	compare_values_markdown(before, now, comparison, out);
}
