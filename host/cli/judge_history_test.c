/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of waived cases: enough to decide on their removal, and no more. */
#include <string.h>

#include "base/test.h"
#include "host/cli/judge_setup.h"
#include "host/store/store.h"

#define RUNS 40

static struct run *make_run(unsigned number, const char *journal)
{
	CLEAN_FREE char *plan = xasprintf(
		"{\"schema\":1,\"run\":\"r%02u\",\"cells\":[{\"image\":{\"name\":\"x\",\"sha256\":\"1\"},"
		"\"size\":{\"name\":\"s\"},\"cases\":[{\"id\":\"a.one\",\"kind\":\"guest\",\"priority\":\"P1\"},"
		"{\"id\":\"a.two\",\"kind\":\"guest\",\"priority\":\"P1\"},"
		"{\"id\":\"b.one\",\"kind\":\"guest\",\"priority\":\"P1\"}]}]}",
		number);
	struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e), 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static char *store_path(void)
{
	return xasprintf("%s/assay.db", test_folder());
}

/* In each run all three pass, but a.one failed in the run of that number. */
static void keep_runs(unsigned failed)
{
	CLEAN_FREE char *path = store_path();
	CLEANUP(store) struct store *store = NULL;
	struct err e = {0};

	EXPECT(store_open(path, &store, &e) == 0);
	for (unsigned i = 1; i <= RUNS; i++) {
		CLEAN_FREE char *journal = xasprintf(
			"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":%u}\n"
			"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"%s\",\"ended_ns\":%u}\n"
			"{\"type\":\"result\",\"id\":\"a.two\",\"outcome\":\"pass\",\"ended_ns\":%u}\n"
			"{\"type\":\"result\",\"id\":\"b.one\",\"outcome\":\"pass\",\"ended_ns\":%u}\n",
			i * 10, i == failed ? "fail" : "pass", i * 10 + 1, i * 10 + 2, i * 10 + 3);
		CLEANUP(run) struct run *run = make_run(i, journal);
		EXPECT_NUMBER(store_begin(store, run, &e), 0);
	}
	EXPECT_TEXT(e.text, "");
}

struct recalled {
	size_t count;
	unsigned passes; /* as the judgement counts them */
	bool is_proposed;
};

static struct recalled recall(const char *waiver, unsigned run_number)
{
	CLEAN_FREE char *yaml =
		xasprintf("waivers:\n  - {%s, reason: r, owner: o, expires: 2999-01-01}\n", waiver);
	CLEAN_FREE char *journal =
		xasprintf("{\"type\":\"begin\",\"schema\":1,\"wall_ns\":%u}\n"
			  "{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\"}\n",
			  run_number * 10);
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = make_run(run_number, journal);
	struct past_results history = {0};

	EXPECT_NUMBER(waivers_parse(&waivers, "w", yaml, strlen(yaml), &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	CLEAN_FREE char *path = store_path();
	recall_waived(path, &waivers, run, &history);
	judge_by(run, &(struct judge_inputs){.waivers = &waivers, .history = &history}, &judgement);
	struct recalled recalled = {.count = history.count,
				    .passes = judgement.uses.items[0].passes};
	vec_each (&judgement.reasons, reason)
		recalled.is_proposed = recalled.is_proposed || reason->kind == REASON_WAIVER_REMOVE;
	vec_done(&history);
	return recalled;
}

TEST(judge_history, no_more_is_read_than_decides)
{
	EXPECT_NUMBER(recall("case: a.one", RUNS + 1).count, 0); /* nothing is kept */
	keep_runs(30);
	struct recalled recalled = recall("case: a.one", RUNS + 1);
	EXPECT_NUMBER(recalled.count, 10); /* runs 40 to 31, and this one is the eleventh */
	EXPECT(recalled.passes == 11 && recalled.is_proposed);
	recalled = recall("case: a.one, propose_removal_after: 12", RUNS + 1);
	EXPECT_NUMBER(recalled.count, 11); /* and the failure */
	EXPECT(recalled.passes == 11 && !recalled.is_proposed);
	recalled =
		recall("case: a.one, propose_removal_after: 9", 35); /* this run is one of them */
	EXPECT_NUMBER(recalled.count, 5);
	EXPECT(recalled.passes == 5 && !recalled.is_proposed);
	/* What has failed ends the row of all that the waiver is for, though the others are read further. */
	recalled = recall("case: 'a.*', propose_removal_after: 22", RUNS + 1);
	EXPECT_NUMBER(recalled.count, 11 + 22);
	EXPECT(recalled.passes == 1 + 10 + 10 + 1 && recalled.is_proposed);
	EXPECT_NUMBER(recall("case: a.one, subject: other", RUNS + 1).count, 0);
	EXPECT_NUMBER(recall("case: c.one", RUNS + 1).count, 0);
}
