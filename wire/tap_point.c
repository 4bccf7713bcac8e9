/* SPDX-License-Identifier: Apache-2.0 */
/* Results of TAP, and the blocks of YAML below them. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "wire/tap_reader.h"

#define NS_PER_MS_D 1e6

/* ---- numbers and names ---- */

/* Checks the number; it is set where none stands there. */
static void check_number(struct tap_reader *reader, const struct tap_open *open, bool has_number,
			 long number)
{
	if (!has_number && open->is_ktap)
		tap_fault(reader, 0, "in KTAP each test has a number");
	else if (number < 1 || number > TAP_POINTS_MAX)
		tap_fault(reader, 0, "a test's number is within 1 and %d", TAP_POINTS_MAX);
	else if (open->plan >= 0 && number > open->plan)
		tap_fault(reader, 0, "test %ld is not in the plan 1..%ld", number, open->plan);
	else if (open->is_plan_last)
		tap_fault(reader, 0, "test %ld comes after the plan at the end", number);
	else if (open->seen[number / 8] & (1U << number % 8))
		tap_fault(reader, 0, "test %ld comes twice", number);
	else if (open->is_ktap && number != open->last + 1)
		tap_fault(reader, 0, "test %ld follows test %ld", number, open->last);
}

/* The number at the beginning of a result; *at is stepped over it. */
static unsigned take_number(struct tap_reader *reader, const char **at, const char *end)
{
	struct tap_open *open = tap_top(reader);
	bool has_number = *at < end && **at >= '0' && **at <= '9';
	long number = has_number ? tap_number(at, end, TAP_POINTS_MAX) : open->last + 1;

	if (has_number && *at < end && **at != ' ' && **at != '\t') {
		tap_fault(reader, 0, "after a test's number there is a blank");
		while (*at < end && **at != ' ')
			(*at)++;
	} else {
		check_number(reader, open, has_number, number);
	}
	if (number < 1 || number > TAP_POINTS_MAX)
		return 0;
	if (!(open->seen[number / 8] & (1U << number % 8)))
		open->count++; /* what comes twice meets the plan once */
	open->seen[number / 8] |= (unsigned char)(1U << number % 8);
	open->last = number;
	open->highest = number > open->highest ? number : open->highest;
	return (unsigned)number;
}

/* "suite > test"; *ret_own is where the last begins. */
static char *name_point(const struct tap_reader *reader, const char *description, unsigned number,
			size_t *ret_own)
{
	struct text name = TEXT_INIT(256);

	for (size_t i = 1; i < reader->depth; i++)
		if (reader->levels[i].name[0])
			(void)text_addf(&name, "%s > ", reader->levels[i].name);
	*ret_own = name.length;
	if (description[0])
		(void)text_adds(&name, description);
	else
		(void)text_addf(&name, "test %u", number);
	if (*ret_own > name.length)
		*ret_own = name.length;
	return text_steal(&name);
}

/* ---- states ---- */

static enum tap_state judge_directive(struct tap_reader *reader, enum tap_directive directive,
				      bool ok, const char *name)
{
	switch (directive) {
	case TAP_NO_DIRECTIVE:
		break;
	case TAP_SKIP:
		if (!ok)
			tap_fault(reader, 0, "%.100s is both skipped and not ok", name);
		return TAP_SKIPPED;
	case TAP_TO_DO:
		if (!ok)
			return TAP_EXPECTED;
		tap_note(reader, 0, "%.100s passed although it is still to do", name);
		break;
	case TAP_XFAIL: /* kselftest says "ok" of a failure that it expects */
		return TAP_EXPECTED;
	case TAP_XPASS:
		tap_note(reader, 0, "%.100s passed although it was expected to fail", name);
		break;
	case TAP_TIMEOUT:
	case TAP_ERROR:
		if (!ok)
			return TAP_UNDECIDED;
		tap_fault(reader, 0, "%.100s is ok and did not come to its end", name);
		return TAP_UNDECIDED;
	}
	return ok ? TAP_PASSED : TAP_FAILED;
}

