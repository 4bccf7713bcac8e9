/* SPDX-License-Identifier: Apache-2.0 */
/* Measured values, from two runs to a verdict. */
#include <string.h>

#include "base/test.h"
#include "host/judge/compare_values.h"
#include "host/judge/judge.h"

static const char plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"x\",\"sha256\":\"1\"},\"size\":{\"name\":\"s\"},"
	"\"firmware\":\"uefi\",\"accel\":\"tcg\",\"cases\":[{\"id\":\"a.one\",\"kind\":\"guest\",\"priority\":\"P1\","
	"\"sabotage_kind\":\"code\"}]}]}";

/* One case that has measured from `first` on, one more on each machine; less is better. */
static struct run *measured(unsigned first, unsigned machines)
{
	CLEAN_TEXT struct text journal = TEXT_INIT(1U << 16);
	struct run *run = NULL;
	struct err e = {0};

	text_adds(&journal, "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"detail\":\"h\"}\n");
	for (unsigned i = 0; i < machines; i++)
		text_addf(
			&journal,
			"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"name\":\"m%u\","
			"\"attempt\":%u%s,\"measures\":[{\"name\":\"span\",\"unit\":\"s\","
			"\"better\":\"lower\",\"samples\":[%u]}]}\n",
			i, i + 1, i + 1 < machines ? ",\"superseded\":true" : "", first + i);
	EXPECT(run_parse(plan, strlen(plan), journal.buf, journal.length, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

static const struct row {
	unsigned before, now, machines;
	enum verdict verdict;
	enum reason_kind kind; /* of the first reason */
} rows[] = {
	{100, 200, 7, VERDICT_BLOCK, REASON_VALUE},
	{200, 100, 7, VERDICT_SHIP, REASON_FAIL},
	{100, 100, 7, VERDICT_SHIP, REASON_FAIL},
	/* Too few machines say nothing, and then the gate's question has no answer. */
	{100, 200, 2, VERDICT_UNDECIDED, REASON_NO_VALUES},
};

TEST(worse_value, is_what_a_gate_asks_about)
{
	static const char yaml[] = "rules: [{when: value, outcome: block}]\n";
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(gate) struct gate *gate = NULL;

	EXPECT_NUMBER(gate_parse("g", yaml, strlen(yaml), &gate, &problems), 0);
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		CLEANUP(run) struct run *before = measured(row->before, row->machines);
		CLEANUP(run) struct run *now = measured(row->now, row->machines);
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		struct worse_values values = VEC_INIT(10);
		size_t judged = worse_values_find(before, now, NULL, &values);
		const struct judge_inputs inputs = {.gate = gate,
						    .baseline = before,
						    .values = judged > 0 ? &values : NULL,
						    .now_ns = 2};
		judge_by(now, &inputs, &judgement);
		EXPECT_TEXT(verdict_name(judgement.verdict), verdict_name(row->verdict));
		EXPECT_NUMBER(judgement.reasons.count, row->verdict != VERDICT_SHIP);
		if (judgement.reasons.count > 0)
			EXPECT_TEXT(reason_name(judgement.reasons.items[0].kind),
				    reason_name(row->kind));
		if (row->kind == REASON_VALUE && values.count == 1)
			EXPECT(has_prefix(values.items[0].text, "span is 203 s, was 103 ("));
		worse_values_done(&values);
	}
}

/* One of twenty values of a case, and so few machines that chance could have it so. */
static struct run *measured_much(unsigned first)
{
	CLEAN_TEXT struct text journal = TEXT_INIT(1U << 20);
	struct run *run = NULL;
	struct err e = {0};

	text_adds(&journal, "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"detail\":\"h\"}\n");
	for (unsigned i = 0; i < VALUE_LEAST; i++) {
		text_addf(
			&journal,
			"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"pass\",\"name\":\"m%u\","
			"\"attempt\":%u%s,\"measures\":[",
			i, i + 1, i + 1 < VALUE_LEAST ? ",\"superseded\":true" : "");
		for (unsigned j = 0; j < 20; j++)
			text_addf(
				&journal,
				"%s{\"name\":\"v%u\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[%u]}",
				j ? "," : "", j, (j ? 100 : first) + i);
		text_adds(&journal, "]}\n");
	}
	EXPECT(run_parse(plan, strlen(plan), journal.buf, journal.length, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

/* It does not decide, and is not kept from who reads the judgement. */
TEST(worse_value, that_is_in_doubt_is_told)
{
	static const char yaml[] = "rules: [{when: value, outcome: block}]\n";
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(run) struct run *before = measured_much(100), *now = measured_much(200);
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	struct worse_values values = VEC_INIT(10);
	CLEANUP(gate) struct gate *gate = NULL;

	EXPECT_NUMBER(gate_parse("g", yaml, strlen(yaml), &gate, &problems), 0);
	EXPECT(worse_values_find(before, now, NULL, &values) > 0);
	EXPECT(values.count == 1 && values.items[0].is_doubtful);
	const struct judge_inputs inputs = {
		.gate = gate, .baseline = before, .values = &values, .now_ns = 2};
	judge_by(now, &inputs, &judgement);
	EXPECT_TEXT(verdict_name(judgement.verdict), "ship");
	EXPECT_NUMBER(judgement.reasons.count, 1);
	if (judgement.reasons.count == 1) {
		EXPECT_TEXT(reason_name(judgement.reasons.items[0].kind), "value in doubt");
		EXPECT(strstr(judgement.reasons.items[0].text, "v0 is 202 s, was 102 (") &&
		       strstr(judgement.reasons.items[0].text, "6 machines on each side can tell"));
	}
	worse_values_done(&values);
}
