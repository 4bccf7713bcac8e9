/* SPDX-License-Identifier: Apache-2.0 */
/* What TAP and KTAP say, and that what does not add up is an error. */
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "wire/tap.h"

static void note_point(void *arg, const struct tap_point *point)
{
	static const char *const states[] = {
		[TAP_PASSED] = "passed",
		[TAP_FAILED] = "failed",
		[TAP_SKIPPED] = "skipped",
		[TAP_EXPECTED] = "expected",
	};

	(void)text_addf(arg, "%s %s%s%s|", states[point->state], point->name,
			point->reason[0] ? ": " : "", point->reason);
}

static void expect_points(const char *stream, const char *points)
{
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	struct tap_summary summary;
	struct err e = {0};

	EXPECT_NUMBER(tap_parse(stream, strlen(stream), note_point, &told, &summary, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(told.buf, points);
}

static void expect_bad(const char *stream, const char *why)
{
	struct tap_summary summary;
	struct err e = {0};

	EXPECT_NUMBER(tap_parse(stream, strlen(stream), NULL, NULL, &summary, &e), -EBADMSG);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT_TEXT(e.text, why);
}

TEST(tap, points_have_names_and_states)
{
	expect_points("TAP version 13\n1..6\nok 1 - first\nnot ok 2 second\nok 3\n"
		      "ok 4 - fourth # SKIP no disk\nnot ok 5 - fifth # todo later\n"
		      "ok 6 - a \\# sign # and another\n",
		      "passed first|failed second|passed test 3|skipped fourth: no disk|"
		      "expected fifth: later|passed a \\# sign # and another|");
}

TEST(tap, the_plan_may_be_last_and_the_order_any)
{
	expect_points("TAP version 14\nok 2 - b\nok 1 - a\n1..2\n", "passed b|passed a|");
	expect_points("TAP version 14\nok - a\nnot ok - b\n1..2\n", "passed a|failed b|");
}

TEST(tap, other_lines_are_passed_over)
{
	expect_points(
		"starting\r\nTAP version 14\r\npragma +strict\n1..1\nokay, then\n# ok 7\n\nok 1 a\r\n",
		"passed a|");
}

TEST(tap, blocks_tell_what_was_got_and_wanted)
{
	static const char stream[] =
		"TAP version 14\n1..2\nnot ok 1 - cpus\n  ---\n  message: too few\n"
		"  got: 1\n  expected: '2'\n  at:\n    got: 7\n  ok 9\n  ...\nok 2\n";
	struct tap_summary summary;
	struct err e = {0};
	CLEAN_TEXT struct text told = TEXT_INIT(4096);

	EXPECT_NUMBER(tap_parse(stream, strlen(stream), note_point, &told, &summary, &e), 0);
	EXPECT_TEXT(told.buf, "failed cpus: too few|passed test 2|");
	EXPECT_NUMBER(summary.failed, 1);
	EXPECT_NUMBER(summary.passed, 1);
}

static void keep_point(void *arg, const struct tap_point *point)
{
	*(struct tap_point *)arg = *point;
}

TEST(tap, values_are_kept)
{
	static const char stream[] = "TAP version 13\n1..1\nnot ok 1\n  ---\n  found: \"a b\"\n"
				     "  wanted:   c\n  ...\n";
	struct tap_summary summary;
	struct tap_point point = {0};
	struct err e = {0};

	EXPECT_NUMBER(tap_parse(stream, strlen(stream), keep_point, &point, &summary, &e), 0);
	EXPECT_TEXT(point.got, "a b");
	EXPECT_TEXT(point.want, "c");
	EXPECT_NUMBER(point.line, 3);
}

TEST(tap, sub_tests_are_points_of_their_own)
{
	expect_points("TAP version 14\n1..2\n# Subtest: disk\n    1..2\n    ok 1 - reads\n"
		      "    not ok 2 - writes\nnot ok 1 - disk\nok 2 - net\n",
		      "passed disk > reads|failed disk > writes|passed net|");
	/* What the sub-tests do not know is a point too. */
	expect_points("TAP version 14\n1..1\n    ok 1 - reads\n    1..1\nnot ok 1 - disk\n",
		      "passed reads|failed disk|");
}

TEST(tap, kernel_tests_are_read)
{
	expect_points(
		"[    1.0] noise\nKTAP version 1\n1..1\n  KTAP version 1\n  # Subtest: suite\n  1..3\n"
		"  ok 1 case_1\n  ok 2 case_2 # SKIP no device\n"
		"    KTAP version 1\n    # Subtest: deep\n    1..1\n    not ok 1 row # XFAIL known\n"
		"  ok 3 deep\n# suite: pass:2\nok 1 suite\n",
		"passed suite > case_1|skipped suite > case_2: no device|"
		"expected suite > deep > row: known|");
}

TEST(tap, all_may_be_skipped)
{
	static const char stream[] = "TAP version 13\n1..0 # SKIP no such hardware\n";
	struct tap_summary summary;
	struct err e = {0};

	EXPECT_NUMBER(tap_parse(stream, strlen(stream), NULL, NULL, &summary, &e), 0);
	EXPECT_NUMBER(summary.passed + summary.failed + summary.skipped, 0);
	EXPECT_TEXT(summary.reason, "no such hardware");
}

TEST(tap, numbers_must_add_up)
{
	expect_bad("TAP version 13\n1..2\nok 1\nok 1\n", "line 4: test 1 comes twice");
	expect_bad("TAP version 13\n1..2\nok 1\n",
		   "line 3: 2 tests were planned and 1 came: the stream is cut");
	expect_bad("TAP version 13\n1..1\nok 1\nok 2\n", "line 4: test 2 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 3\n1..1\n", "line 3: test 3 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 1\nok 2\n1..1\n", "line 4: the plan comes after 2 tests");
	expect_bad("TAP version 13\nok 1\n1..1\nok 2\n", "line 4: test 2 is not in the plan 1..1");
	expect_bad("TAP version 13\nok 1\n1..2\nok 2\n",
		   "line 4: test 2 comes after the plan at the end");
	expect_bad("TAP version 13\nok 1\n", "line 2: what began in line 1 has no plan (1..N)");
	expect_bad("TAP version 13\n1..1\n1..1\nok 1\n", "line 3: a second plan");
	expect_bad("TAP version 13\n1..99999\n", "line 2: the plan is no number up to 10000");
	expect_bad("TAP version 13\n1..1 and more\n", "line 2: this is no plan: 1..1 and more");
	expect_bad("TAP version 13\n1..1\nok 0\n", "line 3: a test's number is within 1 and 10000");
	expect_bad("TAP version 13\n1..1\nok 1x\n",
		   "line 3: after a test's number there is a blank");
	expect_bad("KTAP version 1\n1..2\nok 2 b\nok 1 a\n", "line 3: test 2 follows test 0");
	expect_bad("KTAP version 1\n1..1\nok a\n", "line 3: in KTAP each test has a number");
	expect_bad("KTAP version 1\nok 1 a\n1..1\n", "line 3: the plan comes after 1 tests");
}

TEST(tap, a_cut_stream_decides_nothing)
{
	expect_bad("TAP version 13\n1..1\nok 1", "line 3: the stream ends in the middle of a line");
	expect_bad("TAP version 13\n1..1\nnot ok 1\n  ---\n  got: 1\n",
		   "line 5: the stream ends inside of a block of YAML");
	expect_bad("TAP version 13\n1..2\nok 1\nBail out! no memory\n",
		   "line 4: the program gave up: no memory");
	expect_bad("TAP version 14\n1..1\n    1..1\n    ok 1\n",
		   "line 4: the sub-tests that began in line 3 have no result of their own");
	expect_bad("TAP version 14\n1..1\n    1..2\n    ok 1\nok 1\n",
		   "line 5: 2 tests were planned and 1 came: the stream is cut");
	expect_bad(
		"",
		"line 0: there is no \"TAP version 13\", \"TAP version 14\" or \"KTAP version 1\"");
}

TEST(tap, contradictions_decide_nothing)
{
	expect_bad("TAP version 13\n1..1\nnot ok 1 - a # SKIP no disk\n",
		   "line 3: a is both skipped and not ok");
	expect_bad("TAP version 14\n1..1\n    1..1\n    not ok 1\nok 1 - a\n",
		   "line 5: a hides that 1 of its sub-tests failed");
	expect_bad("KTAP version 1\n1..1\nnot ok 1 a # TIMEOUT 45 seconds\n",
		   "line 3: a ran out of time");
	expect_bad("KTAP version 1\n1..1\nnot ok 1 a # ERROR\n", "line 3: a could not be set up");
}

TEST(tap, versions_and_levels_are_checked)
{
	expect_bad("1..1\nok 1\n",
		   "line 1: before the tests there is \"TAP version 13\", \"TAP version 14\" or "
		   "\"KTAP version 1\"");
	expect_bad("TAP version 12\n",
		   "line 1: only TAP version 13 and 14 and KTAP version 1 are understood");
	expect_bad("TAP version 13\n1..1\nTAP version 13\nok 1\n",
		   "line 3: a version line in the middle of the tests");
	expect_bad("TAP version 14\n1..1\n    1..1\n  ok 1\n",
		   "line 4: 1 tests were planned and 0 came: the stream is cut");
	expect_bad("TAP version 14\n1..1\n    1..1\n    ok 1\n  ok 1\n",
		   "line 5: no level has an indentation of 2 blanks");
	expect_bad(
		"TAP version 14\n1..1\n 1..1\n  1..1\n   1..1\n    1..1\n     1..1\n      1..1\n       1..1\n        1..1\n",
		"line 10: sub-tests are nested more than 8 deep");
}