/* What has ended below it is its own now. */
static void adopt(struct tap_reader *reader, size_t index, size_t first_level)
{
	struct tap_levels *levels = &reader->tree->levels;
	unsigned depth = (unsigned)reader->depth;
	size_t last = TAP_NONE;

	for (size_t i = first_level; i < levels->count; i++) {
		if (levels->items[i].depth != depth || levels->items[i].parent != TAP_NONE)
			continue;
		levels->items[i].parent = index;
		if (last == TAP_NONE)
			reader->tree->points.items[index].sub_levels = i;
		else
			levels->items[last].next = i;
		last = i;
	}
}

/* The result sums up what has ended below it. */
static void sum_up(struct tap_reader *reader, size_t index)
{
	struct tap_point *point = &reader->tree->points.items[index];
	struct tap_ended ended = reader->ended;
	struct tap_open *open = tap_top(reader);

	reader->ended.is_there = false;
	adopt(reader, index, ended.first_level);
	/* A sum of failures is none of its own. */
	open->failed += ended.failed - (ended.failed > 0 && point->state == TAP_FAILED);
	if (point->state != TAP_FAILED && point->state != TAP_UNDECIDED && ended.failed > 0)
		tap_fault(reader, 0, "%.100s hides that %u of its sub-tests failed", point->name,
			  ended.failed);
	/* What failed has been told by the sub-tests; only what they do not know is new. */
	point->is_sum =
		point->state != TAP_UNDECIDED && (point->state != TAP_FAILED || ended.failed > 0);
}

/* ---- a result ---- */

/* node-tap and bats put the time there: "# time=12.5ms". */
static const char *take_time(const char *at, const char *end, uint64_t *ret_ns)
{
	static const char mark[] = "# time=";
	const char *found = memmem(at, (size_t)(end - at), mark, sizeof mark - 1);
	char number[32];

	if (!found)
		return end;
	const char *digits = found + sizeof mark - 1;
	size_t length = 0;
	while (digits + length < end && length < sizeof number - 1 &&
	       ((digits[length] >= '0' && digits[length] <= '9') || digits[length] == '.'))
		length++;
	memcpy(number, digits, length);
	number[length] = '\0';
	double unit_ns = digits + length + 2 == end && memcmp(digits + length, "ms", 2) == 0 ? 1e6
			 : digits + length + 1 == end && digits[length] == 's'		     ? 1e9
											     : 0;
	double ns = strtod(number, NULL) * unit_ns;
	if (length == 0 || unit_ns == 0 || !isfinite(ns) || ns < 0 || ns > 1e18)
		return end;
	*ret_ns = (uint64_t)ns;
	return found;
}

/* A '#' and a backslash have one before them, so that they begin no directive. The kernel's tests know no such thing. */
static void unescape(char *name)
{
	char *to = name;

	for (const char *at = name; *at; at++) {
		at += *at == '\\' && (at[1] == '\\' || at[1] == '#');
		*to++ = *at;
	}
	*to = '\0';
}

/* In KTAP what follows " # " and is no directive is a remark: "# exit=1". */
static const char *take_remark(const char *at, const char *end, char *reason, size_t size)
{
	const char *hash = memmem(at, (size_t)(end - at), " # ", 3);

	if (!hash)
		return end;
	tap_copy(hash + 3, end, reason, size);
	return hash;
}

static size_t keep_point(struct tap_reader *reader, struct tap_point *point)
{
	struct tap_tree *tree = reader->tree;
	struct tap_open *open = tap_top(reader);
	struct tap_level *level = &tree->levels.items[open->level];
	size_t index = tree->points.count;

	if (!vec_add(&tree->points, *point)) {
		tap_fault(reader, 0, "there are more than %d tests; the rest is not read",
			  TAP_POINTS_MAX);
		reader->is_over = true;
		free(point->name);
		if (point->reason != text_empty)
			free(point->reason);
		return TAP_NONE;
	}
	open->states[point->state]++;
	open->failed += point->state == TAP_FAILED;
	level->count++;
	if (level->first == TAP_NONE)
		level->first = index;
	else
		tree->points.items[level->last].next = index;
	level->last = index;
	return index;
}

