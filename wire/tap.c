/* SPDX-License-Identifier: Apache-2.0 */
/* Reading TAP and KTAP: https://testanything.org/tap-version-14-specification.html, Documentation/dev-tools/ktap.rst. */
#include "wire/tap.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "wire/tap_reader.h"

#define LONG_LINE (64U << 10) /* longer ones are told; of their words the first are kept */

static const char *const state_names[] = {
	[TAP_PASSED] = "passed",     [TAP_FAILED] = "failed",	    [TAP_SKIPPED] = "skipped",
	[TAP_EXPECTED] = "expected", [TAP_UNDECIDED] = "undecided",
};

const char *tap_state_name(enum tap_state state)
{
	return state_names[state];
}

/* ---- oddities ---- */

static void add_oddity(struct tap_tree *tree, bool is_fault, unsigned line, const char *format,
		       va_list args) PRINTF(4, 0);
static void add_oddity(struct tap_tree *tree, bool is_fault, unsigned line, const char *format,
		       va_list args)
{
	struct text words = TEXT_INIT(400);

	*(is_fault ? &tree->faults : &tree->notes) += 1;
	/* The first fault is what is told of a stream that decides nothing: notes leave room for it. */
	if (tree->oddities.count >= TAP_ODDITIES_MAX / 2 && !is_fault)
		return;
	(void)text_addv(&words, format, args);
	struct tap_oddity oddity = {.line = line, .is_fault = is_fault, .text = text_steal(&words)};
	if (!vec_add(&tree->oddities, oddity))
		free(oddity.text);
}

void tap_fault(struct tap_reader *reader, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_oddity(reader->tree, true, line ? line : reader->line, format, args);
	va_end(args);
}

void tap_note(struct tap_reader *reader, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_oddity(reader->tree, false, line ? line : reader->line, format, args);
	va_end(args);
}

void tap_tree_tell(struct tap_tree *tree, bool is_fault, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_oddity(tree, is_fault, line, format, args);
	va_end(args);
}

const struct tap_oddity *tap_first_fault(const struct tap_tree *tree)
{
	vec_each (&tree->oddities, oddity)
		if (oddity->is_fault)
			return oddity;
	return NULL;
}

static void count_oddity(struct tap_reader *reader, struct tap_count *count)
{
	if (count->count++ == 0)
		count->line = reader->line;
}

static void tell_count(struct tap_reader *reader, const struct tap_count *count, const char *what)
{
	if (count->count == 1)
		tap_note(reader, count->line, "this line %s", what);
	else if (count->count > 1)
		tap_note(reader, count->line, "this line and %u later ones: each %s",
			 count->count - 1, what);
}

static void tell_counts(struct tap_reader *reader)
{
	tell_count(reader, &reader->stamped, "is of the kernel's log, and passed over");
	tell_count(reader, &reader->foreign_ends, "ends with CR and LF");
	tell_count(reader, &reader->nuls, "holds NUL bytes");
	tell_count(reader, &reader->long_lines,
		   "is longer than 64 KiB; of its words the first are kept");
	tell_count(
		reader, &reader->quoted_results,
		"looks like a result in a comment that no version and no plan comes before, and is none");
}

/* ---- comments ---- */

/* kselftest's sums of the level at hand, with words that no other program's have. */
static void check_totals(struct tap_reader *reader, const char *words)
{
	unsigned passed, failed, xfailed, xpassed, skipped, errors;
	const unsigned *states = tap_top(reader)->states;

	if (sscanf(words, "Totals: pass:%9u fail:%9u xfail:%9u xpass:%9u skip:%9u error:%9u",
		   &passed, &failed, &xfailed, &xpassed, &skipped, &errors) != 6)
		return;
	if (passed + xpassed != states[TAP_PASSED] ||
	    failed + errors != states[TAP_FAILED] + states[TAP_UNDECIDED] ||
	    xfailed != states[TAP_EXPECTED] || skipped != states[TAP_SKIPPED])
		tap_fault(reader, 0,
			  "the totals here are %u passed, %u failed, %u skipped, %u expected to "
			  "fail; %u, %u, %u and %u came",
			  passed + xpassed, failed + errors, skipped, xfailed, states[TAP_PASSED],
			  states[TAP_FAILED] + states[TAP_UNDECIDED], states[TAP_SKIPPED],
			  states[TAP_EXPECTED]);
}

