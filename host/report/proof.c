/* SPDX-License-Identifier: Apache-2.0 */
/* What `assay prove` found: the score, and a line per case. */
#include <string.h>

#include "base/json.h"
#include "host/report/escape.h"
#include "host/report/report.h"
#include "host/report/words.h"

struct proved {
	struct proof_lines lines;
	unsigned counts[PROOF_COUNT];
};

static void proved_init(struct proved *proved, const struct run *run)
{
	*proved = (struct proved){.lines = VEC_INIT(run->cases.count + 1)};
	judge_proof(run, &proved->lines, proved->counts);
}

/* Cases that could be judged here: all but the skipped ones. */
static unsigned judged(const struct proved *proved)
{
	return (unsigned)proved->lines.count - proved->counts[PROOF_SKIPPED];
}

static void add_score(const struct proved *proved, struct text *out)
{
	static const enum proof others[] = {PROOF_MISSED, PROOF_NOISY, PROOF_UNPROVEN,
					    PROOF_UNKNOWN, PROOF_SKIPPED};

	text_addf(out, "%u of %u cases proven", proved->counts[PROOF_PROVEN], judged(proved));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (proved->counts[others[i]])
			text_addf(out, ", %u %s", proved->counts[others[i]], proof_name(others[i]));
}

/* Why a case is not proven, in one sentence. */
static const char *reason_of(const struct proof_line *line)
{
	switch (line->proof) {
	case PROOF_PROVEN:
	case PROOF_UNPROVEN:
		return "";
	case PROOF_SKIPPED:
	case PROOF_NOISY:
		return words_message(line->clean);
	case PROOF_MISSED:
		return line->sabotaged->result && line->sabotaged->result->outcome == OUTCOME_PASS
			       ? "it passed with its defect planted"
			       : words_message(line->sabotaged);
	case PROOF_UNKNOWN:
		if (!line->clean->result || line->clean->result->outcome == OUTCOME_INFRA ||
		    !line->sabotaged)
			return words_message(line->clean);
		return words_message(line->sabotaged);
	}
	return "";
}

static const char *sabotaged_outcome(const struct proof_line *line)
{
	return line->sabotaged ? words_outcome(line->sabotaged) : "-";
}

/* Cases that the run did not come to say no more than their names. */
static bool is_hole(const struct proof_line *line)
{
	return line->proof == PROOF_UNKNOWN &&
	       (!line->clean->result || (line->sabotaged && !line->sabotaged->result));
}

static void add_group(const struct proved *proved, enum proof proof, struct text *out)
{
	vec_each (&proved->lines, line) {
		if (line->proof != proof || is_hole(line))
			continue;
		text_addf(out, "\n  %-8s %s  (clean %s, sabotaged %s)\n", proof_name(proof),
			  line->clean->id, words_outcome(line->clean), sabotaged_outcome(line));
		if (line->clean->sabotage[0]) {
			text_adds(out, "      planted: ");
			escape_terminal(out, line->clean->sabotage, false);
			text_adds(out, "\n");
		}
		if (reason_of(line)[0]) {
			text_adds(out, "      because: ");
			escape_terminal(out, reason_of(line), false);
			text_adds(out, "\n");
		}
	}
}

static void add_list(const struct proved *proved, const char *title,
		     bool (*wanted)(const struct proof_line *line), struct text *out)
{
	bool titled = false;

	vec_each (&proved->lines, line) {
		if (!wanted(line))
			continue;
		if (!titled)
			text_addf(out, "\n  %s:\n", title);
		titled = true;
		text_addf(out, "    %s\n", line->clean->id);
	}
}

static bool is_unproven(const struct proof_line *line)
{
	return line->proof == PROOF_UNPROVEN;
}

void proof_text(const struct run *run, bool colour, struct text *out)
{
	struct proved proved;
	char span[CLOCK_SPAN_SIZE];
	static const enum proof groups[] = {PROOF_MISSED, PROOF_NOISY, PROOF_UNKNOWN};

	proved_init(&proved, run);
	text_adds(out, colour ? "\033[1mPROOF\033[0m  " : "PROOF  ");
	add_score(&proved, out);
	if (words_span_ns(run))
		text_addf(out, " in %s", clock_span(words_span_ns(run), span));
	text_adds(out, "\n");
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		add_group(&proved, groups[i], out);
	add_list(&proved, "Not tried, the run ended before", is_hole, out);
	add_list(&proved, "Without a sabotage, so never counted by a gate", is_unproven, out);
	vec_done(&proved.lines);
}

void proof_json(const struct run *run, struct text *out)
{
	struct proved proved;

	proved_init(&proved, run);
	json_open(out, '{');
	json_member_number(out, "schema", REPORT_SCHEMA);
	json_member(out, "run", run->id);
	json_key(out, "counts");
	json_open(out, '{');
	for (int i = 0; i < PROOF_COUNT; i++)
		json_member_number(out, proof_name((enum proof)i), proved.counts[i]);
	json_close(out, '}');
	json_key(out, "cases");
	json_open(out, '[');
	vec_each (&proved.lines, line) {
		json_open(out, '{');
		json_member(out, "id", line->clean->id);
		json_member(out, "proof", proof_name(line->proof));
		json_member(out, "clean", words_outcome(line->clean));
		json_member(out, "sabotaged",
			    line->sabotaged ? words_outcome(line->sabotaged) : NULL);
		json_member(out, "sabotage", line->clean->sabotage);
		json_member(out, "reason", reason_of(line));
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	text_adds(out, "\n");
	vec_done(&proved.lines);
}

void proof_markdown(const struct run *run, struct text *out)
{
	struct proved proved;
	char iso[CLOCK_ISO_SIZE];

	proved_init(&proved, run);
	text_adds(out, "# Proof that the cases can fail\n\n");
	text_addf(out, "Written by `assay prove` (Assay %s, %.10s).\n", run->version,
		  clock_iso(run->begun_ns, iso));
	vec_each (&run->cells, cell) {
		text_adds(out, "Image: ");
		escape_markdown(out, words_image(cell));
		text_adds(out, " (");
		CLEAN_TEXT struct text about = TEXT_INIT(1024);
		words_cell(cell, &about);
		escape_markdown(out, about.buf);
		text_addf(out, "), SHA-256 `%s`.\n", cell->image_digest);
	}
	text_adds(
		out,
		"\nEach case ran twice: clean, where it must pass, and with its planted defect, where it must fail.\n"
		"**");
	add_score(&proved, out);
	text_adds(
		out,
		".**\n\n| case | proof | clean | sabotaged | planted defect |\n|---|---|---|---|---|\n");
	vec_each (&proved.lines, line) {
		text_addf(out, "| `%s` | %s | %s | %s | ", line->clean->id, proof_name(line->proof),
			  words_outcome(line->clean), sabotaged_outcome(line));
		escape_markdown(out, line->clean->sabotage);
		text_adds(out, " |\n");
	}
	vec_done(&proved.lines);
}
