/* SPDX-License-Identifier: Apache-2.0 */
/* Reading TAP and KTAP: https://testanything.org/tap-version-14-specification.html, Documentation/dev-tools/ktap.rst. */
#include "wire/tap.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define NO_PLAN (-1)

/* Points at one indentation. */
struct level {
	size_t indent;
	bool is_ktap, has_version;
	bool is_plan_last; /* the plan came after points: no more may come */
	long plan;
	long count, last;
	unsigned failed; /* here and below */
	unsigned line;	 /* where it began */
	char name[128];	 /* "# Subtest: …" */
	unsigned char seen[TAP_POINTS_MAX / 8 + 1];
};

/* Sub-tests that have ended and wait for the point that sums them up. */
struct ended {
	bool is_there;
	unsigned failed, line;
};

struct parser {
	struct level levels[TAP_DEPTH_MAX];
	size_t depth; /* how many are open; the root always is */
	struct ended ended;
	char next_name[128]; /* for the level that opens next */
	bool has_point;	     /* `point` is still to be told: a block may follow */
	struct tap_point point;
	bool in_block;
	size_t block_indent;
	unsigned line;
	tap_point_fn *on_point;
	void *arg;
	struct tap_summary *summary;
	struct err *e;
};

/* One line without indentation and end. */
struct line {
	const char *at, *end;
	size_t indent;
};

#define bad(parser, ...) bad_at((parser), (parser)->line, __VA_ARGS__)

static int bad_at(const struct parser *parser, unsigned line, const char *format, ...) PRINTF(3, 4);
static int bad_at(const struct parser *parser, unsigned line, const char *format, ...)
{
	CLEAN_TEXT struct text why = TEXT_INIT(400);
	va_list args;

	va_start(args, format);
	(void)text_addv(&why, format, args);
	va_end(args);
	return err_set(parser->e, BLAME_GUEST, EBADMSG, "line %u: %s", line, why.buf);
}

/* ---- words ---- */

static bool starts_with(const struct line *line, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(line->end - line->at) >= length && memcmp(line->at, word, length) == 0;
}

/* A copy for people: printable, without the blanks around it. */
static void copy(const char *from, const char *to, char *buf, size_t size)
{
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	size_t length = (size_t)(to - from) < size - 1 ? (size_t)(to - from) : size - 1;
	for (size_t i = 0; i < length; i++)
		buf[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
	buf[length] = '\0';
}

/* Digits at *at, stepped over; -1 when there are none or too many. */
static long take_number(const char **at, const char *end)
{
	long number = 0;
	const char *from = *at;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
		number = number * 10 + (**at - '0');
		if (number > TAP_POINTS_MAX)
			return -1;
	}
	return *at > from ? number : -1;
}

/* ---- telling ---- */

static void tell(struct parser *parser)
{
	struct tap_summary *summary = parser->summary;
	const struct tap_point *point = &parser->point;

	if (!parser->has_point)
		return;
	parser->has_point = false;
	summary->passed += point->state == TAP_PASSED;
	summary->failed += point->state == TAP_FAILED;
	summary->skipped += point->state == TAP_SKIPPED;
	summary->expected += point->state == TAP_EXPECTED;
	if (point->state == TAP_SKIPPED && !summary->reason[0])
		(void)snprintf(summary->reason, sizeof summary->reason, "%s", point->reason);
	if (parser->on_point)
		parser->on_point(parser->arg, point);
}

/* ---- levels ---- */

static struct level *top(struct parser *parser)
{
	return &parser->levels[parser->depth - 1];
}

static int open_level(struct parser *parser, size_t indent)
{
	const struct level *above = top(parser);

	if (parser->ended.is_there)
		return bad(parser,
			   "the sub-tests that began in line %u have no result of their own",
			   parser->ended.line);
	if (parser->depth == TAP_DEPTH_MAX)
		return bad(parser, "sub-tests are nested more than %d deep", TAP_DEPTH_MAX);
	struct level *level = &parser->levels[parser->depth++];
	memset(level, 0, sizeof *level);
	level->indent = indent;
	level->is_ktap = above->is_ktap;
	level->plan = NO_PLAN;
	level->line = parser->line;
	(void)snprintf(level->name, sizeof level->name, "%s", parser->next_name);
	parser->next_name[0] = '\0';
	return 0;
}

/* What every level must be at its end. */
static int check_whole(struct parser *parser, const struct level *level)
{
	if (parser->ended.is_there)
		return bad(parser,
			   "the sub-tests that began in line %u have no result of their own",
			   parser->ended.line);
	if (level->plan == NO_PLAN)
		return bad(parser, "what began in line %u has no plan (1..N)", level->line);
	if (level->count < level->plan)
		return bad(parser, "%ld tests were planned and %ld came: the stream is cut",
			   level->plan, level->count);
	return 0;
}

