/* SPDX-License-Identifier: Apache-2.0 */
/* Levels of TAP: where they begin and end, their versions and plans. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "wire/tap_reader.h"

#define NO_PLAN (-1)

/* ---- beginning ---- */

/* What a document and sub-tests have in common. */
static void begin_level(struct tap_reader *reader, struct tap_open *open)
{
	struct tap_level level = {
		.line = open->line,
		.depth = (unsigned)reader->depth - 1,
		.protocol = open->is_ktap ? "KTAP" : "TAP",
		.plan = NO_PLAN,
		.first = TAP_NONE,
		.last = TAP_NONE,
		.parent = TAP_NONE,
		.next = TAP_NONE,
	};

	open->plan = NO_PLAN;
	open->last = 0;
	open->count = 0;
	open->has_version = open->is_plan_last = open->has_ended = false;
	memset(open->states, 0, sizeof open->states);
	memset(open->seen, 0, (size_t)open->highest / 8 + 1);
	open->highest = 0;
	open->level = reader->tree->levels.count;
	if (!vec_add(&reader->tree->levels, level)) { /* as many as points can be */
		tap_fault(reader, 0, "there are more than %d groups of tests", TAP_POINTS_MAX);
		reader->is_over = true;
		open->level = 0;
	}
}

void tap_open_root(struct tap_reader *reader)
{
	struct tap_open *root = reader->levels;

	reader->depth = 1;
	root->line = 1;
	root->seen = xnew(TAP_POINTS_MAX / 8 + 1);
	begin_level(reader, root);
	root->first_level = root->level;
}

bool tap_is_unsummed(struct tap_reader *reader)
{
	if (!reader->ended.is_there)
		return false;
	tap_fault(reader, 0, "the sub-tests that began in line %u have no result of their own",
		  reader->ended.line);
	reader->ended.is_there = false;
	return true;
}

static bool open_level(struct tap_reader *reader, const struct tap_line *line)
{
	const struct tap_open *above = tap_top(reader);

	(void)tap_is_unsummed(reader);
	if (reader->depth == TAP_DEPTH_MAX) {
		tap_fault(reader, 0, "sub-tests are nested more than %d deep", TAP_DEPTH_MAX);
		return false;
	}
	struct tap_open *open = &reader->levels[reader->depth++];
	unsigned char *seen = open->seen ? open->seen : xnew(TAP_POINTS_MAX / 8 + 1);
	long highest = open->highest;
	*open = (struct tap_open){.highest = highest,
				  .quote = line->quote,
				  .indent = line->indent,
				  .is_ktap = above->is_ktap,
				  .line = reader->line,
				  .seen = seen};
	(void)snprintf(open->name, sizeof open->name, "%s", reader->next_name);
	reader->next_name[0] = '\0';
	begin_level(reader, open);
	open->first_level = open->level;
	return true;
}

/* ---- the end ---- */

static void check_missing(struct tap_reader *reader, const struct tap_open *open)
{
	if (open->plan == NO_PLAN)
		tap_fault(reader, 0, "what began in line %u has no plan (1..N)", open->line);
	else if ((long)open->count < open->plan)
		tap_fault(reader, 0, "%ld tests were planned and %u came: the stream is cut",
			  open->plan, open->count);
}

/* What every level must be at its end. */
static void check_whole(struct tap_reader *reader, const struct tap_open *open)
{
	if (!tap_is_unsummed(reader) && !open->has_ended)
		check_missing(reader, open);
}

static void close_level(struct tap_reader *reader)
{
	const struct tap_open *open = tap_top(reader);

	check_whole(reader, open);
	reader->ended = (struct tap_ended){.is_there = true,
					   .failed = open->failed,
					   .line = open->line,
					   .first_level = open->first_level};
	reader->depth--;
}

void tap_close_all(struct tap_reader *reader)
{
	while (reader->depth > 1)
		close_level(reader);
	check_whole(reader, tap_top(reader));
}

static bool is_above(const struct tap_line *line, const struct tap_open *open)
{
	return line->quote != open->quote ? line->quote < open->quote : line->indent < open->indent;
}

static bool is_there(const struct tap_line *line, const struct tap_open *open)
{
	return line->quote == open->quote && line->indent == open->indent;
}

