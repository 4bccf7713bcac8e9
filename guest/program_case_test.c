/* SPDX-License-Identifier: Apache-2.0 */
/* Programs as cases: brought in, run, judged, and gone. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "guest/program_case.h"
#include "guest/program_folder.h"
#include "wire/frame.h"

static int call(const char *verb, const char *name, const char *mode, const char *bytes,
		struct text *reply)
{
	struct call call = {
		.verb = verb,
		.arguments = {name, mode, bytes},
		.lengths = {0, 0, bytes ? strlen(bytes) : 0},
		.argument_count = name ? 3 : 0,
		.reply = reply,
	};

	for (const struct call_verb *it = call_program_verbs; it->name; it++)
		if (strcmp(it->name, verb) == 0)
			return it->run(&call);
	return ENOSYS;
}

struct outcome_of {
	struct result result;
	char folder[64];
	unsigned checks;
};

static void count_check(void *arg, const struct check_record *check UNUSED)
{
	((struct outcome_of *)arg)->checks++;
}

/* Brings a script in as "check" and runs it; what it prints is not for the test's own report. */
static void run(const char *script, const char *more, unsigned flags, struct outcome_of *ret)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);
	CLEAN_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC), kept = dup(STDOUT_FILENO);
	struct run_order order = {.id = "own.case", .flags = flags};

	result_init(&ret->result, order.id);
	EXPECT_NUMBER(call("program-begin", NULL, NULL, NULL, &reply), 0);
	(void)snprintf(ret->folder, sizeof ret->folder, "%s", reply.buf);
	EXPECT_NUMBER(call("program-file", "check", "755", script, &reply), 0);
	EXPECT_NUMBER(call("program-file", "data/two", "600", "a", &reply), 0);
	EXPECT_NUMBER(call("program-file", "data/two", "644", "b", &reply), 0);
	order.parameters = xasprintf("cpus=2\nprogram.folder=%s\nprogram.command=check\n%s",
				     ret->folder, more);
	EXPECT(is_program_order(&order));
	(void)dup2(null, STDOUT_FILENO);
	program_case_execute(&order, false, count_check, ret, &ret->result);
	(void)dup2(kept, STDOUT_FILENO);
	free(order.parameters);
	program_folder_clear();
	EXPECT(access(ret->folder, F_OK) < 0);
}

static void expect_run(const char *script, const char *more, unsigned flags, enum outcome outcome,
		       const char *message)
{
	struct outcome_of got = {0};

	run(script, more, flags, &got);
	EXPECT_TEXT(outcome_name(got.result.outcome), outcome_name(outcome));
	EXPECT_TEXT(got.result.message, message);
	EXPECT((outcome == OUTCOME_FAIL) == (got.checks > 0));
	result_done(&got.result);
}

TEST(program_case, exit_status_decides)
{
	expect_run("#!/bin/sh\nexit 0\n", "", 0, OUTCOME_PASS, "");
	expect_run("#!/bin/sh\necho too slow\nexit 1\n", "", 0, OUTCOME_FAIL, "too slow");
	expect_run("#!/bin/sh\nexit 77\n", "", 0, OUTCOME_SKIP, "the program skips");
	expect_run("#!/bin/sh\nkill -SEGV $$\n", "", 0, OUTCOME_BROKEN,
		   "check was killed by signal 11 (Segmentation fault)");
}

TEST(program_case, points_decide)
{
	expect_run("#!/bin/sh\necho TAP version 13; echo 1..2; echo ok 1; echo not ok 2 - b\n",
		   "program.reports=tap\n", 0, OUTCOME_FAIL, "b: got not ok, want ok");
}

TEST(program_case, surroundings_are_told)
{
	expect_run(
		"#!/bin/sh\n[ \"$ASSAY_CASE\" = own.case ] && [ \"$ASSAY_PLAN_CPUS\" = 2 ] &&\n"
		"[ \"$(pwd -P)\" = \"$(cd \"$ASSAY_FOLDER\" && pwd -P)\" ] && [ \"$(cat data/two)\" = ab ] &&\n"
		"[ \"$(stat -c %a data/two)\" = 644 ] && [ \"$TMPDIR\" = \"$ASSAY_FOLDER\" ] && ! env | grep -i sabotag\n",
		"program.sabotage=\n", 0, OUTCOME_PASS, "");
}

TEST(program_case, sabotage_runs_before)
{
	static const char script[] =
		"#!/bin/sh\n[ \"$1\" != plant ] || exec touch planted\n[ ! -e planted ]\n";

	expect_run(script, "program.argument=plant\n", 0, OUTCOME_PASS, "");
	expect_run(script, "program.argument=plant\n", RUN_SABOTAGE, OUTCOME_FAIL, "exit status 1");
	expect_run(script, "program.sabotage=data/two\n", RUN_SABOTAGE, OUTCOME_BROKEN,
		   "data/two cannot be started: Permission denied");
	expect_run(script, "", RUN_SABOTAGE, OUTCOME_BROKEN, "the case has no sabotage");
	expect_run("#!/bin/sh\nexit 3\n", "program.argument=plant\n", RUN_SABOTAGE, OUTCOME_BROKEN,
		   "the sabotage check plant planted nothing: it ended with status 3");
}

TEST(program_case, what_cannot_run_is_broken)
{
	expect_run(
		"#!/no/such/interpreter\n", "", 0, OUTCOME_BROKEN,
		"check cannot be started: it, or the interpreter in its #! line, is not in the guest");
	expect_run(
		"exit 0\n", "", 0, OUTCOME_BROKEN,
		"check cannot be started: it is no program for this guest, or a script without a #! line");
}

TEST(program_case, needs_are_judged_before)
{
	expect_run("#!/bin/sh\nexit 1\n", "program.needs=cmd:no-such-program\n", 0, OUTCOME_SKIP,
		   "it needs cmd:no-such-program");
}

TEST(program_case, one_who_stays_behind_is_not_waited_for)
{
	uint64_t start_ns = clock_now_ns();

	expect_run("#!/bin/sh\nsleep 20 &\nexit 0\n", "", 0, OUTCOME_PASS, "");
	EXPECT(clock_now_ns() - start_ns < 10 * NS_PER_S);
}

TEST(program_case, floods_are_cut)
{
	struct outcome_of got = {0};

	run("#!/bin/sh\necho TAP version 13; echo 1..1; echo ok 1; yes | head -c 2000000\n",
	    "program.reports=tap\n", 0, &got);
	EXPECT_TEXT(got.result.message, "check printed more than 1024 KiB");
	result_done(&got.result);
}

TEST(program_case, files_stay_inside)
{
	static const char *const outside[] = {"/etc/x", "../x", "a/../../x", "..", "a/..", ""};
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);

	EXPECT_NUMBER(call("program-file", "x", "644", "", &reply),
		      EINVAL); /* there is no folder */
	EXPECT_NUMBER(call("program-begin", NULL, NULL, NULL, &reply), 0);
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		EXPECT_NUMBER(call("program-file", outside[i], "644", "", &reply), EINVAL);
	EXPECT_NUMBER(call("program-file", "x", "rwx", "", &reply), EINVAL);
	/* A second beginning forgets the first. */
	CLEAN_FREE char *first = xstrdup(reply.buf);
	text_clear(&reply);
	EXPECT_NUMBER(call("program-begin", NULL, NULL, NULL, &reply), 0);
	EXPECT(access(first, F_OK) < 0 && access(reply.buf, F_OK) == 0);
	program_folder_clear();
}