static int close_level(struct parser *parser)
{
	const struct level *level = top(parser);
	int r = check_whole(parser, level);

	if (r < 0)
		return r;
	parser->ended =
		(struct ended){.is_there = true, .failed = level->failed, .line = level->line};
	parser->depth--;
	return 0;
}

/* Opens or closes levels until the top one is that of the line. */
static int go_to(struct parser *parser, size_t indent)
{
	if (indent > top(parser)->indent)
		return open_level(parser, indent);
	while (indent < top(parser)->indent) {
		int r = close_level(parser);
		if (r < 0)
			return r;
	}
	if (indent != top(parser)->indent)
		return bad(parser, "no level has an indentation of %zu blanks", indent);
	return 0;
}

/* ---- directives ---- */

enum directive { NO_DIRECTIVE, SKIP, TO_DO, XFAIL, TIMEOUT, ERROR };

/* The directive behind an unescaped '#', if it is one; *ret_at is that '#', or the end. */
static enum directive find_directive(const char *at, const char *end, const char **ret_at,
				     char *reason, size_t size)
{
	static const struct word {
		const char *name;
		enum directive directive;
	} words[] = {{"skip", SKIP},
		     {"todo", TO_DO},
		     {"xfail", XFAIL},
		     {"timeout", TIMEOUT},
		     {"error", ERROR}};

	for (const char *hash = at; hash < end; hash++) {
		if (*hash == '\\') {
			hash++;
			continue;
		}
		if (*hash != '#')
			continue;
		const char *word = hash + 1;
		while (word < end && *word == ' ')
			word++;
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			size_t length = strlen(words[i].name);
			if ((size_t)(end - word) < length ||
			    strncasecmp(word, words[i].name, length) != 0)
				continue;
			while (word < end && *word != ' ')
				word++; /* "SKIPPED:" is one too */
			copy(word, end, reason, size);
			*ret_at = hash;
			return words[i].directive;
		}
	}
	*ret_at = end;
	return NO_DIRECTIVE;
}

/* ---- lines ---- */

static int take_version(struct parser *parser, const struct line *line)
{
	struct level *level = top(parser);
	/* The end of "version", which is why the line was given here. */
	const char *at = (const char *)memchr(line->at, 'n', (size_t)(line->end - line->at)) + 1;
	bool is_ktap = *line->at == 'K';

	at += at < line->end && *at == ' ';
	long number = take_number(&at, line->end);
	if (at != line->end || !(is_ktap ? number == 1 : number == 13 || number == 14))
		return bad(parser, "only TAP version 13 and 14 and KTAP version 1 are understood");
	if (level->has_version || level->plan != NO_PLAN || level->count > 0)
		return bad(parser, "a version line in the middle of the tests");
	level->has_version = true;
	level->is_ktap = is_ktap;
	return 0;
}

static int take_plan(struct parser *parser, const struct line *line)
{
	struct level *level = top(parser);
	const char *at = line->at + strlen("1.."), *rest;
	char reason[sizeof parser->summary->reason];
	long plan = take_number(&at, line->end);

	if (plan < 0)
		return bad(parser, "the plan is no number up to %d", TAP_POINTS_MAX);
	if (level->plan != NO_PLAN)
		return bad(parser, "a second plan");
	if (parser->ended.is_there)
		return bad(parser,
			   "the sub-tests that began in line %u have no result of their own",
			   parser->ended.line);
	enum directive directive = find_directive(at, line->end, &rest, reason, sizeof reason);
	while (at < rest && *at == ' ')
		at++;
	if ((at < rest && *at != '#') || (directive == SKIP && plan != 0))
		return bad(parser, "this is no plan: %.*s",
			   (int)(line->end - line->at < 60 ? line->end - line->at : 60), line->at);
	if (level->count > plan || (level->is_ktap && level->count > 0))
		return bad(parser, "the plan comes after %ld tests", level->count);
	/* Points that came before have numbers of their own; none may lie beyond. */
	for (long i = plan + 1; level->count > 0 && i <= TAP_POINTS_MAX; i++)
		if (level->seen[i / 8] & (1U << i % 8))
			return bad(parser, "test %ld is not in the plan 1..%ld", i, plan);
	level->plan = plan;
	level->is_plan_last = level->count > 0;
	if (plan == 0 && parser->depth == 1)
		(void)snprintf(parser->summary->reason, sizeof parser->summary->reason, "%s",
			       directive == SKIP ? reason : "");
	return 0;
}