/* KTAP has it below the version line of the sub-tests, TAP 14 above or as their first line. */
static void take_name(struct tap_reader *reader, const struct tap_line *line, unsigned depth)
{
	struct tap_open *open = tap_top(reader);
	bool is_inside = reader->depth > 1 && depth == open->quote &&
			 line->indent == open->indent && open->count == 0 && open->plan < 0;

	tap_copy(line->at + strlen("Subtest:"), line->end,
		 is_inside ? open->name : reader->next_name, sizeof open->name);
}

/* "# Subtest: name", and what kselftest's runner says before a test: "# selftests: timers: nanosleep". */
static void take_comment(struct tap_reader *reader, struct tap_line line)
{
	char words[200];
	unsigned depth = line.quote;

	size_t indent = line.indent;
	while (tap_line_take_quote(&line))
		tap_line_indent(&line);
	line.indent = indent;
	tap_copy(line.at, line.end, words, sizeof words);
	if (has_prefix(words, "Subtest:"))
		take_name(reader, &line, depth);
	if (!(reader->flags & TAP_KERNEL))
		return;
	/* The result of a test that was skipped does not name it. */
	(void)sscanf(words, "RUN %127s ...", reader->run_name);
	if (has_prefix(words, "selftests: ") && depth + 1 == line.quote)
		tap_copy(line.at + strlen("selftests: "), line.end, reader->next_name,
			 sizeof reader->next_name);
	else if (has_prefix(words, "Totals:") && line.quote == tap_top(reader)->quote + 1)
		check_totals(reader, words);
	else if (tap_line_word(&line) == TAP_RESULT)
		count_oddity(reader, &reader->quoted_results);
}

/* ---- lines ---- */

static void take_bail_out(struct tap_reader *reader, const struct tap_line *line)
{
	struct tap_open *open = tap_top(reader);
	char words[200];

	tap_copy(line->at + strlen("Bail out!"), line->end, words, sizeof words);
	tap_fault(reader, 0, "the program gave up%s%s", words[0] ? ": " : "", words);
	/* Within what a test printed, that test alone gave up. */
	open->has_ended = true;
	reader->is_over = line->quote == 0;
}

/* Whose the line is: steps over the "# " of the levels that are open, and of one that begins with it. */
static enum tap_word place_line(const struct tap_reader *reader, struct tap_line *line)
{
	enum tap_word word;

	while (line->quote < reader->levels[reader->depth - 1].quote && tap_line_take_quote(line))
		;
	tap_line_indent(line);
	word = tap_line_word(line);
	if (!(reader->flags & TAP_KERNEL) || word != TAP_COMMENT)
		return word;
	struct tap_line below = *line;
	while (tap_line_take_quote(&below))
		;
	tap_line_indent(&below);
	enum tap_word quoted = tap_line_word(&below);
	if (quoted != TAP_VERSION && quoted != TAP_PLAN)
		return word;
	*line = below;
	return quoted;
}

static bool begins_block(const struct tap_reader *reader, const struct tap_line *line)
{
	const struct tap_open *open = &reader->levels[reader->depth - 1];

	return reader->point != TAP_NONE && line->indent > open->indent &&
	       line->quote == open->quote && tap_line_starts(line, "---");
}

static void check_version(struct tap_reader *reader, enum tap_word word,
			  const struct tap_line *line)
{
	bool is_first = word == TAP_VERSION && line->indent == 0 && line->quote == 0;

	if (reader->levels[0].has_version || is_first || reader->says_no_version ||
	    (reader->flags & TAP_NO_VERSION))
		return;
	reader->says_no_version = true;
	tap_fault(reader, 0,
		  "before the tests there is \"TAP version 13\", \"TAP version 14\" or \"KTAP "
		  "version 1\"");
}

static void take_word(struct tap_reader *reader, enum tap_word word, const struct tap_line *line)
{
	reader->point = TAP_NONE;
	check_version(reader, word, line);
	if ((reader->flags & TAP_KERNEL) && tap_line_holds_stamp(line))
		tap_fault(reader, 0, "a line of the kernel's log begins inside of this one");
	if (!tap_go_to(reader, line))
		return;
	if (word == TAP_VERSION)
		tap_take_version(reader, line);
	else if (word == TAP_PLAN)
		tap_take_plan(reader, line);
	else
		tap_take_result(reader, line);
}