bool tap_go_to(struct tap_reader *reader, const struct tap_line *line)
{
	if (!is_there(line, tap_top(reader)) && !is_above(line, tap_top(reader)))
		return open_level(reader, line);
	while (reader->depth > 1 && is_above(line, tap_top(reader)))
		close_level(reader);
	if (is_there(line, tap_top(reader)))
		return true;
	tap_fault(reader, 0, "no level has an indentation of %zu blanks", line->indent);
	return false;
}

/* ---- versions ---- */

/* A document after a whole one. After one that is not, that is told, and the count begins anew all the same: what follows
 * says a number itself. */
static void begin_document(struct tap_reader *reader, struct tap_open *open)
{
	bool is_whole =
		open->plan != NO_PLAN && (long)open->count == open->plan && !reader->ended.is_there;

	if (!is_whole)
		tap_fault(reader, 0, "a version line in the middle of the tests");
	reader->ended.is_there = false;
	open->line = reader->line;
	begin_level(reader, open);
}

void tap_take_version(struct tap_reader *reader, const struct tap_line *line)
{
	struct tap_open *open = tap_top(reader);
	bool is_ktap = *line->at == 'K';
	const char *at = line->at + strlen(is_ktap ? "KTAP version" : "TAP version"),
		   *end = line->end;

	at += at < end && *at == ' ';
	while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	long number = tap_number(&at, end, 1000);
	if (at != end || !(is_ktap ? number == 1 : number == 13 || number == 14)) {
		tap_fault(reader, 0,
			  "only TAP version 13 and 14 and KTAP version 1 are understood");
		number = 0;
	}
	if (open->has_version || open->plan != NO_PLAN || open->count > 0)
		begin_document(reader, open);
	struct tap_level *level = &reader->tree->levels.items[open->level];
	open->has_version = level->has_version = true;
	open->is_ktap = is_ktap;
	level->protocol = is_ktap ? "KTAP" : "TAP";
	if (open->count == 0)
		open->line = level->line = reader->line;
}

/* ---- plans ---- */

static bool is_seen_beyond(const struct tap_open *open, long plan, long *ret)
{
	for (long i = plan + 1; open->count > 0 && i <= open->highest; i++) {
		if (open->seen[i / 8] & (1U << i % 8)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* What was planned after points came; they have numbers of their own, and none may lie beyond. */
static void set_plan(struct tap_reader *reader, struct tap_open *open, long plan)
{
	long beyond = 0;

	if ((long)open->count > plan || (open->is_ktap && open->count > 0))
		tap_fault(reader, 0, "the plan comes after %u tests", open->count);
	else if (is_seen_beyond(open, plan, &beyond))
		tap_fault(reader, 0, "test %ld is not in the plan 1..%ld", beyond, plan);
	open->plan = reader->tree->levels.items[open->level].plan = plan;
	open->is_plan_last = open->count > 0;
}

void tap_take_plan(struct tap_reader *reader, const struct tap_line *line)
{
	struct tap_open *open = tap_top(reader);
	struct tap_level *level = &reader->tree->levels.items[open->level];
	const char *at = line->at + strlen("1.."), *rest;
	char reason[sizeof level->reason] = "";
	long plan = tap_number(&at, line->end, TAP_POINTS_MAX);

	if (plan < 0) {
		tap_fault(reader, 0, "the plan is no number up to %d", TAP_POINTS_MAX);
		return;
	}
	if (open->plan != NO_PLAN) {
		tap_fault(reader, 0, "a second plan");
		return;
	}
	if (tap_is_unsummed(reader))
		return;
	enum tap_directive directive =
		tap_line_directive(at, line->end, &rest, reason, sizeof reason);
	while (at < rest && (*at == ' ' || *at == '\t'))
		at++;
	if ((at < rest && *at != '#') || (directive == TAP_SKIP && plan != 0)) {
		char words[61];
		tap_copy(line->at, line->end, words, sizeof words);
		tap_fault(reader, 0, "this is no plan: %s", words);
		return;
	}
	set_plan(reader, open, plan);
	if (directive == TAP_SKIP)
		(void)snprintf(level->reason, sizeof level->reason, "%s", reason);
	if (plan == 0 && reader->depth == 1 && !reader->tree->reason[0])
		(void)snprintf(reader->tree->reason, sizeof reader->tree->reason, "%s",
			       level->reason);
}
