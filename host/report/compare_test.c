/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a comparison, and that nothing of a hostile guest gets through. */
#include "host/report/compare.h"

#include <jansson.h>
#include <string.h>

#include "base/test.h"

#define PLAN(run, name)                                                                            \
	"{\"schema\":1,\"run\":\"" run "\",\"cells\":[{\"image\":{\"name\":\"" name                \
	"\",\"sha256\":\"1\"},\"size\":{\"name\":\"s\",\"cpus\":1,\"mem_mib\":512},"               \
	"\"firmware\":\"uefi\",\"accel\":\"tcg\",\"cases\":["                                      \
	"{\"id\":\"a.better\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\"},"            \
	"{\"id\":\"a.hole\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\"},"              \
	"{\"id\":\"a.still\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\"},"             \
	"{\"id\":\"a.worse\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"t\"}]}]}"
#define BEGIN "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1}\n"
#define RESULT(id, outcome, message)                                                               \
	"{\"type\":\"result\",\"id\":\"" id "\",\"outcome\":\"" outcome                            \
	"\",\"message\":\"" message "\"}\n"

static const char old_plan[] = PLAN("run-1", "x.qcow2"), new_plan[] = PLAN("run-2", "y|<b>.qcow2");
static const char old_journal[] = BEGIN RESULT("a.better", "fail", "no clock")
	RESULT("a.hole", "pass", "") RESULT("a.still", "fail", "one") RESULT("a.worse", "pass", "");
static const char new_journal[] = BEGIN RESULT("a.better", "pass", "")
	RESULT("a.still", "fail", "two") RESULT("a.worse", "fail", "\\u001b[31m a | <b> \\n c");

struct sides {
	struct run *before, *now;
	struct comparison comparison;
};

static struct run *parse(const char *plan, const char *journal)
{
	struct run *run = NULL;
	struct err e = {0};

	EXPECT_NUMBER(run_parse(plan, strlen(plan), journal, strlen(journal), &run, &e), 0);
	return run;
}

static void open_sides(struct sides *sides)
{
	sides->before = parse(old_plan, old_journal);
	sides->now = parse(new_plan, new_journal);
	compare_runs(sides->before, sides->now, &sides->comparison);
}

static void close_sides(struct sides *sides)
{
	comparison_done(&sides->comparison);
	run_free(sides->before);
	run_free(sides->now);
}

TEST(compare_report, text_has_both_sides)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);
	struct sides sides;

	open_sides(&sides);
	compare_text(sides.before, sides.now, &sides.comparison, false, &out);
	EXPECT_TEXT(
		out.buf,
		"run-2 against run-1: 1 worse, 1 undecided, 1 still fails, 1 better\n"
		"\nFails now (1)\n"
		"  a.worse\n"
		"      is     fail: ?[31m a | <b>   c\n"
		"      was    pass\n"
		"\nNo longer decided (1)\n"
		"  a.hole\n"
		"      is     hole: it was selected but has no result: the run ended before it\n"
		"      was    pass\n"
		"\nFails as before (1)\n"
		"  a.still\n"
		"      is     fail: two\n"
		"      was    fail: one\n"
		"\nPasses now (1)\n"
		"  a.better\n"
		"      is     pass\n"
		"      was    fail: no clock\n");
	text_clear(&out);
	compare_text(sides.before, sides.now, &sides.comparison, true, &out);
	EXPECT(strstr(out.buf, "\033[1;31mFails now\033[0m (1)"));
	close_sides(&sides);
}

TEST(compare_report, json_is_json)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);
	struct sides sides;

	open_sides(&sides);
	compare_json(sides.before, sides.now, &sides.comparison, &out);
	json_t *whole = json_loadb(out.buf, out.length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *changes = json_object_get(whole, "changes"),
		     *first = json_array_get(changes, 0);
	EXPECT_NUMBER((long long)json_array_size(changes), 4);
	EXPECT_TEXT(json_string_value(json_object_get(first, "id")), "a.worse");
	EXPECT_TEXT(json_string_value(json_object_get(json_object_get(first, "now"), "message")),
		    "\033[31m a | <b> \n c");
	EXPECT_TEXT(json_string_value(json_object_get(json_object_get(first, "before"), "outcome")),
		    "pass");
	EXPECT_NUMBER(
		json_integer_value(json_object_get(json_object_get(whole, "counts"), "worse")), 1);
	json_decref(whole);
	close_sides(&sides);
}

TEST(compare_report, markdown_keeps_its_table)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);
	struct sides sides;

	open_sides(&sides);
	compare_markdown(sides.before, sides.now, &sides.comparison, &out);
	EXPECT(strstr(out.buf,
		      "### Fails now (1)\n\n| case | is | was |\n|---|---|---|\n| `a.worse` | "
		      "fail: "));
	EXPECT(!strstr(out.buf, "<b>"));
	/* A row has four bars that are not escaped. */
	const char *row = strstr(out.buf, "| `a.worse`"), *end = row ? strchr(row, '\n') : NULL;
	unsigned bars = 0;
	for (const char *c = row; c && end && c < end; c++)
		bars += *c == '|' && (c == row || c[-1] != '\\');
	EXPECT_NUMBER(bars, 4);
	close_sides(&sides);
}