/* The number at the beginning of a point, checked; *at is stepped over it. */
static int take_point_number(struct parser *parser, const char **at, const char *end)
{
	struct level *level = top(parser);
	bool has_number = *at < end && **at >= '0' && **at <= '9';
	long number = has_number ? take_number(at, end) : level->last + 1;

	if (has_number && *at < end && **at != ' ')
		return bad(parser, "after a test's number there is a blank");
	if (!has_number && level->is_ktap)
		return bad(parser, "in KTAP each test has a number");
	if (number < 1 || number > TAP_POINTS_MAX)
		return bad(parser, "a test's number is within 1 and %d", TAP_POINTS_MAX);
	if (level->plan != NO_PLAN && number > level->plan)
		return bad(parser, "test %ld is not in the plan 1..%ld", number, level->plan);
	if (level->is_plan_last)
		return bad(parser, "test %ld comes after the plan at the end", number);
	if (level->seen[number / 8] & (1U << number % 8))
		return bad(parser, "test %ld comes twice", number);
	if (level->is_ktap && number != level->last + 1)
		return bad(parser, "test %ld follows test %ld", number, level->last);
	level->seen[number / 8] |= (unsigned char)(1U << number % 8);
	level->last = number;
	level->count++;
	return 0;
}

/* "suite > test". */
static void name_point(const struct parser *parser, const char *description, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 1; i < parser->depth; i++)
		if (parser->levels[i].name[0] && used < size - 1)
			used += (size_t)snprintf(buf + used, size - used, "%s > ",
						 parser->levels[i].name);
	if (used < size - 1 && description[0])
		(void)snprintf(buf + used, size - used, "%s", description);
	else if (used < size - 1)
		(void)snprintf(buf + used, size - used, "test %ld",
			       parser->levels[parser->depth - 1].last);
}

static int judge_directive(struct parser *parser, enum directive directive, bool ok,
			   const char *name, enum tap_state *ret)
{
	*ret = ok ? TAP_PASSED : TAP_FAILED;
	switch (directive) {
	case NO_DIRECTIVE:
		return 0;
	case SKIP:
		*ret = TAP_SKIPPED;
		return ok ? 0 : bad(parser, "%.100s is both skipped and not ok", name);
	case TO_DO:
	case XFAIL:
		*ret = ok ? TAP_PASSED : TAP_EXPECTED;
		return 0;
	case TIMEOUT:
		return bad(parser, "%.100s ran out of time", name);
	case ERROR:
		return bad(parser, "%.100s could not be set up", name);
	}
	return 0;
}

/* The point sums up what has ended below it. */
static int sum_up(struct parser *parser, struct tap_point *point)
{
	struct ended ended = parser->ended;
	struct level *level = top(parser);

	parser->ended.is_there = false;
	level->failed += ended.failed;
	if (point->state != TAP_FAILED && ended.failed > 0)
		return bad(parser, "%.100s hides that %u of its sub-tests failed", point->name,
			   ended.failed);
	/* What failed has been told by the sub-tests; only what they do not know is new. */
	if (point->state != TAP_FAILED || ended.failed > 0)
		return 0;
	level->failed++;
	parser->point = *point;
	parser->has_point = true;
	return 0;
}

static int take_point(struct parser *parser, const struct line *line)
{
	bool ok = *line->at == 'o';
	const char *at = line->at + strlen(ok ? "ok" : "not ok"), *end;
	struct tap_point point = {.line = parser->line};
	char description[200];

	at += at < line->end;
	int r = take_point_number(parser, &at, line->end);
	if (r < 0)
		return r;
	while (at < line->end && *at == ' ')
		at++;
	if (at < line->end && *at == '-')
		at++;
	enum directive directive =
		find_directive(at, line->end, &end, point.reason, sizeof point.reason);
	copy(at, end, description, sizeof description);
	name_point(parser, description, point.name, sizeof point.name);
	r = judge_directive(parser, directive, ok, point.name, &point.state);
	if (r < 0)
		return r;
	if (parser->ended.is_there)
		return sum_up(parser, &point);
	top(parser)->failed += point.state == TAP_FAILED;
	parser->point = point;
	parser->has_point = true;
	return 0;
}

static void take_comment(struct parser *parser, const struct line *line)
{
	static const char word[] = "# Subtest:";
	struct level *level = top(parser);

	if (!starts_with(line, word))
		return;
	/* KTAP has it below the version line of the sub-tests, TAP 14 above or as their first line. */
	bool is_inside = parser->depth > 1 && line->indent == level->indent && level->count == 0 &&
			 level->plan == NO_PLAN;
	copy(line->at + strlen(word), line->end, is_inside ? level->name : parser->next_name,
	     sizeof level->name);
}

/* ---- the block of YAML below a point ---- */

static bool is_key(const char *key, size_t length, const char *const *keys)
{
	for (; *keys; keys++)
		if (strlen(*keys) == length && strncasecmp(*keys, key, length) == 0)
			return true;
	return false;
}

