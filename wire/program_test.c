/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of a program means for its case. */
#include <string.h>

#include "base/test.h"
#include "wire/program.h"

#define EXITED(code) ((code) << 8)

static void expect_outcome(int status, bool speaks_tap, const char *output, enum outcome outcome,
			   const char *message)
{
	CLEAN_DONE(result) struct result result;
	const struct program_end end = {.program = "check",
					.status = status,
					.output = output,
					.length = strlen(output),
					.speaks_tap = speaks_tap};

	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.message, message);
	EXPECT((outcome == OUTCOME_SKIP) == (result.need[0] != '\0'));
	EXPECT((outcome == OUTCOME_FAIL) == (result.checks_failed > 0));
	EXPECT(outcome != OUTCOME_PASS || result.checks_passed > 0);
}

TEST(program, exit_statuses_decide)
{
	expect_outcome(EXITED(0), false, "all is well\n", OUTCOME_PASS, "");
	expect_outcome(EXITED(1), false, "one\nthe disk is slow\n\n", OUTCOME_FAIL,
		       "the disk is slow");
	expect_outcome(EXITED(1), false, "", OUTCOME_FAIL, "exit status 1");
	expect_outcome(EXITED(77), false, "no disk\n", OUTCOME_SKIP, "no disk");
	expect_outcome(EXITED(77), false, "", OUTCOME_SKIP, "the program skips");
	expect_outcome(EXITED(99), false, "no memory\n", OUTCOME_BROKEN,
		       "check says that it is broken: no memory");
	expect_outcome(
		EXITED(2), false, "", OUTCOME_BROKEN,
		"check exited with 2, which is none of 0 (pass), 1 (fail), 77 (skip) and 99 (broken)");
	expect_outcome(9, false, "", OUTCOME_BROKEN, "check was killed by signal 9 (Killed)");
}

TEST(program, unasked_tap_is_not_overlooked)
{
	expect_outcome(EXITED(0), false, "TAP version 13\n1..1\nnot ok 1\n", OUTCOME_BROKEN,
		       "check prints TAP: its case.yaml must say `reports: tap`");
	expect_outcome(EXITED(0), false, "KTAP version 1\n", OUTCOME_BROKEN,
		       "check prints TAP: its case.yaml must say `reports: tap`");
}

TEST(program, points_and_exit_status_must_agree)
{
	expect_outcome(EXITED(0), true, "TAP version 13\n1..1\nok 1\n", OUTCOME_PASS, "");
	expect_outcome(EXITED(0), true, "TAP version 13\n1..1\nnot ok 1 - a\n", OUTCOME_FAIL,
		       "a: got not ok, want ok");
	expect_outcome(EXITED(1), true, "TAP version 13\n1..1\nnot ok 1 - a\n", OUTCOME_FAIL,
		       "a: got not ok, want ok");
	expect_outcome(EXITED(1), true, "TAP version 13\n1..1\nok 1\n", OUTCOME_BROKEN,
		       "check exited with 1 although no test failed");
	expect_outcome(EXITED(77), true, "TAP version 13\n1..1\nok 1\n", OUTCOME_BROKEN,
		       "check exited with 77 although no test failed");
	expect_outcome(EXITED(99), true, "TAP version 13\n1..1\nok 1\n", OUTCOME_BROKEN,
		       "check says that it is broken: ok 1");
	expect_outcome(11, true, "TAP version 13\n1..1\nok 1\n", OUTCOME_BROKEN,
		       "check was killed by signal 11 (Segmentation fault)");
	expect_outcome(
		EXITED(0), true, "TAP version 13\n1..2\nok 1\n", OUTCOME_BROKEN,
		"check's output: line 3: 2 tests were planned and 1 came: the stream is cut");
	expect_outcome(
		EXITED(0), true, "", OUTCOME_BROKEN,
		"check's output: line 0: there is no \"TAP version 13\", \"TAP version 14\" or "
		"\"KTAP version 1\"");
}

TEST(program, its_own_tests_are_kept)
{
	static const char output[] =
		"TAP version 14\n1..4\nok 1 - a\n  ---\n  duration_ms: 1500\n  ...\n"
		"not ok 2 - b # todo later\nok 3 # SKIP no disk\n"
		"# Subtest: d\n    1..1\n    not ok 1 - e\n      ---\n"
		"      got: 1\n      want: 2\n      ...\nnot ok 4 - d\n";
	CLEAN_DONE(result) struct result result;
	const struct program_end end = {.program = "check",
					.output = output,
					.length = sizeof output - 1,
					.speaks_tap = true};

	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT_NUMBER(result.subs.count, 4);
	const struct sub_result *subs = result.subs.items;
	EXPECT_TEXT(subs[0].name, "a");
	EXPECT_NUMBER(subs[0].duration_ns, 1500000000);
	EXPECT(subs[1].expected && subs[1].outcome == OUTCOME_PASS);
	EXPECT_TEXT(subs[1].message, "later");
	EXPECT_NUMBER(subs[2].outcome, OUTCOME_SKIP);
	EXPECT_TEXT(subs[3].name, "d > e");
	EXPECT_TEXT(subs[3].message, "got 1, want 2");
	EXPECT_NUMBER(subs[3].line, 11);
}

