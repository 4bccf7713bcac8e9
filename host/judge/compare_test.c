/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs side by side: every change is told, once, and as what it is. */
#include "host/judge/compare.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

/* A cell: its image, size, firmware, and cases as "id=outcome" ("-": no result). */
struct cell_text {
	const char *name, *digest, *os, *size, *firmware;
	const char *cases[16][2];
};

static void add_plan(const struct cell_text *cell, unsigned index, struct text *plan)
{
	/* Behind the system's name. */
	const char *variants = strchr(cell->os, '|');

	(void)text_addf(
		plan,
		"%s{\"image\":{\"name\":\"%s\",\"sha256\":\"%s\",\"os\":\"%s\",\"arch\":\"x86_64\"},"
		"\"size\":{\"name\":\"%s\",\"cpus\":1,\"mem_mib\":512},\"firmware\":\"%s\",\"accel\":\"tcg\","
		"\"variants\":\"%s\",\"cases\":[",
		index > 0 ? "," : "", cell->name, cell->digest, cell->os, cell->size,
		cell->firmware, variants ? variants + 1 : "");
	for (size_t i = 0; cell->cases[i][0]; i++)
		(void)text_addf(
			plan,
			"%s{\"id\":\"%s\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\"}",
			i > 0 ? "," : "", cell->cases[i][0]);
	(void)text_adds(plan, "]}");
}

static void add_results(const struct cell_text *cell, unsigned index, struct text *journal)
{
	for (size_t i = 0; cell->cases[i][0]; i++) {
		const char *outcome = cell->cases[i][1], *why = strchr(outcome, ':');
		if (outcome[0] == '-')
			continue;
		(void)text_addf(
			journal,
			"{\"type\":\"result\",\"id\":\"%s\",\"cell\":%u,\"outcome\":\"%.*s\","
			"\"message\":\"%s\"}\n",
			cell->cases[i][0], index, (int)strcspn(outcome, ":"), outcome,
			why ? why + 1 : "");
	}
}

static struct run *make(const struct cell_text *cells, size_t count)
{
	CLEAN_TEXT struct text plan = TEXT_INIT(1 << 20), journal = TEXT_INIT(1 << 20);
	struct run *run = NULL;
	struct err e = {0};

