/* SPDX-License-Identifier: Apache-2.0 */
/* How the kernel's selftests end, and what is never a pass. */
#include <signal.h>
#include <string.h>

#include "base/test.h"
#include "wire/kselftest.h"

#define EXITS(code) ((code) << 8)
#define HEAD(plan)  "TAP version 13\n1.." #plan "\n"

static void judge(const char *output, int status, struct result *result)
{
	const struct kselftest_end end = {
		.name = "t", .status = status, .output = output, .length = strlen(output)};

	result_init(result, "kselftest.a.t");
	kselftest_judge(&end, NULL, NULL, result);
}

static void expect(const char *output, int status, enum outcome outcome, const char *message)
{
	struct result result;

	judge(output, status, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.message, message);
	EXPECT((result.outcome == OUTCOME_SKIP) == (result.need[0] != '\0'));
	result_done(&result);
}

TEST(kselftest, status_and_ktap_agree)
{
	expect(HEAD(2) "ok 1 CLOCK_TAI   \nok 2 # SKIP CLOCK_X\n# Totals: pass:1 fail:0 xfail:0 "
		       "xpass:0 skip:1 error:0\n",
	       EXITS(0), OUTCOME_PASS, "");
	expect(HEAD(2) "ok 1 one\nnot ok 2 two\n", EXITS(1), OUTCOME_FAIL, "two: not ok");
	expect(HEAD(2) "ok 1 one\nnot ok 2 two\n", EXITS(255), OUTCOME_FAIL, "two: not ok");
	expect(HEAD(1) "ok 1 one # XFAIL not yet\n", EXITS(0), OUTCOME_PASS, "");
	expect(HEAD(1) "ok 1 one # XFAIL not yet\n", EXITS(2), OUTCOME_PASS,
	       "it failed as it expects");
	expect("TAP version 13\n1..0 # SKIP no rtc\n", EXITS(4), OUTCOME_SKIP, "no rtc");
	expect(HEAD(3) "ok 1 one\nok 2 # SKIP no second clock\n", EXITS(4), OUTCOME_SKIP,
	       "no second clock");
	expect(HEAD(2) "ok 1 # SKIP a\nok 2 # SKIP b\n", EXITS(0), OUTCOME_SKIP, "a");
	/* the runner's stream has the version line */
	expect("1..1\nok 1 one\n", EXITS(0), OUTCOME_PASS, "");
	/* two programs one after another, and a last line without an end */
	expect(HEAD(1) "ok 1 one\n" HEAD(1) "ok 1 two\ndone", EXITS(0), OUTCOME_PASS, "");
	expect(HEAD(2) "ok 1 one\nBail out! no memory\n", EXITS(1), OUTCOME_FAIL,
	       "the program gave up: no memory");
}

