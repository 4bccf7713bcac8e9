/* SPDX-License-Identifier: Apache-2.0 */
/* What LTP's tests say, in all their dialects, and what is never a pass. */
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "wire/ltp.h"

#define SUMMARY(p, f, b, s, w)                                                                     \
	"\nSummary:\npassed   " #p "\nfailed   " #f "\nbroken   " #b "\nskipped  " #s              \
	"\nwarnings " #w "\n"
#define EXITS(code) ((code) << 8)

static void note_line(void *arg, const struct ltp_line *line)
{
	(void)text_addf(arg, "%u %s", line->number, ltp_type_name(line->type));
	if (line->name[0])
		(void)text_addf(arg, " %s/%u", line->name, line->count);
	if (line->file[0])
		(void)text_addf(arg, " %s:%u", line->file, line->line);
	(void)text_addf(arg, " %s|", line->message);
}

static void expect_lines(const char *output, const char *lines)
{
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	struct ltp_reader reader;

	ltp_reader_init(&reader, note_line, &told);
	for (size_t i = 0; output[i]; i++) /* however it is cut */
		ltp_feed(&reader, output + i, 1);
	EXPECT_TEXT(told.buf, lines);
}

static void judge(const char *output, int status, struct result *result)
{
	struct ltp_reader reader;

	result_init(result, "ltp.syscalls.t");
	ltp_reader_init(&reader, NULL, NULL);
	ltp_feed(&reader, output, strlen(output));
	ltp_judge(&reader, "t", status, result);
}

static void expect_outcome(const char *output, int status, enum outcome outcome,
			   const char *message)
{
	struct result result;

	judge(output, status, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.message, message);
	result_done(&result);
}

TEST(ltp, reads_three_dialects)
{
	expect_lines("chmod01.c:46: TPASS: chmod(0) passed\n",
		     "1 TPASS chmod01.c:46 chmod(0) passed|");
	expect_lines("../../../include/tst_fuzzy_sync.h:255: TINFO: ready\n",
		     "1 TINFO ../../../include/tst_fuzzy_sync.h:255 ready|");
	expect_lines("df01_sh 3 TFAIL: df -h failed\n", "1 TFAIL df01_sh/3 df -h failed|");
	expect_lines("abs01       1  TPASS  :  Test passed\n", "1 TPASS abs01/1 Test passed|");
	expect_lines("veth        0  TWARN  :  tst_kernel.c:126: no /lib/modules\n",
		     "1 TWARN veth/0 tst_kernel.c:126 no /lib/modules|");
}

TEST(ltp, reads_results_that_share_a_line)
{
	expect_lines("ping02 1 TCONF: veth        0  TWARN  :  tst_kernel.c:126: none\n",
		     "1 TCONF ping02/1 veth        0|1 TWARN veth/0 tst_kernel.c:126 none|");
	expect_lines("half a linefork.c:3: TPASS: forked", "");
}

TEST(ltp, passes_over_what_is_none)
{
	expect_lines("TPASS: alone\nTPASS\nx TPASSED: 1\n: TFAIL: x\na:b: TFAIL: x\n5 TFAIL: x\n",
		     "");
	expect_lines("\033[1;32mt.c:1: \033[0mTPASS: \033[32mgreen\033[0m\r\n",
		     "1 TPASS t.c:1 green|");
	expect_lines("t 1  TCONF  :  no quota\nt 2  TCONF  :  Remaining cases not appropriate\n",
		     "1 TCONF t/1 no quota|");
}