static void count_point(struct tap_reader *reader, size_t index)
{
	struct tap_tree *tree = reader->tree;
	const struct tap_point *point = &tree->points.items[index];

	if (point->is_sum)
		return;
	tree->counts[point->state]++;
	if (point->state == TAP_SKIPPED && !tree->reason[0])
		(void)snprintf(tree->reason, sizeof tree->reason, "%s", point->reason);
}

void tap_take_result(struct tap_reader *reader, const struct tap_line *line)
{
	bool ok = *line->at == 'o', has_ended = reader->ended.is_there;
	const char *at = line->at + strlen(ok ? "ok" : "not ok"), *end;
	struct tap_point point = {.line = reader->line,
				  .level = tap_top(reader)->level,
				  .next = TAP_NONE,
				  .sub_levels = TAP_NONE,
				  .got = text_empty,
				  .want = text_empty};
	char description[200], reason[256] = "";

	while (at < line->end && (*at == ' ' || *at == '\t'))
		at++;
	point.number = take_number(reader, &at, line->end);
	while (at < line->end && (*at == ' ' || *at == '\t'))
		at++;
	at += at < line->end && *at == '-';
	enum tap_directive directive =
		tap_line_directive(at, line->end, &end, reason, sizeof reason);
	if (directive == TAP_NO_DIRECTIVE)
		end = take_time(at, end, &point.duration_ns);
	if (directive == TAP_NO_DIRECTIVE && (reader->flags & TAP_KERNEL))
		end = take_remark(at, end, reason, sizeof reason);
	tap_copy(at, end, description, sizeof description);
	if (!(reader->flags & TAP_KERNEL))
		unescape(description);
	point.name = name_point(reader, description[0] ? description : reader->run_name,
				point.number, &point.own_name);
	reader->run_name[0] = '\0';
	point.reason = reason[0] ? xstrdup(reason) : text_empty;
	point.state = judge_directive(reader, directive, ok, point.name);
	size_t index = keep_point(reader, &point);
	if (index == TAP_NONE)
		return;
	if (has_ended)
		sum_up(reader, index);
	count_point(reader, index);
	reader->point = index;
}

/* ---- the block below it ---- */

static bool is_key(const char *at, size_t length, const char *const *names)
{
	for (; *names; names++)
		if (strlen(*names) == length && strncasecmp(at, *names, length) == 0)
			return true;
	return false;
}

/* Sets what it does not say yet. */
static void set_value(char **into, const char *from, const char *to)
{
	char value[256];

	tap_copy(from, to, value, sizeof value);
	size_t length = strlen(value);
	if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0]) {
		memmove(value, value + 1, length - 2);
		value[length - 2] = '\0';
	}
	if (*into == text_empty && value[0])
		*into = xstrdup(value);
}

static void set_duration(struct tap_point *point, const char *from, const char *to)
{
	char value[32], *end;

	tap_copy(from, to, value, sizeof value);
	double ms = strtod(value, &end);
	if (end != value && *end == '\0' && isfinite(ms) && ms >= 0 && ms < 1e12)
		point->duration_ns = (uint64_t)(ms * NS_PER_MS_D);
}

void tap_take_block_line(struct tap_reader *reader, const struct tap_line *line)
{
	static const char *const got[] = {"got", "found", "actual", "received", NULL};
	static const char *const want[] = {"want", "wanted", "expected", "expect", NULL};
	static const char *const reason[] = {"message", NULL};
	static const char *const duration[] = {"duration_ms", NULL};
	struct tap_point *point = &reader->tree->points.items[reader->point];
	const char *colon = memchr(line->at, ':', (size_t)(line->end - line->at));

	if (line->indent == reader->block_indent && line->end - line->at == 3 &&
	    tap_line_starts(line, "...")) {
		reader->in_block = false;
		return;
	}
	if (!colon || line->indent != reader->block_indent)
		return;
	size_t length = (size_t)(colon - line->at);
	if (is_key(line->at, length, got))
		set_value(&point->got, colon + 1, line->end);
	else if (is_key(line->at, length, want))
		set_value(&point->want, colon + 1, line->end);
	else if (is_key(line->at, length, reason))
		set_value(&point->reason, colon + 1, line->end);
	else if (is_key(line->at, length, duration))
		set_duration(point, colon + 1, line->end);
}