	(void)text_adds(&plan, "{\"schema\":1,\"run\":\"r\",\"cells\":[");
	(void)text_adds(&journal, "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1}\n");
	for (unsigned i = 0; i < count; i++) {
		add_plan(&cells[i], i, &plan);
		add_results(&cells[i], i, &journal);
	}
	(void)text_adds(&plan, "]}");
	EXPECT_NUMBER(run_parse(plan.buf, plan.length, journal.buf, journal.length, &run, &e), 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static const struct change *find(const struct comparison *comparison, const char *id)
{
	const struct change *found = NULL;

	vec_each (&comparison->changes, change) {
		if (strcmp((change->now ? change->now : change->before)->id, id) != 0)
			continue;
		EXPECT(!found); /* once */
		found = change;
	}
	return found;
}

TEST(compare, each_change_is_what_it_is)
{
	static const struct {
		const char *before, *now;
		enum change_kind kind;
	} rows[] = {
		{"pass", "fail", CHANGE_WORSE},	      {"skip", "fail", CHANGE_WORSE},
		{"broken", "fail", CHANGE_WORSE},     {"-", "fail", CHANGE_WORSE},
		{"fail", "pass", CHANGE_BETTER},      {"broken", "pass", CHANGE_BETTER},
		{"skip", "pass", CHANGE_BETTER},      {"-", "pass", CHANGE_BETTER},
		{"pass", "broken", CHANGE_UNDECIDED}, {"fail", "infra", CHANGE_UNDECIDED},
		{"pass", "-", CHANGE_UNDECIDED},      {"pass", "skip", CHANGE_SKIPPED},
		{"fail", "skip", CHANGE_SKIPPED},     {"infra", "skip", CHANGE_SKIPPED},
		{"fail:a", "fail:b", CHANGE_STILL},   {"pass", "pass", CHANGE_NONE},
		{"skip", "skip", CHANGE_NONE},	      {"-", "infra", CHANGE_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cell_text before = {"x", "1", "o", "s", "uefi", {{"a.b", rows[i].before}}};
		struct cell_text now = {"y", "2", "o", "s", "uefi", {{"a.b", rows[i].now}}};
		CLEANUP(run) struct run *a = make(&before, 1), *b = make(&now, 1);
		CLEAN_DONE(comparison) struct comparison comparison;
		compare_runs(a, b, &comparison);
		EXPECT_NUMBER(comparison.counts[rows[i].kind], 1);
		const struct change *change = find(&comparison, "a.b");
		EXPECT((change != NULL) == (rows[i].kind != CHANGE_NONE));
		EXPECT(!change || change->kind == rows[i].kind);
	}
}

TEST(compare, reasons_that_change_are_seen)
{
	struct cell_text before = {"x", "1",	"o",
				   "s", "uefi", {{"a.new", "fail:one"}, {"a.old", "fail:same"}}};
	struct cell_text now = {"x", "1",    "o",
				"s", "uefi", {{"a.new", "fail:two"}, {"a.old", "fail:same"}}};
	CLEANUP(run) struct run *a = make(&before, 1), *b = make(&now, 1);
	CLEAN_DONE(comparison) struct comparison comparison;

	compare_runs(a, b, &comparison);
	EXPECT(find(&comparison, "a.new")->says_other);
	EXPECT(!find(&comparison, "a.old")->says_other);
	EXPECT_NUMBER(comparison_exit_code(&comparison), 0);
}

TEST(compare, cases_appear_and_vanish)
{
	struct cell_text before = {"x", "1", "o", "s", "uefi", {{"a.gone", "pass"}}};
	struct cell_text now = {"x", "2", "o", "s", "uefi", {{"a.come", "pass"}}};
	struct cell_text failing = {"x", "2",	 "o",
				    "s", "uefi", {{"a.come", "fail"}, {"a.gone", "pass"}}};
	CLEANUP(run) struct run *a = make(&before, 1), *b = make(&now, 1), *c = make(&failing, 1);
	CLEAN_DONE(comparison) struct comparison first, second;

	compare_runs(a, b, &first);
	EXPECT_NUMBER(find(&first, "a.gone")->kind, CHANGE_VANISHED);
	EXPECT_NUMBER(find(&first, "a.come")->kind, CHANGE_APPEARED);
	EXPECT_NUMBER(comparison_exit_code(&first), 2);
	compare_runs(a, c, &second);
	EXPECT_NUMBER(comparison_exit_code(&second), 1);
}

TEST(compare, cells_meet_their_like)
{
	/* Renamed, rebuilt, and in another order. */
	static const struct cell_text before[] = {
		{"deb12-1.qcow2", "1", "Debian 12", "small", "uefi", {{"a.b", "pass"}}},
		{"deb12-1.qcow2", "1", "Debian 12", "small", "bios", {{"a.b", "fail"}}},
		{"deb13-1.qcow2", "2", "Debian 13", "small", "uefi", {{"a.b", "skip"}}},
		{"old.qcow2", "3", "Debian 10", "large", "uefi", {{"a.b", "pass"}}},
	};
	static const struct cell_text now[] = {
		{"deb13-2.qcow2", "5", "Debian 13", "small", "uefi", {{"a.b", "skip"}}},
		{"deb12-2.qcow2", "4", "Debian 12", "small", "bios", {{"a.b", "fail"}}},
		{"deb12-2.qcow2", "4", "Debian 12", "small", "uefi", {{"a.b", "pass"}}},
		{"new.qcow2", "6", "Debian 14", "tiny", "uefi", {{"a.b", "fail"}}},
	};
	CLEANUP(run) struct run *a = make(before, 4), *b = make(now, 4);
	CLEAN_DONE(comparison) struct comparison comparison;

	compare_runs(a, b, &comparison);
	EXPECT_NUMBER(comparison.counts[CHANGE_NONE], 2);
	EXPECT_NUMBER(comparison.counts[CHANGE_STILL], 1);
	EXPECT_NUMBER(comparison.counts[CHANGE_VANISHED], 1);
	EXPECT_NUMBER(comparison.counts[CHANGE_APPEARED], 1);
	EXPECT_NUMBER((long long)comparison.pairs.count, 5);
	EXPECT_NUMBER(comparison.pairs.items[0].now, 2);
	EXPECT_NUMBER(comparison.pairs.items[1].now, 1);
	EXPECT_NUMBER(comparison.pairs.items[2].now, 0);
	EXPECT_NUMBER(comparison.pairs.items[3].now, -1);
	EXPECT_NUMBER(comparison.pairs.items[4].before, -1);
	EXPECT_NUMBER(comparison_exit_code(&comparison), 1); /* what came fails */
}

TEST(compare, variants_are_not_mixed_up)
{
	static const struct cell_text before[] = {
		{"x", "1", "o|policy=azure\\n", "s", "uefi", {{"a.b", "pass"}}},
		{"x", "1", "o|policy=gcp\\n", "s", "uefi", {{"a.b", "fail"}}},
	};
	static const struct cell_text now[] = {
		{"x", "2", "o|policy=gcp\\n", "s", "uefi", {{"a.b", "fail"}}},
		{"x", "2", "o|policy=azure\\n", "s", "uefi", {{"a.b", "pass"}}},
	};
	CLEANUP(run) struct run *a = make(before, 2), *b = make(now, 2), *c = make(now, 1);
	CLEAN_DONE(comparison) struct comparison turned, fewer;

	compare_runs(a, b, &turned);
	EXPECT_NUMBER(turned.counts[CHANGE_NONE], 1);
	EXPECT_NUMBER(turned.counts[CHANGE_STILL], 1);
	EXPECT_NUMBER(comparison_exit_code(&turned), 0);
	compare_runs(a, c, &fewer);
	EXPECT_NUMBER(fewer.counts[CHANGE_VANISHED], 1);
	EXPECT_NUMBER(fewer.counts[CHANGE_STILL], 1);
	EXPECT_NUMBER(comparison_exit_code(&fewer), 2);
}

/* A run has changed in nothing against itself, and what is worse one way is better the other way. */
TEST(compare, is_its_own_mirror)
{
	struct cell_text before = {
		"x",	"1",
		"o",	"s",
		"uefi", {{"a.a", "pass"}, {"a.b", "fail:x"}, {"a.c", "pass"}, {"a.d", "skip"}}};
	struct cell_text now = {
		"x",	"1",
		"o",	"s",
		"uefi", {{"a.a", "fail:y"}, {"a.b", "pass"}, {"a.c", "pass"}, {"a.e", "pass"}}};
	CLEANUP(run) struct run *a = make(&before, 1), *b = make(&now, 1);
	CLEAN_DONE(comparison) struct comparison self, there, back;

	compare_runs(a, a, &self);
	EXPECT_NUMBER(self.counts[CHANGE_NONE] + self.counts[CHANGE_STILL], 4);
	EXPECT_NUMBER(comparison_exit_code(&self), 0);
	compare_runs(a, b, &there);
	compare_runs(b, a, &back);
	EXPECT_NUMBER(there.counts[CHANGE_WORSE], back.counts[CHANGE_BETTER]);
	EXPECT_NUMBER(there.counts[CHANGE_BETTER], back.counts[CHANGE_WORSE]);
	EXPECT_NUMBER(there.counts[CHANGE_VANISHED], back.counts[CHANGE_APPEARED]);
	EXPECT_NUMBER(there.counts[CHANGE_APPEARED], back.counts[CHANGE_VANISHED]);
}
