/* SPDX-License-Identifier: Apache-2.0 */
/* A judgement for the terminal: the verdict, then each reason with its evidence, those that made it first. */
#include <string.h>

#include "base/clock.h"
#include "host/report/escape.h"
#include "host/report/judgement.h"
#include "host/report/words.h"

#define LISTED_MAX 100 /* of one effect: more are in JSON */

struct page {
	const struct run *run;
	const struct judge_inputs *inputs;
	struct text *out;
	bool colour;
};

static void add_word(const struct page *page, enum effect effect, const char *word)
{
	static const char *const codes[] = {"1;31", "1;33", "1", "1;32"};

	if (page->colour)
		text_addf(page->out, "\033[%sm%s\033[0m", codes[effect], word);
	else
		text_adds(page->out, word);
}

static void add_line(const struct page *page, const char *label, const char *value)
{
	if (value[0] == '\0')
		return;
	text_addf(page->out, "      %-8s ", label);
	escape_terminal(page->out, value, false);
	text_adds(page->out, "\n");
}

/* ---- what it was judged by ---- */

static void add_gate(const struct page *page)
{
	const struct gate *gate = page->inputs->gate;

	if (page->run->proves) {
		text_adds(page->out, "  by the rules for proofs\n");
		return;
	}
	if (!gate) {
		text_adds(page->out, "  by the built-in rules: no gate was given\n");
		return;
	}
	text_adds(page->out, "  by the gate ");
	escape_terminal(page->out, gate->path, false);
	text_addf(page->out, " (SHA-256 %.12s...)", gate->sha256);
	if (gate->title.text) {
		text_adds(page->out, ": ");
		escape_terminal(page->out, gate->title.text, false);
	}
	text_adds(page->out, "\n");
}

static void add_waiver_files(const struct page *page)
{
	if (!page->inputs->waivers)
		return;
	vec_each (&page->inputs->waivers->files, file) {
		text_adds(page->out, "  waivers of ");
		escape_terminal(page->out, file->path, false);
		text_addf(page->out, " (SHA-256 %.12s...)\n", file->sha256);
	}
}

static void add_head(const struct page *page, const struct judgement *judgement)
{
	static const struct {
		const char *word;
		enum effect effect;
	} words[] = {[VERDICT_SHIP] = {"SHIP", EFFECT_NONE},
		     [VERDICT_BLOCK] = {"BLOCK", EFFECT_BLOCK},
		     [VERDICT_UNDECIDED] = {"UNDECIDED", EFFECT_UNDECIDED}};
	char iso[CLOCK_ISO_SIZE];

	add_word(page, words[judgement->verdict].effect, words[judgement->verdict].word);
	text_adds(page->out, "  run ");
	escape_terminal(page->out, page->run->id, false);
	text_adds(page->out, "\n  ");
	words_tally(page->run, page->out);
	text_adds(page->out, "\n");
	add_gate(page);
	if (page->inputs->baseline) {
		text_adds(page->out, "  against the baseline ");
		escape_terminal(page->out, page->inputs->baseline->id, false);
		text_adds(page->out, "\n");
	}
	add_waiver_files(page);
	text_addf(page->out, "  as of %s\n", clock_iso(judgement->now_ns, iso));
}

/* ---- a reason ---- */

static void add_rule(const struct page *page, const struct reason *reason)
{
	CLEAN_TEXT struct text at = TEXT_INIT(8192);

	if (reason->rule.line == 0 || !reason->rule.path)
		return;
	text_addf(&at, "%.4000s:%u:%u", reason->rule.path, reason->rule.line, reason->rule.column);
	add_line(page, "rule", at.buf);
}

static void add_waiver(const struct page *page, const struct waiver *waiver)
{
	CLEAN_TEXT struct text at = TEXT_INIT(8192);

	if (!waiver)
		return;
	text_addf(&at, "%.4000s:%u:%u", waiver->path, waiver->place.line, waiver->place.column);
	add_line(page, "waiver", at.buf);
}

static void add_before(const struct page *page, const struct reason *reason)
{
	CLEAN_TEXT struct text was = TEXT_INIT(2048);

	if (!reason->before)
		return;
	text_addf(&was, "%s", words_outcome(reason->before));
	if (reason->before->result && reason->before->result->message[0])
		text_addf(&was, ": %s", reason->before->result->message);
	add_line(page, "baseline", was.buf);
}

static void add_case(const struct page *page, const struct run_case *it)
{
	CLEAN_TEXT struct text where = TEXT_INIT(2048);

	words_where(page->run, it, &where);
	add_line(page, "cell", where.buf);
	if (it->result && it->result->outcome == OUTCOME_PASS)
		add_line(page, "because",
			 "it passes, but no planted defect proves that it can fail");
	else
		add_line(page, "because", words_message(it));
	if (it->result && it->result->outcome == OUTCOME_SKIP)
		add_line(page, "need", it->result->need);
	if (it->record && it->record->name[0]) {
		CLEAN_FREE char *console = xasprintf("%s/console.log", it->record->name);
		add_line(page, "console", console);
	}
}

static void add_title(const struct page *page, const struct reason *reason)
{
	text_adds(page->out, "  ");
	add_word(page, reason->effect, reason_name(reason->kind));
	if (reason->kind == REASON_WAIVED)
		text_addf(page->out, " (%s)", reason_name(reason->was));
	text_adds(page->out, "  ");
	if (reason->it)
		text_adds(page->out, reason->it->id);
	else if (reason->left_out)
		escape_terminal(page->out, reason->left_out->values, false);
	else
		escape_terminal(page->out, reason->text ? reason->text : "", false);
	text_adds(page->out, "\n");
}

static void add_reason(const struct page *page, const struct reason *reason)
{
	add_title(page, reason);
	if (reason->it)
		add_case(page, reason->it);
	if (reason->left_out)
		add_line(page, "because", reason->left_out->why);
	add_before(page, reason);
	if (reason->it && reason->text)
		add_line(page, "judged", reason->text);
	add_rule(page, reason);
	add_waiver(page, reason->waiver);
}

static void add_reasons(const struct page *page, const struct judgement *judgement,
			enum effect effect, const char *title)
{
	size_t count = 0;

	vec_each (&judgement->reasons, reason)
		count += reason->effect == effect;
	if (count > 0)
		text_addf(page->out, "\n%s (%zu)\n", title, count);
	count = 0;
	vec_each (&judgement->reasons, reason)
		if (reason->effect == effect && count++ < LISTED_MAX)
			add_reason(page, reason);
	if (count > LISTED_MAX)
		text_addf(page->out, "  ... and %zu more, which --json has\n", count - LISTED_MAX);
}

void judgement_text(const struct run *run, const struct judgement *judgement,
		    const struct judge_inputs *inputs, bool colour, struct text *out)
{
	const struct page page = {run, inputs, out, colour};

	add_head(&page, judgement);
	add_reasons(&page, judgement, EFFECT_BLOCK, "Blocks");
	add_reasons(&page, judgement, EFFECT_UNDECIDED, "Leaves it undecided");
	add_reasons(&page, judgement, EFFECT_TELL, "To be told");
}
