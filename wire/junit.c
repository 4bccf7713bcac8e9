/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML, of which there is no standard: what Jenkins, GitLab and most writers agree on. */
#include "wire/junit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "wire/xml.h"

#define SUITES_DEPTH_MAX 16
#define NOT_SAID	 (-1)

/* What a suite says of itself, and what came; for all suites together the same. */
struct count {
	long tests, failures, errors, skipped;
};

struct suite {
	size_t level, depth; /* depth: of its element */
	unsigned line;
	struct count said, own, all; /* all: with those of suites inside */
	char name[128];
};

struct reader {
	struct tap_tree *tree;
	struct xml xml;
	struct suite suites[SUITES_DEPTH_MAX];
	size_t suite_count;
	struct count said, all;
	bool has_suite, is_over;
	/* the case that is open */
	size_t case_depth; /* 0: none */
	struct tap_point point;
	unsigned results;
};

/* ---- numbers ---- */

static long number_of(const struct xml *xml, const char *name)
{
	char value[32];
	long long number = NOT_SAID;

	if (!xml_attribute(xml, name, value, sizeof value))
		return NOT_SAID;
	(void)number_parse(value, 0, TAP_POINTS_MAX * 10LL, &number);
	return (long)number;
}

static struct count counts_of(const struct xml *xml)
{
	struct count said = {.tests = number_of(xml, "tests"),
			     .failures = number_of(xml, "failures"),
			     .errors = number_of(xml, "errors"),
			     .skipped = number_of(xml, "skipped")};

	if (said.skipped == NOT_SAID)
		said.skipped = number_of(xml, "disabled");
	return said;
}

static uint64_t duration_of(const struct xml *xml)
{
	char value[32], *end;

	if (!xml_attribute(xml, "time", value, sizeof value))
		return 0;
	double seconds = strtod(value, &end);
	return end != value && *end == '\0' && isfinite(seconds) && seconds > 0 && seconds < 1e9
		       ? (uint64_t)(seconds * 1e9)
		       : 0;
}

/* ---- counts ---- */

static void add_count(struct count *to, const struct count *from)
{
	to->tests += from->tests;
	to->failures += from->failures;
	to->errors += from->errors;
	to->skipped += from->skipped;
}

/* Some count what lies in suites inside, some do not: one of both it must be. */
static void check_count(struct reader *reader, unsigned line, const char *what, long said, long own,
			long all)
{
	if (said != NOT_SAID && said != own && said != all)
		tap_tree_tell(reader->tree, true, line, "it says %ld %s, and %ld came", said, what,
			      all);
}

static void check_counts(struct reader *reader, unsigned line, const struct count *said,
			 const struct count *own, const struct count *all)
{
	check_count(reader, line, "tests", said->tests, own->tests, all->tests);
	check_count(reader, line, "failures", said->failures, own->failures, all->failures);
	check_count(reader, line, "errors", said->errors, own->errors, all->errors);
	check_count(reader, line, "skipped", said->skipped, own->skipped, all->skipped);
}

/* ---- suites ---- */

static void open_suite(struct reader *reader)
{
	struct tap_tree *tree = reader->tree;
	struct suite suite = {.level = tree->levels.count,
			      .depth = reader->xml.depth,
			      .line = reader->xml.line,
			      .said = counts_of(&reader->xml)};
	struct tap_level level = {.protocol = "JUnit",
				  .line = reader->xml.line,
				  .plan = suite.said.tests,
				  .first = TAP_NONE,
				  .last = TAP_NONE,
				  .parent = TAP_NONE,
				  .next = TAP_NONE};

	(void)xml_attribute(&reader->xml, "name", suite.name, sizeof suite.name);
	if (reader->suite_count == SUITES_DEPTH_MAX || !vec_add(&tree->levels, level)) {
		tap_tree_tell(
			tree, true, reader->xml.line,
			"there are more suites than are read: %d inside of one another, %d in "
			"all",
			SUITES_DEPTH_MAX, TAP_POINTS_MAX);
		reader->is_over = true;
		return;
	}
	reader->has_suite = true;
	reader->suites[reader->suite_count++] = suite;
}

static void close_suite(struct reader *reader)
{
	struct suite *suite = &reader->suites[--reader->suite_count];
	struct count *above = reader->suite_count > 0 ? &reader->suites[reader->suite_count - 1].all
						      : &reader->all;

	check_counts(reader, suite->line, &suite->said, &suite->own, &suite->all);
	add_count(above, &suite->all);
}

/* ---- cases ---- */

