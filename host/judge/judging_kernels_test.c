/* SPDX-License-Identifier: Apache-2.0 */
/* Gates and comparisons over runs in which kernels are tried. */
#include <string.h>

#include "base/test.h"
#include "host/judge/compare.h"
#include "host/judge/judge.h"

#define CELL(image, kernel)                                                                        \
	"{\"image\":" image kernel ",\"size\":{\"name\":\"tiny\"},\"firmware\":\"bios\","          \
	"\"cases\":[{\"id\":\"a.c\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\"}]}"
#define DEBIAN                                                                                     \
	"{\"name\":\"debian.qcow2\",\"called\":\"debian\",\"sha256\":\"d1\",\"format\":\"qcow2\"}"
#define ALMA "{\"name\":\"alma.qcow2\",\"called\":\"alma\",\"sha256\":\"a1\",\"format\":\"qcow2\"}"
#define ALONE(name, sum)                                                                           \
	"{\"name\":\"" name "\",\"sha256\":\"" sum "\",\"os\":\"x\",\"arch\":\"x86_64\"}"
#define KERNEL(called, name, sum, release)                                                         \
	",\"kernel\":{\"called\":\"" called "\",\"name\":\"" name "\",\"sha256\":\"" sum           \
	"\",\"release\":\"" release "\"}"
#define OLD KERNEL("old", "linux-old.deb", "01", "6.1.0-49-amd64")
#define NEW KERNEL("new", "bzImage", "02", "6.12.57")

static const char plan[] = "{\"schema\":1,\"run\":\"now\",\"cells\":[" CELL(DEBIAN, "") "," CELL(
	DEBIAN, OLD) "," CELL(DEBIAN, NEW) "," CELL(ALONE("linux-old.deb", "01"),
						    OLD) "," CELL(ALONE("bzImage", "02"),
								  NEW) "," CELL(ALMA, OLD) "]}";

static struct run *parsed(const char *text)
{
	CLEAN_TEXT struct text journal = TEXT_INIT(1 << 16);
	struct run *run = NULL;
	struct err e = {0};

	text_adds(&journal, "{\"schema\":1,\"type\":\"begin\",\"wall_ns\":1,\"name\":\"now\"}\n");
	for (int i = 0; i < 6; i++)
		text_addf(&journal,
			  "{\"type\":\"result\",\"cell\":%d,\"id\":\"a.c\",\"outcome\":\"pass\"}\n",
			  i);
	EXPECT(run_parse(text, strlen(text), journal.buf, journal.length, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static const struct covered {
	const char *cover, *told;
} covered[] = {
	{"{images: [debian.qcow2], kernels: [installed, old, new]}", ""},
	{"{kernels: ['*']}", ""},
	{"{images: [debian, 'al*'], kernels: [old]}", ""},
	{"{kernels: [old]}", ""},
	{"{kernels: [new]}", "image alma.qcow2, kernel new: 0 cells, and the gate wants 1"},
	{"{images: [none], kernels: [old, new]}", ""},
	{"{images: [none], kernels: [installed]}",
	 "image none, kernel installed: 0 cells, and the gate wants 1"},
	{"{images: [none], kernels: [old], cells: 2}",
	 "image none, kernel old: 1 cells, and the gate wants 2"},
	{"{images: ['linux-*.deb']}", ""},
	{"{images: [none], kernels: ['6.12.*', 'linux-old.deb', 'sha256:02', '01']}", ""},
	{"{images: [none], kernels: [nwe]}",
	 "image none, kernel nwe: 0 cells, and the gate wants 1"},
	{"{images: [debian.qcow2], where: kernel.version >= 6.12, cells: 1}", ""},
	{"{images: [debian.qcow2], where: kernel.version >= 6.13, cells: 1}",
	 "image debian.qcow2: 0 cells, and the gate wants 1 where kernel.version >= 6.13"},
	{"{images: [debian.qcow2], where: kernel != installed, cells: 2}", ""},
	{"{images: [debian.qcow2], where: kernel.flavour == amd64 and kernel.series == 6.1}", ""},
};

TEST(judging_kernels, are_covered_for_each_image)
{
	CLEANUP(run) struct run *run = parsed(plan);

	for (const struct covered *row = covered; row < covered + ARRAY_LEN(covered); row++) {
		CLEAN_FREE char *text = xasprintf("cover:\n  - %s\n", row->cover);
		CLEAN_TEXT struct text told = TEXT_INIT(1 << 16), problems = TEXT_INIT(1 << 16);
		CLEANUP(gate) struct gate *gate = NULL;
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		EXPECT_NUMBER(gate_parse("g", text, strlen(text), &gate, &problems), 0);
		EXPECT_TEXT(problems.buf, "");
		if (!gate)
			continue;
		judge_by(run, &(struct judge_inputs){.gate = gate, .now_ns = 2}, &judgement);
		vec_each (&judgement.reasons, reason)
			if (reason->kind == REASON_COVER)
				text_adds(&told, reason->text);
		EXPECT_TEXT(told.buf, row->told);
	}
}

/* The same kernel again, whatever else changed; one that is new stands for the one that is gone. */
TEST(judging_kernels, are_paired_with_themselves)
{
	static const char next[] = "{\"schema\":1,\"run\":\"next\",\"cells\":[" CELL(
		ALMA, OLD) "," CELL(DEBIAN, KERNEL("new", "bzImage", "03",
						   "6.13.0")) "," CELL(DEBIAN, OLD) "]}";
	CLEANUP(run) struct run *before = parsed(plan), *now = NULL;
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	struct err e = {0};

	EXPECT(run_parse(next, strlen(next), "", 0, &now, &e) == 0);
	compare_runs(before, now, &comparison);
	EXPECT_NUMBER((long long)comparison.pairs.count, 6);
	EXPECT_NUMBER(comparison.pairs.items[0].now, -1);
	EXPECT_NUMBER(comparison.pairs.items[1].now, 2);
	EXPECT_NUMBER(comparison.pairs.items[2].now, 1);
	EXPECT_NUMBER(comparison.pairs.items[5].now, 0);
}
