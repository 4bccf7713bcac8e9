/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts: every mix of outcomes that matters. */
#include "host/judge/judge.h"

#include <string.h>

#include "base/test.h"

/* A run of cases c0, c1, … from a word: p(ass) f(ail) s(kip) b(roken) i(nfra) n(ot booted: a skip) -(hole); capitals are unproven. */
static struct run *run_of(const char *word, bool sabotaged_too, const char *sabotaged)
{
	CLEAN_TEXT struct text plan = TEXT_INIT(65536), journal = TEXT_INIT(65536);
	struct run *run = NULL;
	struct err e = {0};
	static const char letters[] = "pfsbin";

	text_adds(&plan, "{\"schema\":1,\"run\":\"r\",\"cells\":[{\"cases\":[");
	for (size_t i = 0; word[i]; i++) {
		char lower = (char)(word[i] | 0x20);
		const char *kind = lower != word[i] && word[i] != '-' ? "none" : "code";
		for (int s = 0; s <= (sabotaged_too && strcmp(kind, "code") == 0); s++) {
			const char letter = s && sabotaged ? sabotaged[i] : lower;
			const char *found = letter == '-' ? NULL : strchr(letters, letter);
			text_addf(
				&plan,
				"%s{\"id\":\"a.c%zu\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotaged\":%s,"
				"\"sabotage_kind\":\"%s\"}",
				i || s ? "," : "", i, s ? "true" : "false", kind);
			if (found)
				text_addf(
					&journal,
					"{\"type\":\"result\",\"cell\":0,\"id\":\"a.c%zu\",\"outcome\":\"%s\","
					"\"sabotaged\":%s,\"need\":\"%s\"}\n",
					i,
					letter == 'n'
						? "skip"
						: outcome_name((enum outcome)(found - letters)),
					s ? "true" : "false", letter == 'n' ? "booted" : "");
		}
	}
	text_adds(&plan, "]}]}");
	EXPECT(run_parse(plan.buf, plan.length, journal.buf, journal.length, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static const struct judged {
	const char *outcomes;
	enum verdict verdict;
	size_t reasons;
	enum reason_kind first;
} judged[] = {
	{"ppp", VERDICT_SHIP, 0, REASON_FAIL},
	{"pps", VERDICT_SHIP, 0, REASON_FAIL},
	{"pfp", VERDICT_BLOCK, 1, REASON_FAIL},
	{"pb", VERDICT_UNDECIDED, 1, REASON_BROKEN},
	{"pi", VERDICT_UNDECIDED, 1, REASON_INFRA},
	{"p-", VERDICT_UNDECIDED, 1, REASON_HOLE},
	{"pib-f", VERDICT_BLOCK, 4, REASON_FAIL},
	{"pib-", VERDICT_UNDECIDED, 3, REASON_HOLE},
	{"pF", VERDICT_SHIP, 1, REASON_UNPROVEN},
	{"pB", VERDICT_SHIP, 1, REASON_UNPROVEN},
	{"sss", VERDICT_UNDECIDED, 1, REASON_NOTHING_PASSED},
	{"", VERDICT_UNDECIDED, 1, REASON_NOTHING_PASSED},
	{"sF", VERDICT_UNDECIDED, 2, REASON_NOTHING_PASSED},
};

TEST(judge, verdicts)
{
	for (const struct judged *row = judged; row < judged + ARRAY_LEN(judged); row++) {
		CLEANUP(run) struct run *run = run_of(row->outcomes, false, NULL);
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		judge_run(run, &judgement);
		EXPECT_TEXT(verdict_name(judgement.verdict), verdict_name(row->verdict));
		EXPECT_NUMBER(judgement.reasons.count, row->reasons);
		if (judgement.reasons.count > 0)
			EXPECT_TEXT(reason_name(judgement.reasons.items[0].kind),
				    reason_name(row->first));
	}
}

TEST(judge, exit_codes)
{
	EXPECT_NUMBER(verdict_exit_code(VERDICT_SHIP), 0);
	EXPECT_NUMBER(verdict_exit_code(VERDICT_BLOCK), 1);
	EXPECT_NUMBER(verdict_exit_code(VERDICT_UNDECIDED), 2);
}

static const struct proved {
	const char *clean, *sabotaged;
	enum proof proof;
	enum verdict verdict;
} proved[] = {
	{"p", "f", PROOF_PROVEN, VERDICT_SHIP},	      {"p", "p", PROOF_MISSED, VERDICT_BLOCK},
	{"p", "b", PROOF_MISSED, VERDICT_BLOCK},      {"p", "s", PROOF_MISSED, VERDICT_BLOCK},
	{"p", "i", PROOF_UNKNOWN, VERDICT_UNDECIDED}, {"p", "-", PROOF_UNKNOWN, VERDICT_UNDECIDED},
	{"f", "f", PROOF_NOISY, VERDICT_BLOCK},	      {"b", "f", PROOF_NOISY, VERDICT_BLOCK},
	{"s", "f", PROOF_SKIPPED, VERDICT_UNDECIDED}, {"-", "f", PROOF_UNKNOWN, VERDICT_UNDECIDED},
	{"n", "n", PROOF_UNKNOWN, VERDICT_UNDECIDED}, {"P", "", PROOF_UNPROVEN, VERDICT_UNDECIDED},
};

TEST(judge, proofs)
{
	for (const struct proved *row = proved; row < proved + ARRAY_LEN(proved); row++) {
		CLEANUP(run) struct run *run = run_of(row->clean, true, row->sabotaged);
		struct proof_lines lines = VEC_INIT(10);
		unsigned counts[PROOF_COUNT];
		judge_proof(run, &lines, counts);
		EXPECT_NUMBER(lines.count, 1);
		EXPECT_TEXT(proof_name(lines.items[0].proof), proof_name(row->proof));
		EXPECT_TEXT(verdict_name(proof_verdict(counts)), verdict_name(row->verdict));
		vec_done(&lines);
	}
}

static const struct left_out_row {
	const char *plan, *outcome;
	enum verdict verdict;
	size_t reasons;
} left_out_rows[] = {
	{"{\"values\":\"size=big\",\"why\":\"w\"}", "pass", VERDICT_UNDECIDED, 1},
	{"{\"values\":\"size=big\",\"why\":\"w\",\"must\":true}", "pass", VERDICT_UNDECIDED, 1},
	{"{\"values\":\"size=big\",\"why\":\"w\",\"asked\":true}", "pass", VERDICT_SHIP, 0},
	{"{\"values\":\"size=big\",\"why\":\"w\",\"asked\":true,\"must\":true}", "pass",
	 VERDICT_UNDECIDED, 1},
	{"{\"values\":\"size=big\",\"why\":\"w\"}", "fail", VERDICT_BLOCK, 2},
};

/* Cells that a runbook asks for and that are not run. */
TEST(judge, what_is_left_out_is_undecided)
{
	static const char journal[] =
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"%s\"}\n";

	for (const struct left_out_row *row = left_out_rows;
	     row < left_out_rows + ARRAY_LEN(left_out_rows); row++) {
		CLEAN_FREE char *plan = xasprintf(
			"{\"schema\":1,\"run\":\"r\",\"left_out\":[%s],\"cells\":[{\"cases\":["
			"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}",
			row->plan);
		CLEAN_FREE char *lines = xasprintf(journal, row->outcome);
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		CLEANUP(run) struct run *run = NULL;
		struct err e = {0};
		EXPECT(run_parse(plan, strlen(plan), lines, strlen(lines), &run, &e) == 0);
		EXPECT_TEXT(e.text, "");
		judge_run(run, &judgement);
		EXPECT_TEXT(verdict_name(judgement.verdict), verdict_name(row->verdict));
		EXPECT_NUMBER(judgement.reasons.count, row->reasons);
		if (row->reasons == 0)
			continue;
		const struct reason *last = &judgement.reasons.items[row->reasons - 1];
		EXPECT_TEXT(reason_name(last->kind), "left out");
		EXPECT_TEXT(last->left_out ? last->left_out->values : "", "size=big");
	}
}

/* What says nothing of the subject is no reason to ship it. */
TEST(judge, a_host_that_is_well_ships_nothing)
{
	static const char plan[] =
		"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"cases\":["
		"{\"id\":\"host.base_image_is_never_changed\",\"kind\":\"host\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
		"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}";
	static const char journal[] =
		"{\"type\":\"result\",\"cell\":0,\"id\":\"host.base_image_is_never_changed\",\"outcome\":\"pass\"}\n"
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"skip\",\"need\":\"disk:data\"}\n";
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = NULL;
	struct err e = {0};

	EXPECT(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, &judgement);
	EXPECT_NUMBER(judgement.verdict, VERDICT_UNDECIDED);
	EXPECT_NUMBER(judgement.reasons.items[0].kind, REASON_NOTHING_PASSED);
}

static const struct carried_row {
	const char *image; /* of which the carried result is */
	const char *own;   /* the outcome of the case that was run again */
	enum verdict verdict;
	size_t reasons;
} carried_rows[] = {
	{"aa", "pass", VERDICT_SHIP, 0},      {"bb", "pass", VERDICT_UNDECIDED, 1},
	{"aa", "fail", VERDICT_BLOCK, 1},     {"bb", "fail", VERDICT_BLOCK, 2},
	{"bb", "skip", VERDICT_UNDECIDED, 1}, {"bb", "infra", VERDICT_UNDECIDED, 2},
};

static void expect_carried(const struct carried_row *row)
{
	CLEAN_FREE char *plan = xasprintf(
		"{\"schema\":1,\"run\":\"r\",\"retests\":\"q\",\"cells\":[{\"image\":{\"sha256\":\"aa\"},"
		"\"cases\":[{\"id\":\"a.a\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\"},"
		"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\",\"carried\":"
		"{\"run\":\"q\",\"sha256\":\"%s\",\"outcome\":\"pass\"}}]}]}",
		row->image);
	CLEAN_FREE char *journal = xasprintf(
		"{\"type\":\"result\",\"cell\":0,\"id\":\"a.a\",\"outcome\":\"%s\"}\n", row->own);
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e), 0);
	judge_run(run, &judgement);
	EXPECT_TEXT(verdict_name(judgement.verdict), verdict_name(row->verdict));
	EXPECT_NUMBER(judgement.reasons.count, row->reasons);
	vec_each (&judgement.reasons, reason)
		EXPECT(reason->kind != REASON_CARRIED || reason->cell == run->cells.items);
}

/* What passed on another image is no pass of this one; on the same one it is. */
TEST(judge, carried_over)
{
	for (const struct carried_row *row = carried_rows;
	     row < carried_rows + ARRAY_LEN(carried_rows); row++)
		expect_carried(row);
}

static const struct waived_proof {
	const char *clean, *sabotaged, *waives;
	enum verdict verdict;
	size_t waived;
} waived_proofs[] = {
	{"pp", "fp", "fail", VERDICT_BLOCK, 0},	    {"pp", "fp", "missed", VERDICT_SHIP, 1},
	{"pf", "ff", "missed", VERDICT_BLOCK, 0},   {"pf", "ff", "fail", VERDICT_SHIP, 1},
	{"pi", "ff", "fail", VERDICT_UNDECIDED, 0}, {"pi", "ff", "infra", VERDICT_SHIP, 1},
	{"p", "p", "missed", VERDICT_UNDECIDED, 1}, /* nothing is proven by it */
};

/* That a defect was not seen is only let through by who says so. */
TEST(judge, waivers_of_proofs)
{
	for (const struct waived_proof *row = waived_proofs;
	     row < waived_proofs + ARRAY_LEN(waived_proofs); row++) {
		CLEANUP(run) struct run *run = run_of(row->clean, true, row->sabotaged);
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		CLEAN_FREE char *yaml = xasprintf("waivers: [{case: '*', waives: [%s], reason: r, "
						  "owner: o, expires: 2030-01-01}]\n",
						  row->waives);
		size_t waived = 0;
		run->proves = true;
		EXPECT_NUMBER(waivers_parse(&waivers, "w", yaml, strlen(yaml), &problems), 0);
		judge_by(run, &(struct judge_inputs){.waivers = &waivers, .now_ns = 1}, &judgement);
		vec_each (&judgement.reasons, reason)
			waived += reason->kind == REASON_WAIVED;
		EXPECT_TEXT(verdict_name(judgement.verdict), verdict_name(row->verdict));
		EXPECT_NUMBER(waived, row->waived);
	}
}
