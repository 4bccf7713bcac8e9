/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of TAP or KTAP, told. */
#include "host/report/parsed.h"

#include "base/clock.h"
#include "base/json.h"
#include "host/report/escape.h"

#define LISTED_MAX 100 /* tests that did not pass; the rest is in the JSON */

enum outcome parsed_outcome(const struct tap_tree *tree)
{
	const unsigned *counts = tree->counts;

	if (tree->faults > 0 || counts[TAP_UNDECIDED] > 0)
		return OUTCOME_BROKEN;
	if (counts[TAP_FAILED] > 0)
		return OUTCOME_FAIL;
	return counts[TAP_PASSED] + counts[TAP_EXPECTED] > 0 ? OUTCOME_PASS : OUTCOME_SKIP;
}

static unsigned count_all(const struct tap_tree *tree)
{
	unsigned all = 0;

	for (size_t i = 0; i < TAP_STATE_COUNT; i++)
		all += tree->counts[i];
	return all;
}

/* ---- for the terminal ---- */

static void add_counts(const struct tap_tree *tree, struct text *out)
{
	static const char *const words[TAP_STATE_COUNT] = {
		[TAP_PASSED] = "passed",
		[TAP_FAILED] = "failed",
		[TAP_SKIPPED] = "skipped",
		[TAP_EXPECTED] = "failed as expected",
		[TAP_UNDECIDED] = "did not come to their end",
	};
	const char *before = ": ";
	unsigned all = count_all(tree);

	text_addf(out, "%u test%s", all, all == 1 ? "" : "s");
	for (size_t i = 0; i < TAP_STATE_COUNT; i++) {
		if (tree->counts[i] == 0)
			continue;
		text_addf(out, "%s%u %s", before, tree->counts[i], words[i]);
		before = ", ";
	}
	text_addf(out, " in %u lines\n", tree->lines);
}

static void add_point(const struct tap_point *point, struct text *out)
{
	text_addf(out, "  %-9s ", tap_state_name(point->state));
	escape_terminal(out, point->name, false);
	if (point->reason[0]) {
		text_adds(out, ": ");
		escape_terminal(out, point->reason, false);
	}
	if (point->got[0] || point->want[0]) {
		text_adds(out, " (got ");
		escape_terminal(out, point->got, false);
		text_adds(out, ", want ");
		escape_terminal(out, point->want, false);
		text_adds(out, ")");
	}
	text_addf(out, " (line %u)\n", point->line);
}

static void add_points(const struct tap_tree *tree, struct text *out)
{
	unsigned listed = 0;

	vec_each (&tree->points, point) {
		if (point->is_sum || point->state == TAP_PASSED || point->state == TAP_SKIPPED)
			continue;
		if (listed++ < LISTED_MAX)
			add_point(point, out);
	}
	if (listed > LISTED_MAX)
		text_addf(out, "  ... and %u more, which --json tells\n", listed - LISTED_MAX);
}

static void add_oddities(const struct tap_tree *tree, struct text *out)
{
	unsigned kept = (unsigned)tree->oddities.count;

	vec_each (&tree->oddities, oddity) {
		text_addf(out, "  line %u: %s", oddity->line, oddity->is_fault ? "" : "(noted) ");
		escape_terminal(out, oddity->text, false);
		text_adds(out, "\n");
	}
	if (tree->faults + tree->notes > kept)
		text_addf(out, "  ... and %u more\n", tree->faults + tree->notes - kept);
}

void parsed_text(const char *name, const struct tap_tree *tree, bool colour, struct text *out)
{
	static const char *const words[OUTCOME_COUNT] = {
		[OUTCOME_PASS] = "PASS",
		[OUTCOME_FAIL] = "FAIL",
		[OUTCOME_SKIP] = "SKIP",
		[OUTCOME_BROKEN] = "UNDECIDED",
	};
	static const char *const colours[OUTCOME_COUNT] = {
		[OUTCOME_PASS] = "1;32",
		[OUTCOME_FAIL] = "1;31",
		[OUTCOME_SKIP] = "1",
		[OUTCOME_BROKEN] = "1;33",
	};
	enum outcome outcome = parsed_outcome(tree);

	if (colour)
		text_addf(out, "\033[%sm%s\033[0m  ", colours[outcome], words[outcome]);
	else
		text_addf(out, "%s  ", words[outcome]);
	escape_terminal(out, name, false);
	text_adds(out, ": ");
	add_counts(tree, out);
	if (tree->faults > 0)
		text_addf(out, "  It does not add up: %u fault%s\n", tree->faults,
			  tree->faults == 1 ? "" : "s");
	else if (outcome == OUTCOME_SKIP && tree->reason[0]) {
		text_adds(out, "  ");
		escape_terminal(out, tree->reason, false);
		text_adds(out, "\n");
	}
	add_points(tree, out);
	add_oddities(tree, out);
}

