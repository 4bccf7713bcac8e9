/* SPDX-License-Identifier: Apache-2.0 */
/* Running programs from within a trial. */
#include "guest/kit/program.h"

#include "base/test.h"
#include "guest/kit/trial.h"

CASE(programtest, runs)
{
	struct program_result run =
		program_run(t, 10, "sh", "-c", "echo out; echo err >&2; exit 3", NULL);

	CHECK_EQ(t, run.exit_code, 3);
	CHECK_EQ(t, run.output, "out\nerr\n");
	CHECK_EQ(t, program_run(t, 10, "sh", "-c", "kill -9 $$", NULL).exit_code, 137);
	CHECK_EQ(t, program_run(t, 10, "cat", NULL).output, "");
	run = program_run(t, 10, "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x", NULL);
	CHECK_EQ(t, strlen(run.output), PROGRAM_OUTPUT_MAX);
}

CASE(programtest, is_not_there)
{
	(void)program_run(t, 10, "no-such-program", NULL);
}

CASE(programtest, takes_too_long)
{
	(void)program_run(t, 1, "sh", "-c", "sleep 100", NULL);
}

static void expect(const char *id, enum outcome outcome, const char *message)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {.def = cases_find(id), .tree = tree, .parameters = ""};

	result_init(&result, id);
	trial_execute(&setup, &result);
	EXPECT_NUMBER(result.outcome, outcome);
	EXPECT_TEXT(result.message, message);
}

TEST(program, output_and_exit_code)
{
	expect("programtest.runs", OUTCOME_PASS, "");
}

TEST(program, missing_and_endless_ones_are_broken)
{
	expect("programtest.is_not_there", OUTCOME_BROKEN, "there is no program no-such-program");
	expect("programtest.takes_too_long", OUTCOME_BROKEN, "sh has not ended within 1 s");
}
