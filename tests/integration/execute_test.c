/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runbooks from the file to the verdict, with machines of the null driver: all that `assay run` does but QEMU. It needs the agent
 * (ASSAY_GUEST), which tells the cases, and QEMU's programs, which look into images; without them it is skipped.
 */
#include "host/cli/execute.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/driver/driver.h"
#include "host/image/image.h"
#include "host/store/folder.h"

/* Each test is a process of its own, without threads when it says where the user's folders are. */
#undef setenv

#define CELLS 4
#define CASES 4 /* of each cell: two of the runbook, and those on which every verdict stands */

static const char book[] =
	"images: [disk.img]\n"
	"sizes: [tiny, small]\n"
	"variants: {policy: [one, two]}\n"
	"cases: {include: [time.rtc_agrees_with_system_clock, time.timezone_is_utc]}\n";

/* What looks into an image is this program under another name. */
void test_program_init(int argc, char **argv)
{
	image_audit_init(argc, argv);
}

static char *in_folder(const char *name)
{
	return xasprintf("%s/%s", test_folder(), name);
}

static void put(const char *name, const char *content, const char *more)
{
	CLEAN_FREE char *path = in_folder(name);
	FILE *file = fopen(path, "we");

	EXPECT(file && fputs(content, file) >= 0 && fputs(more, file) >= 0 && fclose(file) == 0);
}

/* One with a boot sector, and nothing else. */
static void put_disk(const char *name)
{
	CLEAN_FREE char *path = in_folder(name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	EXPECT(fd >= 0 && ftruncate(fd, 1 << 20) == 0 && pwrite(fd, "x\0", 1, 0) == 1 &&
	       pwrite(fd, "\x55\xaa", 2, 510) == 2);
}

/* Nothing of the user's is read or written. */
static void prepare(const char *limits)
{
	CLEAN_FREE char *state = in_folder("state"), *cache = in_folder("cache");
	const char *agent = getenv("ASSAY_GUEST");

	if (!agent || access(agent, X_OK) < 0)
		test_skip("ASSAY_GUEST names no agent");
	(void)setenv("XDG_STATE_HOME", state, 1);
	(void)setenv("ASSAY_CACHE", cache, 1);
	put_disk("disk.img");
	put("book.yaml", book, limits);
}

/* What it printed is in the file "said". */
static int go(const char *driver_options, bool resume)
{
	CLEAN_FREE char *path = in_folder("book.yaml"), *out = in_folder("run"),
			*said = in_folder("said");
	struct execute_arguments arguments = {.agent = getenv("ASSAY_GUEST"),
					      .out = resume ? NULL : out,
					      .resume = resume ? out : NULL,
					      .accel = ACCEL_TCG,
					      .quiet = true,
					      .driver = &driver_null,
					      .driver_options = driver_options};
	struct err e = {0};

	(void)fflush(stdout);
	EXPECT(freopen(said, "we", stdout) != NULL);
	int r = execute(EXECUTE_RUN, resume ? NULL : path, &arguments, &e);
	(void)fflush(stdout);
	if (r == -ENOENT && e.blame == BLAME_HOST)
		test_skip(e.text);
	if (r < 0)
		EXPECT_TEXT(e.text, "");
	return r;
}

static void expect_said(const char *text)
{
	CLEAN_FREE char *said = in_folder("said");
	CLEAN_TEXT struct text bytes = TEXT_INIT(1 << 20);

	EXPECT_NUMBER(text_read_file(&bytes, said), 0);
	if (!strstr(bytes.buf, text))
		EXPECT_TEXT(bytes.buf, text);
	else
		EXPECT(true);
}

static struct run *load(struct run_tally *tally)
{
	CLEAN_FREE char *folder = in_folder("run");
	struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_load(folder, &run, &e), 0);
	if (run)
		run_tally(run, tally);
	return run;
}

TEST(execute, a_runbook_has_a_result_of_each_case_in_each_cell)
{
	struct run_tally tally = {0};

	prepare("");
	EXPECT_NUMBER(go("", false), 0);
	CLEANUP(run) struct run *run UNUSED = load(&tally);
	EXPECT_NUMBER(tally.total, CELLS * CASES);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], CELLS * CASES);
	expect_said("SHIP  4 cells");
}

/* The limit, what it tells the user to do next, and the rest. */
TEST(execute, what_a_runs_limit_leaves_is_gone_on_with)
{
	struct run_tally first = {0}, then = {0};
	CLEAN_FREE char *hint = xasprintf("To go on: assay run --resume %s/run", test_folder());

	prepare("limits: {run: 2s, jobs: 1}\n");
	EXPECT_NUMBER(go("hang=time.rtc_agrees_with_system_clock", false), 2);
	CLEANUP(run) struct run *cut = load(&first);
	EXPECT(first.holes > 0 && first.holes < CELLS * CASES);
	EXPECT_NUMBER(first.outcomes[OUTCOME_PASS] + first.holes, CELLS * CASES);
	EXPECT_TEXT(cut ? cut->ending : "", "the run's limit of 2.00 s was reached");
	expect_said("UNDECIDED");
	expect_said("the run's limit of 2.00 s was reached");
	expect_said(hint);
	/* It is cut off again, by the limit that it had. */
	EXPECT_NUMBER(go("hang=time.rtc_agrees_with_system_clock", true), 2);
	expect_said(hint);
	EXPECT_NUMBER(go("", true), 0);
	CLEANUP(run) struct run *whole = load(&then);
	EXPECT_NUMBER(then.holes, 0);
	EXPECT_NUMBER(then.outcomes[OUTCOME_PASS], CELLS * CASES);
	EXPECT_NUMBER(whole ? whole->resumed : 0, 2);
	EXPECT_TEXT(whole ? whole->ending : "", "done");
	expect_said("SHIP  4 cells");
}

/* A limit of the cells cuts off what is too slow, and the others have all their results. */
TEST(execute, a_cells_limit_makes_infra_of_the_rest)
{
	struct run_tally tally = {0};

	prepare("limits: {cell: 1s, jobs: 2}\n");
	EXPECT_NUMBER(go("hang=time.rtc_agrees_with_system_clock", false), 2);
	CLEANUP(run) struct run *run UNUSED = load(&tally);
	EXPECT_NUMBER(tally.holes, 0);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_INFRA], CELLS);
	EXPECT_NUMBER(tally.outcomes[OUTCOME_PASS], CELLS * (CASES - 1));
	expect_said("cut off by the cell's limit of 1.00 s");
}