static void take_line(struct tap_reader *reader, struct tap_line *line)
{
	enum tap_word word = place_line(reader, line);

	if (reader->in_block) {
		tap_take_block_line(reader, line);
		return;
	}
	if (begins_block(reader, line)) {
		reader->in_block = true;
		reader->block_indent = line->indent;
		reader->block_line = reader->line;
		return;
	}
	switch (word) {
	case TAP_NO_WORD:
		if ((reader->flags & TAP_KERNEL) && tap_line_hides_result(line))
			tap_fault(reader, 0,
				  "a result seems to stand behind something else in this line: it "
				  "is not counted");
		break;
	case TAP_COMMENT:
		if ((reader->flags & TAP_KERNEL) && tap_line_hides_result(line))
			tap_fault(reader, 0,
				  "a result seems to stand behind a comment in this line: it is "
				  "not counted");
		take_comment(reader, *line);
		break;
	case TAP_BAIL_OUT:
		take_bail_out(reader, line);
		break;
	case TAP_VERSION:
	case TAP_PLAN:
	case TAP_RESULT:
		take_word(reader, word, line);
		break;
	}
}

/* ---- the stream ---- */

/* The kernel's stamp, which is before all lines of the stream or before those that are not of it. False: it is none. */
static bool take_stamp(struct tap_reader *reader, struct tap_line *line)
{
	if (!(reader->flags & TAP_KERNEL))
		return true;
	struct tap_line rest = *line;
	bool has_stamp = tap_line_take_stamp(&rest);
	struct tap_line words = rest;
	tap_line_indent(&words);
	enum tap_word word = tap_line_word(&words);

	if (!reader->levels[0].has_version && word == TAP_VERSION)
		reader->is_stamped = has_stamp;
	if (has_stamp == reader->is_stamped) {
		*line = rest;
		return true;
	}
	if (has_stamp)
		count_oddity(reader, &reader->stamped);
	if (reader->levels[0].has_version && word == TAP_VERSION)
		tap_fault(reader, 0, "another stream of tests begins %s: it is not read",
			  has_stamp ? "in the kernel's log" : "outside of the kernel's log");
	return false;
}

static void note_bytes(struct tap_reader *reader, struct tap_line *line)
{
	if (line->end > line->at && line->end[-1] == '\r') {
		line->end--;
		count_oddity(reader, &reader->foreign_ends);
	}
	if (memchr(line->at, '\0', (size_t)(line->end - line->at)))
		count_oddity(reader, &reader->nuls);
	if (line->end - line->at > LONG_LINE)
		count_oddity(reader, &reader->long_lines);
}

static void take_end(struct tap_reader *reader)
{
	if (reader->in_block)
		tap_fault(reader, 0, "the stream ends inside of a block of YAML");
	if (!reader->levels[0].has_version && !reader->says_no_version &&
	    !(reader->flags & TAP_NO_VERSION))
		tap_fault(reader, 0,
			  "there is no \"TAP version 13\", \"TAP version 14\" or \"KTAP version "
			  "1\"");
	else
		tap_close_all(reader);
}

static void read_lines(struct tap_reader *reader, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length && !reader->is_over;) {
		const char *end = memchr(bytes + at, '\n', length - at);

		reader->line++;
		if (!end) {
			tap_fault(reader, 0, "the stream ends in the middle of a line");
			break;
		}
		struct tap_line line = {.at = bytes + at, .end = end};
		at = (size_t)(end - bytes) + 1;
		note_bytes(reader, &line);
		if (take_stamp(reader, &line))
			take_line(reader, &line);
	}
	if (!reader->is_over)
		take_end(reader);
}

struct tap_tree *tap_tree_new(void)
{
	struct tap_tree *tree = xnew(sizeof *tree);

	tree->points = (struct tap_points)VEC_INIT(TAP_POINTS_MAX);
	tree->levels = (struct tap_levels)VEC_INIT(TAP_POINTS_MAX);
	tree->oddities = (struct tap_oddities)VEC_INIT(TAP_ODDITIES_MAX);
	return tree;
}

struct tap_tree *tap_read(const char *bytes, size_t length, unsigned flags)
{
	struct tap_reader *reader = xnew(sizeof *reader);
	struct tap_tree *tree = tap_tree_new();

	reader->tree = tree;
	reader->flags = flags;
	reader->point = TAP_NONE;
	tap_open_root(reader);
	read_lines(reader, bytes, length);
	tell_counts(reader);
	tree->lines = reader->line;
	for (size_t i = 0; i < TAP_DEPTH_MAX; i++)
		free(reader->levels[i].seen);
	free(reader);
	return tree;
}

static void free_text(char *text)
{
	if (text != text_empty)
		free(text);
}

void tap_tree_free(struct tap_tree *tree)
{
	if (!tree)
		return;
	vec_each (&tree->points, point) {
		free(point->name);
		free_text(point->reason);
		free_text(point->got);
		free_text(point->want);
	}
	vec_each (&tree->oddities, oddity)
		free(oddity->text);
	vec_done(&tree->points);
	vec_done(&tree->levels);
	vec_done(&tree->oddities);
	free(tree);
}
