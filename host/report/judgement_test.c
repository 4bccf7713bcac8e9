/* SPDX-License-Identifier: Apache-2.0 */
/* Judgements as they are told: each reason with its evidence, and nothing foreign gets through. */
#include "host/report/judgement.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"

#define NOW_NS (20010ULL * 86400 * NS_PER_S) /* 2024-10-14 */

static const char plan[] =
	"{\"schema\":1,\"run\":\"now\",\"cells\":[{\"image\":{\"name\":\"i.qcow2\",\"sha256\":\"d\"},"
	"\"size\":{\"name\":\"small\"},\"firmware\":\"uefi\",\"cases\":["
	"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.c\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.d\",\"kind\":\"guest\",\"priority\":\"P1\",\"sabotage_kind\":\"code\"}]}]}";
static const char results[] =
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.b\",\"outcome\":\"pass\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.c\",\"outcome\":\"fail\",\"message\":\"red \\u001b[31mink\","
	"\"name\":\"m0001-fork\"}\n"
	"{\"type\":\"result\",\"cell\":0,\"id\":\"a.d\",\"outcome\":\"fail\",\"message\":\"slow\"}\n";
static const char gate_text[] = "title: what ships\n"
				"rules:\n"
				"  - {when: new-fail, outcome: block}\n"
				"cover:\n"
				"  - firmwares: [bios]\n";
static const char waivers_text[] =
	"waivers:\n"
	"  - {id: known, case: a.d, reason: It is known, owner: kim, expires: 2024-12-31}\n";

struct told {
	struct run *run;
	struct gate *gate;
	struct waivers waivers;
	struct judge_inputs inputs;
	struct judgement judgement;
};

static void told_done(struct told *told)
{
	judgement_done(&told->judgement);
	run_free(told->run);
	gate_free(told->gate);
	waivers_done(&told->waivers);
}
DEFINE_CLEAN_DONE(told);

static void judge(struct told *told)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct err e = {0};

	*told = (struct told){.waivers = WAIVERS_INIT};
	EXPECT(run_parse(plan, strlen(plan), results, strlen(results), &told->run, &e) == 0);
	EXPECT_NUMBER(gate_parse("g.yaml", gate_text, strlen(gate_text), &told->gate, &problems),
		      0);
	EXPECT_NUMBER(waivers_parse(&told->waivers, "w.yaml", waivers_text, strlen(waivers_text),
				    &problems),
		      0);
	EXPECT_TEXT(problems.buf, "");
	told->inputs = (struct judge_inputs){
		.gate = told->gate, .waivers = &told->waivers, .now_ns = NOW_NS};
	judge_by(told->run, &told->inputs, &told->judgement);
}

TEST(judgement, text_has_each_reason_with_its_evidence)
{
	CLEAN_DONE(told) struct told told;
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);
	static const char *const lines[] = {
		"BLOCK  run now\n",
		"  by the gate g.yaml (SHA-256 ",
		": what ships\n",
		"  waivers of w.yaml (SHA-256 ",
		"  as of 2024-10-14T00:00:00.000Z\n",
		"\nBlocks (1)\n  new fail  a.c\n      because  red ?[31mink\n",
		"      console  m0001-fork/console.log\n      rule     g.yaml:3:6\n",
		"\nLeaves it undecided (2)\n",
		"  not covered  image i.qcow2, firmware bios: 0 cells, and the gate wants 1\n"
		"      rule     g.yaml:5:5\n",
		"  no baseline  the gate compares with a baseline, and none was given\n",
		"\nTo be told (1)\n  waived (new fail)  a.d\n      because  slow\n"
		"      judged   waived by known until 2024-12-31: It is known (kim)\n",
		"      waiver   w.yaml:2:6\n",
	};

	judge(&told);
	judgement_text(told.run, &told.judgement, &told.inputs, false, &out);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (!strstr(out.buf, lines[i]))
			EXPECT_TEXT(out.buf, lines[i]);
	EXPECT(!strchr(out.buf, '\033'));
}

static const char *string_at(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

TEST(judgement, json_is_one_line_with_the_same)
{
	CLEAN_DONE(told) struct told told;
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);

	judge(&told);
	judgement_json(told.run, &told.judgement, &told.inputs, &out);
	EXPECT(!strchr(out.buf, '\n'));
	json_t *root = json_loadb(out.buf, out.length, JSON_REJECT_DUPLICATES, NULL);
	EXPECT(root != NULL);
	EXPECT_TEXT(string_at(root, "verdict"), "block");
	EXPECT_TEXT(string_at(root, "as_of"), "2024-10-14T00:00:00.000Z");
	EXPECT_TEXT(string_at(json_object_get(root, "gate"), "sha256"), told.gate->sha256);
	const json_t *reasons = json_object_get(root, "reasons");
	EXPECT_NUMBER(json_array_size(reasons), 4);
	const json_t *first = json_array_get(reasons, 0), *last = json_array_get(reasons, 3);
	EXPECT_TEXT(string_at(first, "kind"), "new fail");
	EXPECT_TEXT(string_at(first, "effect"), "block");
	EXPECT_TEXT(string_at(first, "id"), "a.c");
	EXPECT_TEXT(string_at(first, "message"), "red \033[31mink");
	EXPECT_TEXT(string_at(first, "firmware"), "uefi");
	EXPECT_TEXT(string_at(first, "console"), "m0001-fork/console.log");
	EXPECT_NUMBER(json_integer_value(json_object_get(json_object_get(first, "rule"), "line")),
		      3);
	EXPECT_TEXT(string_at(last, "kind"), "waived");
	EXPECT_TEXT(string_at(last, "was"), "new fail");
	EXPECT_TEXT(string_at(last, "waiver"), "known");
	const json_t *waiver = json_array_get(json_object_get(root, "waivers"), 0);
	EXPECT_NUMBER(json_integer_value(json_object_get(waiver, "used")), 1);
	EXPECT(json_is_false(json_object_get(waiver, "expired")));
	json_decref(root);
}

TEST(judgement, without_a_gate_that_is_told)
{
	CLEAN_DONE(told) struct told told;
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20), json = TEXT_INIT(1 << 20);
	const struct judge_inputs nothing = {.now_ns = NOW_NS};

	judge(&told);
	judge_by(told.run, &nothing, &judgement);
	judgement_text(told.run, &judgement, &nothing, true, &out);
	EXPECT(strstr(out.buf, "  by the built-in rules: no gate was given\n"));
	EXPECT(strstr(out.buf, "\033[1;31mBLOCK\033[0m"));
	judgement_json(told.run, &judgement, &nothing, &json);
	EXPECT(!strstr(json.buf, "\"gate\"") && !strstr(json.buf, "\"rule\""));
}