static void open_case(struct reader *reader)
{
	const struct suite *suite = &reader->suites[reader->suite_count - 1];
	const struct xml *xml = &reader->xml;
	char class[128], name[200];
	struct text text = TEXT_INIT(512);

	(void)xml_attribute(xml, "classname", class, sizeof class);
	if (!xml_attribute(xml, "name", name, sizeof name) || !name[0])
		tap_tree_tell(reader->tree, true, xml->line, "a case has no name");
	if (suite->name[0])
		(void)text_addf(&text, "%s > ", suite->name);
	reader->point = (struct tap_point){.line = xml->line,
					   .number = (unsigned)suite->own.tests + 1,
					   .own_name = text.length,
					   .reason = text_empty,
					   .got = text_empty,
					   .want = text_empty,
					   .duration_ns = duration_of(xml),
					   .level = suite->level,
					   .next = TAP_NONE,
					   .sub_levels = TAP_NONE};
	(void)text_addf(&text, "%s%s%s", class, class[0] ? "." : "", name[0] ? name : "(no name)");
	reader->point.name = text_steal(&text);
	reader->case_depth = xml->depth;
	reader->results = 0;
}

static void take_result(struct reader *reader, enum tap_state state)
{
	char message[256];

	if (reader->results++ > 0) {
		tap_tree_tell(reader->tree, true, reader->xml.line,
			      "%.100s has more than one result", reader->point.name);
		/* The worst stands: nothing makes a failure good. */
		if (reader->point.state == TAP_FAILED || state == TAP_SKIPPED)
			return;
	}
	reader->point.state = state;
	(void)xml_attribute(&reader->xml, "message", message, sizeof message);
	if (message[0] && reader->point.reason == text_empty)
		reader->point.reason = xstrdup(message);
}

static void close_case(struct reader *reader)
{
	struct tap_tree *tree = reader->tree;
	struct suite *suite = &reader->suites[reader->suite_count - 1];
	struct tap_level *level = &tree->levels.items[suite->level];
	size_t index = tree->points.count;
	enum tap_state state = reader->point.state;
	const struct count one = {.tests = 1,
				  .failures = state == TAP_FAILED,
				  .errors = state == TAP_UNDECIDED,
				  .skipped = state == TAP_SKIPPED};

	reader->case_depth = 0;
	if (!vec_add(&tree->points, reader->point)) {
		tap_tree_tell(tree, true, reader->xml.line,
			      "there are more than %d tests; the rest is not read", TAP_POINTS_MAX);
		reader->is_over = true;
		return;
	}
	reader->point = (struct tap_point){0};
	add_count(&suite->own, &one);
	add_count(&suite->all, &one);
	tree->counts[state]++;
	level->count++;
	if (level->first == TAP_NONE)
		level->first = index;
	else
		tree->points.items[level->last].next = index;
	level->last = index;
}

/* ---- the document ---- */

static void take_open(struct reader *reader)
{
	const struct xml *xml = &reader->xml;
	bool is_in_case = reader->case_depth > 0;

	if (xml->depth == 1 && xml_is(xml, "testsuites"))
		reader->said = counts_of(xml);
	else if (!is_in_case && xml_is(xml, "testsuite"))
		open_suite(reader);
	else if (!is_in_case && xml_is(xml, "testcase") && reader->suite_count > 0)
		open_case(reader);
	else if (xml_is(xml, "testcase") || xml_is(xml, "testsuite"))
		tap_tree_tell(reader->tree, true, xml->line, "a case or a suite where none may be");
	if (!is_in_case || xml->depth != reader->case_depth + 1)
		return;
	if (xml_is(xml, "failure"))
		take_result(reader, TAP_FAILED);
	else if (xml_is(xml, "error"))
		take_result(reader, TAP_UNDECIDED);
	else if (xml_is(xml, "skipped"))
		take_result(reader, TAP_SKIPPED);
}

/* xml->depth is already that of what is around it. */
static void take_close(struct reader *reader)
{
	size_t depth = reader->xml.depth + 1;

	if (reader->case_depth == depth)
		close_case(reader);
	else if (reader->suite_count > 0 && reader->suites[reader->suite_count - 1].depth == depth)
		close_suite(reader);
}

static void read_pieces(struct reader *reader)
{
	static const struct count none = {NOT_SAID, NOT_SAID, NOT_SAID, NOT_SAID};
	enum xml_piece piece;

	reader->said = none;
	while (!reader->is_over && (piece = xml_next(&reader->xml)) != XML_END) {
		if (piece == XML_BAD) {
			tap_tree_tell(reader->tree, true, reader->xml.next_line, "%s",
				      reader->xml.why);
			return;
		}
		if (piece == XML_OPEN)
			take_open(reader);
		else if (piece == XML_CLOSE)
			take_close(reader);
	}
	if (reader->is_over)
		return;
	if (!reader->has_suite)
		tap_tree_tell(reader->tree, true, 1, "there is no suite: this is no JUnit XML");
	check_counts(reader, 1, &reader->said, &reader->all, &reader->all);
}

struct tap_tree *junit_read(const char *bytes, size_t length)
{
	struct reader *reader = xnew(sizeof *reader);
	struct tap_tree *tree = tap_tree_new();

	reader->tree = tree;
	reader->xml = (struct xml)XML_INIT(bytes, length);
	read_pieces(reader);
	tree->lines = reader->xml.next_line;
	/* Of a case that did not end nothing is known. */
	free(reader->point.name);
	if (reader->point.reason != text_empty)
		free(reader->point.reason);
	free(reader);
	return tree;
}