static void copy_value(const char *from, const char *to, char *buf, size_t size)
{
	copy(from, to, buf, size);
	size_t length = strlen(buf);
	if (length >= 2 && (buf[0] == '"' || buf[0] == '\'') && buf[length - 1] == buf[0]) {
		memmove(buf, buf + 1, length - 2);
		buf[length - 2] = '\0';
	}
}

static void take_block_line(struct parser *parser, const struct line *line)
{
	static const char *const got[] = {"got", "found", "actual", "received", NULL};
	static const char *const want[] = {"want", "wanted", "expected", "expect", NULL};
	static const char *const reason[] = {"message", NULL};
	struct tap_point *point = &parser->point;
	const char *colon = memchr(line->at, ':', (size_t)(line->end - line->at));

	if (line->indent == parser->block_indent && line->end - line->at == 3 &&
	    starts_with(line, "...")) {
		parser->in_block = false;
		return;
	}
	if (!colon || line->indent != parser->block_indent)
		return;
	size_t length = (size_t)(colon - line->at);
	if (is_key(line->at, length, got))
		copy_value(colon + 1, line->end, point->got, sizeof point->got);
	else if (is_key(line->at, length, want))
		copy_value(colon + 1, line->end, point->want, sizeof point->want);
	else if (is_key(line->at, length, reason) && !point->reason[0])
		copy_value(colon + 1, line->end, point->reason, sizeof point->reason);
}

/* ---- the stream ---- */

static bool is_point(const struct line *line)
{
	size_t length = starts_with(line, "ok") ? 2 : starts_with(line, "not ok") ? 6 : 0;

	return length > 0 && (line->at + length == line->end || line->at[length] == ' ');
}

typedef int line_fn(struct parser *parser, const struct line *line);

/* Who takes a line of the protocol; NULL: it is none. */
static line_fn *find_taker(const struct line *line)
{
	if (starts_with(line, "TAP version") || starts_with(line, "KTAP version"))
		return take_version;
	if (is_point(line))
		return take_point;
	return starts_with(line, "1..") ? take_plan : NULL;
}

static int take_line(struct parser *parser, const struct line *line)
{
	if (parser->in_block) {
		take_block_line(parser, line);
		return 0;
	}
	if (starts_with(line, "Bail out!"))
		return bad(parser, "the program gave up:%.*s",
			   (int)(line->end - line->at - 9 < 200 ? line->end - line->at - 9 : 200),
			   line->at + 9);
	if (parser->has_point && starts_with(line, "---") && line->indent > top(parser)->indent) {
		parser->in_block = true;
		parser->block_indent = line->indent;
		return 0;
	}
	line_fn *take = find_taker(line);
	if (!take) {
		take_comment(parser, line);
		return 0;
	}
	tell(parser);
	if (!parser->levels[0].has_version && (take != take_version || line->indent > 0))
		return bad(parser,
			   "before the tests there is \"TAP version 13\", \"TAP version 14\" or "
			   "\"KTAP version 1\"");
	int r = go_to(parser, line->indent);
	return r < 0 ? r : take(parser, line);
}

static int take_end(struct parser *parser)
{
	if (parser->in_block)
		return bad(parser, "the stream ends inside of a block of YAML");
	tell(parser);
	if (!parser->levels[0].has_version)
		return bad(parser, "there is no \"TAP version 13\", \"TAP version 14\" or "
				   "\"KTAP version 1\"");
	while (parser->depth > 1) {
		int r = close_level(parser);
		if (r < 0)
			return r;
	}
	return check_whole(parser, &parser->levels[0]);
}

static int parse(struct parser *parser, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		const char *end = memchr(bytes + at, '\n', length - at);

		parser->line++;
		if (!end)
			return bad(parser, "the stream ends in the middle of a line");
		struct line line = {.at = bytes + at, .end = end};
		at = (size_t)(end - bytes) + 1;
		if (line.end > line.at && line.end[-1] == '\r')
			line.end--;
		for (; line.at < line.end && *line.at == ' '; line.at++)
			line.indent++;
		int r = take_line(parser, &line);
		if (r < 0)
			return r;
	}
	return take_end(parser);
}

int tap_parse(const char *bytes, size_t length, tap_point_fn *on_point, void *arg,
	      struct tap_summary *ret, struct err *e)
{
	struct parser *parser = xnew(sizeof *parser);

	memset(ret, 0, sizeof *ret);
	parser->depth = 1;
	parser->levels[0].plan = NO_PLAN;
	parser->levels[0].line = 1;
	parser->on_point = on_point;
	parser->arg = arg;
	parser->summary = ret;
	parser->e = e;
	int r = parse(parser, bytes, length);
	tell(parser);
	free(parser);
	return r;
}