TEST(kselftest, keeps_the_tree)
{
	struct result result;

	judge("TAP version 13\n1..2\n# TAP version 13\n# 1..2\n# ok 1 a\n# not ok 2 b\nnot ok 1 first\nok 2 "
	      "second\n",
	      EXITS(1), &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT_NUMBER(result.subs.count, 3);
	EXPECT_NUMBER(result.checks_passed, 2);
	EXPECT_NUMBER(result.checks_failed, 1);
	EXPECT_NUMBER(result.check.line, 6);
	EXPECT_TEXT(result.check.file, "t's output");
	result_done(&result);
	/* of one that was killed too */
	judge(HEAD(2) "ok 1 one\n", SIGSEGV, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
	EXPECT_NUMBER(result.subs.count, 1);
	result_done(&result);
}

TEST(kselftest, free_text_counts_by_status)
{
	expect("Check itimer virtual... [OK]\nall ok\n", EXITS(0), OUTCOME_PASS, "");
	expect("ok\nnot ok this time\n", EXITS(0), OUTCOME_PASS, "");
	expect("mount: no such device\n", EXITS(1), OUTCOME_FAIL, "mount: no such device");
	expect("module test_sysctl not found [SKIP]\n", EXITS(4), OUTCOME_SKIP,
	       "module test_sysctl not found [SKIP]");
}

TEST(kselftest, what_contradicts_itself_is_broken)
{
	expect(HEAD(2) "ok 1 one\nnot ok 2 two\n", EXITS(0), OUTCOME_BROKEN,
	       "t exited with 0 although 1 of its tests failed: two");
	expect(HEAD(1) "ok 1 one\n", EXITS(1), OUTCOME_BROKEN,
	       "t exited with 1 although none of its tests failed");
	expect(HEAD(1) "not ok 1 one\n", EXITS(4), OUTCOME_BROKEN,
	       "t exited with 4, skipped, although 1 of its tests failed");
	expect(HEAD(1) "ok 1 one\n", EXITS(2), OUTCOME_BROKEN,
	       "t exited with 2, an expected failure in kselftest; 0 of its tests failed so, and 0 others");
	expect(HEAD(1) "ok 1 one\n", EXITS(3), OUTCOME_BROKEN,
	       "t exited with 3, an unexpected pass in kselftest: ok 1 one");
	expect(HEAD(1) "ok 1 one\n# Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0\n",
	       EXITS(0), OUTCOME_BROKEN,
	       "t exited with 0, and line 4 of its output: the totals here are 2 passed, 0 failed, 0 "
	       "skipped, 0 expected to fail; 1, 0, 0 and 0 came");
}

TEST(kselftest, what_is_cut_or_silent_is_broken)
{
	expect("", EXITS(0), OUTCOME_BROKEN, "t exited with 0 and printed nothing");
	expect("\n \n", EXITS(4), OUTCOME_BROKEN, "t exited with 4 and printed nothing");
	expect("", EXITS(1), OUTCOME_BROKEN, "t exited with 1 and printed nothing");
	expect(HEAD(2) "ok 1 one\n", EXITS(0), OUTCOME_BROKEN,
	       "t exited with 0, and line 3 of its output: 2 tests were planned and 1 came: the "
	       "stream is cut");
	expect("TAP version 13\nok 1 one\n", EXITS(0), OUTCOME_BROKEN,
	       "t exited with 0, and line 2 of its output: what began in line 1 has no plan (1..N)");
	expect("ok 1 one\n", EXITS(0), OUTCOME_BROKEN,
	       "t exited with 0, and line 1 of its output: what began in line 1 has no plan "
	       "(1..N)");
	expect(HEAD(1) "not ok 1 # error no room\n", EXITS(1), OUTCOME_BROKEN,
	       "t exited with 1, and line 3 of its output: test 1 did not come to its end: no room");
	expect("TAP version 13\n1..0\n", EXITS(0), OUTCOME_SKIP, "1..0");
}

TEST(kselftest, ends_that_have_no_meaning_are_broken)
{
	expect(HEAD(1) "ok 1 one\n", SIGSEGV, OUTCOME_BROKEN,
	       "t was killed by signal 11 (Segmentation fault)");
	expect("assert\n", EXITS(134), OUTCOME_BROKEN, "t was killed by signal 6 (Aborted)");
	expect("x\n", EXITS(124), OUTCOME_BROKEN,
	       "t exited with 124: it ran out of time by its own clock");
	expect("sh: x: not found\n", EXITS(127), OUTCOME_BROKEN,
	       "t exited with 127: a program that it calls is not there: sh: x: not found");
	expect("x\n", EXITS(126), OUTCOME_BROKEN,
	       "t exited with 126: a program that it calls cannot be executed here: x");
	expect("usage: x\n", EXITS(2), OUTCOME_BROKEN,
	       "t exited with 2, an expected failure in kselftest, and tells none: usage: x");
	expect("x\n", EXITS(255), OUTCOME_BROKEN,
	       "t exited with 255, which has no meaning in kselftest (0 passed, 1 failed, 2 failed as "
	       "expected, 3 passed unexpectedly, 4 skipped): x");
}

TEST(kselftest, too_much_is_broken)
{
	const struct kselftest_end end = {
		.name = "t", .output = "x\n", .length = 2, .is_cut = true};
	struct result result;

	result_init(&result, "kselftest.a.t");
	kselftest_judge(&end, NULL, NULL, &result);
	EXPECT_TEXT(result.message, "t printed more than 8 MiB");
	result_done(&result);
}