/* ---- for programs ---- */

static void member_if(struct text *out, const char *key, const char *value)
{
	if (value[0])
		json_member(out, key, value);
}

static void json_group(const struct tap_tree *tree, size_t at, struct text *out);

static void json_point(const struct tap_tree *tree, const struct tap_point *point, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "number", point->number);
	json_member(out, "name", point->name + point->own_name);
	json_member(out, "state", tap_state_name(point->state));
	member_if(out, "reason", point->reason);
	member_if(out, "got", point->got);
	member_if(out, "want", point->want);
	json_member_number(out, "line", point->line);
	if (point->duration_ns > 0) {
		json_key(out, "duration_s");
		json_double(out, clock_s(point->duration_ns));
	}
	if (point->sub_levels != TAP_NONE) {
		json_key(out, "groups");
		json_open(out, '[');
		for (size_t i = point->sub_levels; i != TAP_NONE; i = tree->levels.items[i].next)
			json_group(tree, i, out);
		json_close(out, ']');
	}
	json_close(out, '}');
}

/* A document, or the sub-tests of a test; no deeper than TAP_DEPTH_MAX. */
static void json_group(const struct tap_tree *tree, size_t at, struct text *out)
{
	const struct tap_level *level = &tree->levels.items[at];

	json_open(out, '{');
	json_member_number(out, "line", level->line);
	json_member(out, "protocol", level->protocol);
	json_key(out, "versioned");
	json_bool(out, level->has_version);
	json_key(out, "plan");
	if (level->plan >= 0)
		json_number(out, level->plan);
	else
		json_text(out, NULL);
	member_if(out, "reason", level->reason);
	if (level->depth > 0 && level->parent == TAP_NONE) {
		json_key(out, "orphaned");
		json_bool(out, true);
	}
	json_key(out, "tests");
	json_open(out, '[');
	for (size_t i = level->first; i != TAP_NONE; i = tree->points.items[i].next)
		json_point(tree, &tree->points.items[i], out);
	json_close(out, ']');
	json_close(out, '}');
}

static void json_oddities(const struct tap_tree *tree, struct text *out)
{
	json_member_number(out, "faults", tree->faults);
	json_member_number(out, "notes", tree->notes);
	json_key(out, "oddities");
	json_open(out, '[');
	vec_each (&tree->oddities, oddity) {
		json_open(out, '{');
		json_member_number(out, "line", oddity->line);
		json_member(out, "kind", oddity->is_fault ? "fault" : "note");
		json_member(out, "text", oddity->text);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void parsed_json(const char *name, const struct tap_tree *tree, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", 1);
	json_member(out, "file", name);
	json_member(out, "outcome", outcome_name(parsed_outcome(tree)));
	json_key(out, "adds_up");
	json_bool(out, tree->faults == 0);
	json_member_number(out, "lines", tree->lines);
	json_key(out, "counts");
	json_open(out, '{');
	json_member_number(out, "total", count_all(tree));
	for (int i = 0; i < TAP_STATE_COUNT; i++)
		json_member_number(out, tap_state_name((enum tap_state)i), tree->counts[i]);
	json_close(out, '}');
	json_oddities(tree, out);
	json_key(out, "groups");
	json_open(out, '[');
	for (size_t i = 0; i < tree->levels.count; i++)
		if (tree->levels.items[i].parent == TAP_NONE)
			json_group(tree, i, out);
	json_close(out, ']');
	json_close(out, '}');
	text_adds(out, "\n");
}