TEST(ltp, survives_lines_without_end)
{
	CLEAN_FREE char *line = xnew(100001);
	struct result result;

	memset(line, 'x', 100000);
	judge(line, EXITS(0), &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
	result_done(&result);
}

TEST(ltp, judges_by_summary_and_status)
{
	expect_outcome("t.c:1: TPASS: a\n" SUMMARY(1, 0, 0, 0, 0), EXITS(0), OUTCOME_PASS, "");
	expect_outcome("t.c:1: TPASS: a\nt.c:2: TCONF: b\n" SUMMARY(1, 0, 0, 1, 0), EXITS(0),
		       OUTCOME_PASS, "");
	expect_outcome("t.c:1: TFAIL: a is 3\n" SUMMARY(0, 1, 0, 0, 0), EXITS(1), OUTCOME_FAIL,
		       "a is 3");
	expect_outcome("t.c:1: TFAIL: a\nt.c:2: TBROK: b\n" SUMMARY(0, 1, 1, 0, 0), EXITS(3),
		       OUTCOME_FAIL, "a");
	expect_outcome("t.c:1: TBROK: Test killed! (timeout?)\n" SUMMARY(0, 0, 1, 0, 0), EXITS(2),
		       OUTCOME_BROKEN, "t says that it is broken: Test killed! (timeout?)");
	expect_outcome("t.c:1: TCONF: no quota\n" SUMMARY(0, 0, 0, 1, 0), EXITS(32), OUTCOME_SKIP,
		       "no quota");
	expect_outcome("t.c:1: TWARN: old\nt.c:2: TPASS: a\n" SUMMARY(1, 0, 0, 0, 1), EXITS(4),
		       OUTCOME_PASS, "it warned: old");
	/* The last whole one counts: a test may run another one. */
	expect_outcome(SUMMARY(0, 1, 0, 0, 0) SUMMARY(2, 0, 0, 0, 0), EXITS(0), OUTCOME_PASS, "");
}

TEST(ltp, judges_old_tests_by_their_lines)
{
	expect_outcome("t  1  TPASS  :  a\n", EXITS(0), OUTCOME_PASS, "");
	expect_outcome("t  1  TPASS  :  a\nt  2  TFAIL  :  b\n", EXITS(1), OUTCOME_FAIL, "b");
	expect_outcome("t  1  TCONF  :  no such call\n", EXITS(32), OUTCOME_SKIP, "no such call");
	expect_outcome("t  1  TBROK  :  fork: no memory\n", EXITS(2), OUTCOME_BROKEN,
		       "t says that it is broken: fork: no memory");
	expect_outcome("t  1  TPASS  :  a\nveth 0  TWARN  :  b\n", EXITS(0), OUTCOME_PASS,
		       "it warned: b");
}

TEST(ltp, never_passes_what_does_not_add_up)
{
	expect_outcome("", EXITS(0), OUTCOME_BROKEN,
		       "t exited with 0 and told no result: it printed nothing");
	expect_outcome("all is well\n", EXITS(0), OUTCOME_BROKEN,
		       "t exited with 0 and told no result; its last line: all is well");
	expect_outcome(SUMMARY(0, 0, 0, 0, 0), EXITS(0), OUTCOME_BROKEN, "t checked nothing");
	expect_outcome("t.c:1: TWARN: w\n" SUMMARY(0, 0, 0, 0, 1), EXITS(4), OUTCOME_BROKEN,
		       "t checked nothing");
	expect_outcome(SUMMARY(3, 0, 0, 0, 0), EXITS(1), OUTCOME_BROKEN,
		       "t exited with 1, and its summary does not agree: 3 passed, 0 failed, "
		       "0 broken, 0 skipped, 0 warnings (which would be status 0)");
	expect_outcome(SUMMARY(3, 1, 0, 0, 0), EXITS(0), OUTCOME_BROKEN,
		       "t exited with 0, and its summary does not agree: 3 passed, 1 failed, "
		       "0 broken, 0 skipped, 0 warnings (which would be status 1)");
	expect_outcome("t  1  TFAIL  :  b\n", EXITS(0), OUTCOME_BROKEN,
		       "t exited with 0, and its lines do not agree: 0 passed, 1 failed, "
		       "0 broken, 0 skipped, 0 warnings (which would be status 1)");
	expect_outcome("t.c:1: TPASS: a\n\nSummary:\npassed   1\nfailed   0\n", EXITS(0),
		       OUTCOME_BROKEN, "t's summary is cut off");
	expect_outcome("t.c:1: TPASS: a\n\nSummary:\npassed   1\nfailed   0\nboom\n", EXITS(0),
		       OUTCOME_BROKEN, "t's summary is cut off");
}

TEST(ltp, knows_who_ended_it)
{
	expect_outcome("t.c:1: TPASS: a\n" SUMMARY(1, 0, 0, 0, 0), 11, OUTCOME_BROKEN,
		       "t was killed by signal 11 (Segmentation fault)");
	expect_outcome("t  1  TPASS  :  a\n", EXITS(139), OUTCOME_BROKEN,
		       "t was killed by signal 11 (Segmentation fault)");
	expect_outcome("sh: 1: t: not found\n", EXITS(127), OUTCOME_BROKEN,
		       "t exited with 127: a program that its command names is not there");
	expect_outcome(
		"sh: 1: t: Permission denied\n", EXITS(126), OUTCOME_BROKEN,
		"t exited with 126: a program that its command names cannot be executed here");
	expect_outcome("t  1  TPASS  :  a\n", EXITS(64), OUTCOME_BROKEN,
		       "t exited with 64, which has no meaning in LTP: 1 is failed, 2 broken, 4 "
		       "warned, 32 not for this system, and their sums");
}

TEST(ltp, keeps_where_it_failed)
{
	struct result result;

	judge("t.c:1: TPASS: a\nlib/x.c:77: TFAIL: b is 3\n" SUMMARY(1, 1, 0, 0, 0), EXITS(1),
	      &result);
	EXPECT_TEXT(result.check.expression, "no TFAIL");
	EXPECT_TEXT(result.check.got, "b is 3");
	EXPECT_TEXT(result.check.file, "lib/x.c");
	EXPECT_NUMBER(result.check.line, 77);
	EXPECT_NUMBER(result.checks_passed, 1);
	EXPECT_NUMBER(result.checks_failed, 1);
	result_done(&result);
	judge("t 1 TFAIL: b\n" SUMMARY(0, 1, 0, 0, 0), EXITS(1), &result);
	EXPECT_TEXT(result.check.file, "t's output");
	EXPECT_NUMBER(result.check.line, 1);
	result_done(&result);
}