TEST(program, of_too_many_tests_the_first_are_kept)
{
	CLEAN_TEXT struct text output = TEXT_INIT(PROGRAM_OUTPUT_MAX);
	CLEAN_DONE(result) struct result result;

	(void)text_adds(&output, "TAP version 13\n1..12000\n");
	for (int i = 0; i < 12000; i++)
		(void)text_adds(&output, "ok\n");
	const struct program_end end = {.program = "check",
					.output = output.buf,
					.length = output.length,
					.speaks_tap = true};
	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	EXPECT_NUMBER(result.subs.count, RESULT_SUBS_MAX);
	EXPECT_NUMBER(result.subs_cut, 12000 - RESULT_SUBS_MAX);
}

TEST(program, a_test_that_ran_out_of_time_breaks_it)
{
	expect_outcome(EXITED(0), true, "KTAP version 1\n1..1\nnot ok 1 a # TIMEOUT 45 seconds\n",
		       OUTCOME_BROKEN,
		       "check's output: line 3: a did not come to its end: 45 seconds");
}

TEST(program, what_is_all_skipped_is_skipped)
{
	expect_outcome(EXITED(0), true, "TAP version 13\n1..0 # SKIP no disk\n", OUTCOME_SKIP,
		       "no disk");
	expect_outcome(EXITED(0), true, "TAP version 13\n1..1\nok 1 # SKIP no disk\n", OUTCOME_SKIP,
		       "no disk");
	expect_outcome(EXITED(77), true, "", OUTCOME_SKIP, "the program skips");
}

TEST(program, too_much_output_decides_nothing_by_tap)
{
	static const char output[] = "TAP version 13\n1..1\nok 1\n";
	CLEAN_DONE(result) struct result result;
	struct program_end end = {.program = "check",
				  .output = output,
				  .length = sizeof output - 1,
				  .is_cut = true,
				  .speaks_tap = true};

	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	EXPECT_TEXT(result.message, "check printed more than 1024 KiB");
	end.speaks_tap = false;
	end.output = "noise";
	end.length = 5;
	program_judge(&end, NULL, NULL, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
}

TEST(program, what_it_measures_is_kept)
{
	static const char output[] =
		"TAP version 13\n# measured: rate 12.5 MB/s higher\n1..1\n"
		"# measured: rate 13.5 MB/s higher\nok 1\n# measured: start 2 s lower";
	CLEAN_DONE(result) struct result result;
	const struct program_end end = {.program = "check",
					.output = output,
					.length = sizeof output - 1,
					.speaks_tap = true};

	result_init(&result, "a.b");
	program_judge(&end, NULL, NULL, &result);
	EXPECT_TEXT(result.message,
		    "check's output: line 6: the stream ends in the middle of a line");
	result_done(&result);
	result_init(&result, "a.b");
	const struct program_end whole = {.program = "check",
					  .output = "fine\n# measured: rate 12.5 MB/s higher",
					  .length = 38};
	program_judge(&whole, NULL, NULL, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	const struct measure *rate = measures_find(&result.measures, "rate");
	EXPECT(rate && rate->count == 1 && rate->samples[0] == 12.5);
	expect_outcome(EXITED(0), false, "# measured: rate much MB/s higher\n", OUTCOME_BROKEN,
		       "check's output: line 1: 'much' is no number");
	expect_outcome(EXITED(1), false, "# measured: rate much MB/s higher\nno\n", OUTCOME_FAIL,
		       "no");
}

TEST(program, what_is_refused_says_so)
{
	EXPECT(program_is_refused(
		"check cannot be brought into the guest: No space left on device"));
	EXPECT(program_is_refused("programs cannot be executed in /run/x: Permission denied"));
	EXPECT(program_is_refused("check cannot be started: Permission denied"));
	EXPECT(!program_is_refused("it took longer than its limit of 60 s"));
}

TEST(program, parameters_become_environment)
{
	static const char parameters[] = "cpus=2\nprogram.command=check\nfirmware=uefi\nempty=\n";
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	char value[8];

	EXPECT(program_parameter(parameters, PROGRAM_COMMAND, value, sizeof value));
	EXPECT_TEXT(value, "check");
	EXPECT(!program_parameter(parameters, "program", value, sizeof value));
	EXPECT_TEXT(value, "");
	program_environment(parameters, &out);
	EXPECT_NUMBER(out.length, sizeof "ASSAY_PLAN_CPUS=2" + sizeof "ASSAY_PLAN_FIRMWARE=uefi" +
					  sizeof "ASSAY_PLAN_EMPTY=");
	EXPECT_TEXT(out.buf, "ASSAY_PLAN_CPUS=2");
}
