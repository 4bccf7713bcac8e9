/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: what they say of a run, and that nothing of a hostile guest gets through. */
#include "host/report/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/report/escape.h"
#include "host/report/progress.h"
#include "wire/tap.h"

static const char plan_text[] =
	"{\"schema\":1,\"run\":\"20260101-000000-x\",\"left_out\":[{\"values\":\"size=big<i>\",\"why\":\"no room\","
	"\"must\":true}],\"cells\":[{\"image\":{\"name\":\"x<b>.qcow2\",\"os\":\"Evil "
	"\\u001b[31mOS\",\"sha256\":\"abc\"},\"size\":{\"name\":\"default\",\"stand_in\":\"no GPU\",\"cpus\":2,\"mem_mib\":1024},"
	"\"firmware\":\"uefi\",\"accel\":\"tcg\",\"cases\":["
	"{\"id\":\"a.fails\",\"kind\":\"guest\",\"priority\":\"P0\",\"title\":\"It holds\",\"remedy\":\"Mend it\","
	"\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.passes\",\"kind\":\"guest\",\"priority\":\"P1\",\"title\":\"It holds\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"b.hole\",\"kind\":\"guest\",\"priority\":\"P1\",\"title\":\"It holds\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"b.skipped\",\"kind\":\"guest\",\"priority\":\"P1\",\"title\":\"It holds\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"b.unproven\",\"kind\":\"guest\",\"priority\":\"P1\",\"title\":\"It holds\"}]}]}";

static const char journal_text[] =
	"{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1000000000,\"text\":\"0.1\",\"detail\":\"QEMU 7.2\"}\n"
	"{\"type\":\"phase\",\"name\":\"boot\",\"span_ns\":2000000000,\"count\":1}\n"
	"{\"type\":\"phase\",\"name\":\"fork\",\"span_ns\":100000000,\"count\":2}\n"
	"{\"type\":\"phase\",\"name\":\"fork\",\"span_ns\":100000000,\"count\":3}\n"
	"{\"type\":\"result\",\"id\":\"a.fails\",\"outcome\":\"fail\",\"name\":\"fork-1\",\"message\":\"</script><b>\","
	"\"check\":{\"expression\":\"a < b && \\\"c\\\"\",\"got\":\"\\u001b]0;owned\\u0007<script>alert(1)</script>\","
	"\"want\":\"1\",\"file\":\"guest/cases/a.c\\u009b\",\"line\":3},\"evidence\":\"]]>&<pre>\\u0000x\"}\n"
	"{\"type\":\"result\",\"id\":\"a.passes\",\"outcome\":\"fail\",\"superseded\":true,\"message\":\"<late>\","
	"\"name\":\"fork-0\",\"duration_ns\":1000000}\n"
	"{\"type\":\"result\",\"id\":\"b.hole\",\"outcome\":\"pass\",\"superseded\":true}\n"
	"{\"type\":\"result\",\"id\":\"a.passes\",\"outcome\":\"pass\",\"attempt\":2,\"passed\":4,\"duration_ns\":5000000}\n"
	"{\"type\":\"result\",\"id\":\"b.skipped\",\"outcome\":\"skip\",\"need\":\"disk:data\",\"message\":\"no disk\"}\n"
	"{\"type\":\"result\",\"id\":\"b.unproven\",\"outcome\":\"fail\",\"duration_ns\":1500000000,\"message\":\"it is not\"}\n"
	"{\"type\":\"end\",\"wall_ns\":9000000000,\"text\":\"done\"}\n";

static struct run *sample(struct judgement *judgement)
{
	struct run *run = NULL;
	struct err e = {0};

	EXPECT(run_parse(plan_text, strlen(plan_text), journal_text, strlen(journal_text), &run,
			 &e) == 0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, judgement);
	return run;
}

static bool holds(const struct text *text, const char *needle)
{
	return memmem(text->buf, text->length, needle, strlen(needle)) != NULL;
}

TEST(report, text_says_what_matters)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);
	static const char *const said[] = {
		"BLOCK",
		"5 cases: 1 passed, 2 failed, 1 skipped, 1 without a result",
		"in 8.00 s",
		"default (2 CPUs, 1024 MiB), a stand-in with no GPU, uefi",
		"a.fails",
		"a < b && \"c\"",
		"guest/cases/a.c?:3",
		"Mend it",
		"fork-1/console.log",
		"b.hole",
		"disk:data (1)",
		"boot 2.00 s",
		"fork 0.20 s (5 times)",
		"  Left out:\n    size=big<i>: no room (it must be there)\n",
		"Not proven",
		"b.unproven",
		"Not the same at each try:\n    a.passes  1 pass, 1 fail: <late>\n",
		"Longest cases: b.unproven 1.50 s\n"};

	report_text(run, &judgement, false, &out);
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (!holds(&out, said[i]))
			EXPECT_TEXT(out.buf, said[i]);
	EXPECT(!holds(&out, "\033") && !holds(&out, "\007") && !holds(&out, "\xc2\x9b"));
}

TEST(report, json_is_json)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	report_json(run, &judgement, &out);
	json_t *root = json_loadb(out.buf, out.length, JSON_REJECT_DUPLICATES, NULL);
	EXPECT(json_is_object(root));
	EXPECT_TEXT(json_string_value(json_object_get(root, "verdict")), "block");
	EXPECT_NUMBER(json_array_size(json_object_get(root, "cases")), 5);
	const json_t *left_out = json_array_get(json_object_get(root, "left_out"), 0);
	EXPECT_TEXT(json_string_value(json_object_get(left_out, "values")), "size=big<i>");
	EXPECT_TEXT(json_string_value(json_object_get(left_out, "why")), "no room");
	EXPECT(json_is_true(json_object_get(left_out, "must")));
	EXPECT_NUMBER(json_integer_value(json_object_get(json_object_get(root, "counts"), "holes")),
		      1);
	const json_t *passes = json_array_get(json_object_get(root, "cases"), 1),
		     *rerun = json_array_get(json_object_get(passes, "reruns"), 0);
	EXPECT_NUMBER(json_integer_value(json_object_get(passes, "attempts")), 2);
	EXPECT_TEXT(json_string_value(json_object_get(rerun, "outcome")), "fail");
	EXPECT_TEXT(json_string_value(json_object_get(rerun, "machine")), "fork-0");
	json_decref(root);
}

TEST(report, html_lets_nothing_through)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	report_html(run, &judgement, &out);
	EXPECT(holds(&out, "<b>BLOCK</b>"));
	EXPECT(holds(&out, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	EXPECT(holds(&out, "1 pass, 1 fail; fail: &lt;late&gt;"));
	EXPECT(holds(&out, "<th>size=big&lt;i&gt;</th><td>no room (it must be there)"));
	EXPECT(!holds(&out, "<script>alert"));
	EXPECT(!holds(&out, "x<b>.qcow2"));
	EXPECT(!holds(&out, "src=\"") && !holds(&out, "http://") && !holds(&out, "https://"));
	EXPECT(holds(&out, "prefers-color-scheme:dark") && holds(&out, "@media print"));
	const char *failed = strstr(out.buf, "<code>a.fails"),
		   *passed = strstr(out.buf, "<code>a.passes");
	EXPECT(failed && passed && failed < passed);
}

TEST(report, junit_counts)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	report_junit(run, &judgement, &out);
	EXPECT(holds(
		&out,
		"<testsuites name=\"20260101-000000-x\" tests=\"6\" failures=\"2\" errors=\"2\" time="));
	EXPECT(holds(&out, "<testsuite name=\"left out\" tests=\"1\" failures=\"0\" errors=\"1\""));
	EXPECT(holds(&out,
		     "name=\"size=big&lt;i&gt;\" time=\"0.000\">\n      <error type=\"left out\" "
		     "message=\"no room\"/>"));
	EXPECT(holds(
		&out,
		"<testsuite name=\"a\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
	EXPECT(holds(&out, "<testcase classname=\"b\" name=\"hole\""));
	EXPECT(holds(&out, "<flakyFailure type=\"fail\" message=\"&lt;late&gt;\"/></testcase>"));
	EXPECT(!holds(&out, "\033") && !holds(&out, "<script>"));
}

/* Of what is written, our own reader finds nothing odd; a failure below is in the sum above. */
static void expect_whole(const struct text *out, unsigned failed, unsigned skipped,
			 unsigned undecided)
{
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(out->buf, out->length, 0);

	EXPECT_NUMBER(tree->faults, 0);
	EXPECT_NUMBER(tree->notes, 0);
	EXPECT_NUMBER(tree->levels.items[0].plan, 6);
	EXPECT_NUMBER(tree->counts[TAP_PASSED], 1);
	EXPECT_NUMBER(tree->counts[TAP_FAILED], failed);
	EXPECT_NUMBER(tree->counts[TAP_SKIPPED], skipped);
	EXPECT_NUMBER(tree->counts[TAP_UNDECIDED], undecided);
}

TEST(report, tap_adds_up)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text tap = TEXT_INIT(REPORT_MAX), ktap = TEXT_INIT(REPORT_MAX);

	report_tap(run, &judgement, &tap);
	expect_whole(&tap, 4, 1, 0);
	EXPECT(holds(&tap, "\nok 4 - b.skipped # SKIP no disk\n  ---\n"));
	EXPECT(holds(&tap, "\nnot ok 6 - size=big<i>\n  ---\n  outcome: \"left out\"\n"));
	report_ktap(run, &judgement, &ktap);
	expect_whole(&ktap, 2, 1, 2);
	EXPECT(holds(&ktap, "\nnot ok 3 b.hole # ERROR hole: it was selected but has no result"));
	EXPECT(!holds(&tap, "\033") && !holds(&ktap, "\033"));
}

TEST(report, ctrf_counts)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	report_ctrf(run, &judgement, &out);
	json_t *root = json_loadb(out.buf, out.length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *results = json_object_get(root, "results"),
		     *summary = json_object_get(results, "summary"),
		     *passes = json_array_get(json_object_get(results, "tests"), 1);
	EXPECT_NUMBER(json_integer_value(json_object_get(summary, "tests")), 6);
	EXPECT_NUMBER(json_integer_value(json_object_get(summary, "other")), 2);
	EXPECT_NUMBER(json_integer_value(json_object_get(summary, "flaky")), 1);
	EXPECT_TEXT(json_string_value(json_object_get(passes, "status")), "passed");
	EXPECT(json_is_true(json_object_get(passes, "flaky")));
	json_decref(root);
}

TEST(report, metrics_are_gauges)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	report_openmetrics(run, &judgement, &out);
	EXPECT(holds(&out, "\nassay_verdict{verdict=\"block\"} 1\n"));
	EXPECT(holds(&out, "\nassay_cases{cell=\"0\",outcome=\"fail\"} 2\n"));
	EXPECT(holds(&out,
		     "\nassay_case_reruns{cell=\"0\",case=\"a.passes\",outcome=\"fail\"} 1\n"));
	EXPECT(holds(&out, "os=\"Evil ?[31mOS\""));
	EXPECT(has_suffix(out.buf, "\n# EOF\n") && !holds(&out, "\n\n"));
}

TEST(report, comments_are_cut_to_fit)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX), cut = TEXT_INIT(REPORT_MAX);

	report_markdown(run, &judgement, REPORT_COMMENT_MAX, &out);
	EXPECT(has_prefix(out.buf, "### :x: BLOCK <code>x&#60;b&#62;.qcow2</code>\n"));
	EXPECT(holds(&out, "\n| fail | `a.fails` | <code>&#60;/script&#62;&#60;b&#62;</code> |\n"));
	EXPECT(holds(&out, "<summary>Left out</summary>\n\n- <code>size=big&#60;i&#62;</code>: "
			   "<code>no room</code> (it must be there)\n"));
	EXPECT(!holds(&out, "not shown") && !holds(&out, "<script>") && !holds(&out, "\033"));
	report_markdown(run, &judgement, 1200, &cut);
	EXPECT(cut.length <= 1200 && holds(&cut, "not shown: 3 of 3 details"));
}

/* Two images of one file name, and two cells that nothing else tells apart. */
static const char cells_plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":["
	"{\"image\":{\"name\":\"x\",\"called\":\"old\"},\"size\":{\"name\":\"small\"},\"firmware\":\"uefi\","
	"\"cases\":[{\"id\":\"a.a\",\"kind\":\"guest\",\"priority\":\"P0\"}]},"
	"{\"image\":{\"name\":\"x\",\"called\":\"new\"},\"size\":{\"name\":\"small\"},\"firmware\":\"uefi\","
	"\"cases\":[{\"id\":\"a.a\",\"kind\":\"guest\",\"priority\":\"P0\"}]},"
	"{\"image\":{\"name\":\"x\",\"called\":\"new\"},\"size\":{\"name\":\"small\"},\"firmware\":\"uefi\","
	"\"cases\":[{\"id\":\"a.a\",\"kind\":\"guest\",\"priority\":\"P0\"}]}]}";

TEST(report, no_two_cells_are_called_the_same)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = NULL;
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);
	struct err e = {0};

	EXPECT(run_parse(cells_plan, strlen(cells_plan), "", 0, &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, &judgement);
	report_junit(run, &judgement, &out);
	EXPECT(holds(&out, "classname=\"a on old, small, uefi\""));
	EXPECT(holds(&out, "classname=\"a on new, small, uefi, cell 1\""));
	EXPECT(holds(&out, "classname=\"a on new, small, uefi, cell 2\""));
}

/* What a log is told while nothing has a result. */
static void tell_boot(enum progress_mode mode, struct text *ret)
{
	CLEAN_FREE char *path = xasprintf("%s/said", test_folder());
	CLEANUP(progress) struct progress *progress = progress_new(mode, 3, NULL);
	FILE *real = stderr, *said = fopen(path, "we");

	EXPECT(said != NULL);
	if (!said)
		return;
	stderr = said;
	progress_set_silence(progress, 0);
	progress_tick(progress); /* nothing goes on yet */
	progress_step(progress, "booting x\033[31m.qcow2");
	progress_state(progress, 0, "booting x.qcow2");
	progress_tick(progress);
	stderr = real;
	(void)fclose(said);
	EXPECT(text_read_file(ret, path) == 0);
}

TEST(progress, a_log_is_not_silent_while_a_machine_boots)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(10000), quiet = TEXT_INIT(10000);

	tell_boot(PROGRESS_PLAIN, &plain);
	EXPECT_TEXT(plain.buf,
		    "        booting x?[31m.qcow2\n        still booting x.qcow2, for 0.00 s\n");
	tell_boot(PROGRESS_QUIET, &quiet);
	EXPECT_TEXT(quiet.buf, "");
}

TEST(progress, a_proof_is_told_by_what_is_wanted)
{
	CLEAN_FREE char *path = xasprintf("%s/said", test_folder());
	CLEANUP(progress) struct progress *progress = progress_new(PROGRESS_PLAIN, 2, NULL);
	CLEANUP(record) struct record *record = record_new(RECORD_RESULT, 0);
	CLEAN_TEXT struct text said = TEXT_INIT(10000);
	FILE *real = stderr, *file = fopen(path, "we");

	EXPECT(file != NULL);
	if (!file)
		return;
	stderr = file;
	(void)snprintf(record->result.id, sizeof record->result.id, "a.one");
	record->result.sabotaged = true;
	result_set(&record->result, OUTCOME_FAIL, "it is 1");
	progress_record(progress, record);
	result_set(&record->result, OUTCOME_PASS, "%s", "");
	progress_record(progress, record);
	stderr = real;
	(void)fclose(file);
	EXPECT(text_read_file(&said, path) == 0);
	EXPECT_TEXT(said.buf, "caught  a.one (sabotaged): it is 1\nmissed  a.one (sabotaged)\n");
}

/* Two cells, of which one gets its results, and an execution that is none. */
static void tell_cells(enum progress_mode mode, struct text *ret)
{
	static const struct progress_cell cells[] = {{"x\033.qcow2, small", 1, 3 * NS_PER_S},
						     {"y, large", 2, NS_PER_S},
						     {"z, done", 0, 0}};
	CLEAN_FREE char *path = xasprintf("%s/said", test_folder());
	CLEANUP(progress) struct progress *progress = progress_new(mode, 3, NULL);
	CLEANUP(record) struct record *record = record_new(RECORD_RESULT, 0);
	FILE *real = stderr, *file = fopen(path, "we");

	EXPECT(file != NULL);
	if (!file)
		return;
	stderr = file;
	progress_set_cells(progress, cells, ARRAY_LEN(cells));
	EXPECT_NUMBER(progress_left_ns(progress, NS_PER_S), 0);
	progress_cell_begins(progress, 1);
	(void)snprintf(record->result.id, sizeof record->result.id, "a.one");
	result_set(&record->result, OUTCOME_FAIL, "at first");
	record->superseded = true;
	progress_record(progress, record);
	record->superseded = false;
	result_set(&record->result, OUTCOME_FAIL, "it is 1");
	progress_record(progress, record);
	EXPECT_NUMBER(progress_left_ns(progress, 30 * NS_PER_S), 10 * NS_PER_S);
	progress_tick(progress);
	stderr = real;
	(void)fclose(file);
	EXPECT(text_read_file(ret, path) == 0);
}

TEST(progress, tells_of_all_cells)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(10000), live = TEXT_INIT(10000);

	tell_cells(PROGRESS_PLAIN, &plain);
	EXPECT_TEXT(plain.buf, "fail    [x?.qcow2, small] a.one: it is 1\n"
			       "        [x?.qcow2, small] done: 1 fail; 2 of 3 cells\n");
	tell_cells(PROGRESS_LIVE, &live);
	EXPECT(holds(&live, "fail    [x?.qcow2, small] a.one: it is 1\n"));
	EXPECT(holds(&live, "[1/3] 2 of 3 cells done, 1 running, 0 waiting 1 failed "));
	EXPECT(!holds(&live, "at first"));
}

TEST(escape, terminals)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1000);

	escape_terminal(&out,
			"a\tb\nc\033[31m\x7f \xc2\x9b"
			"31m \xff \xe2\x80\xae rtl \xc3\xa9 \xc0\xaf",
			false);
	EXPECT_TEXT(out.buf, "a b c?[31m? ?31m ? ? rtl \xc3\xa9 ??");
	text_clear(&out);
	escape_terminal(&out, "a\tb\nc\r", true);
	EXPECT_TEXT(out.buf, "a\tb\nc?");
}

TEST(escape, xml_and_markdown)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1000);

	escape_xml(&out, "<&>\"'\0\x01\n\xed\xa0\x80", 11);
	EXPECT_TEXT(
		out.buf,
		"&lt;&amp;&gt;&quot;&#39;\xef\xbf\xbd\xef\xbf\xbd\n\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	text_clear(&out);
	escape_markdown(&out, "a|b <i>\n`c`");
	EXPECT_TEXT(out.buf, "a\\|b &lt;i> \\`c\\`");
}

TEST(proof, markdown_and_json)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = sample(&judgement);
	CLEAN_TEXT struct text page = TEXT_INIT(REPORT_MAX), json = TEXT_INIT(REPORT_MAX),
			       text = TEXT_INIT(REPORT_MAX);

	proof_markdown(run, &page);
	EXPECT(holds(&page, "| `a.fails` | noisy | fail | - |"));
	proof_json(run, &json);
	json_t *root = json_loadb(json.buf, json.length, JSON_REJECT_DUPLICATES, NULL);
	EXPECT_NUMBER(json_integer_value(json_object_get(json_object_get(root, "counts"), "noisy")),
		      2);
	json_decref(root);
	proof_text(run, false, &text);
	EXPECT(holds(&text, "0 of 4 cases proven, 2 noisy"));
	EXPECT(holds(&text, "a.passes")); /* it has no sabotaged run: unproven */
}

static const char proof_plan[] =
	"{\"schema\":1,\"run\":\"r\",\"proves\":true,\"cells\":[{\"image\":{\"name\":\"x\"},\"cases\":["
	"{\"id\":\"a.sees\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.sees\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotaged\":true,\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.misses\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"},"
	"{\"id\":\"a.misses\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotaged\":true,\"sabotage_kind\":\"code\","
	"\"sabotage\":\"nothing at all\"}]}]}";

static const char proof_journal[] =
	"{\"type\":\"result\",\"id\":\"a.sees\",\"outcome\":\"pass\"}\n"
	"{\"type\":\"result\",\"id\":\"a.sees\",\"sabotaged\":true,\"outcome\":\"fail\"}\n"
	"{\"type\":\"result\",\"id\":\"a.misses\",\"outcome\":\"pass\"}\n"
	"{\"type\":\"result\",\"id\":\"a.misses\",\"sabotaged\":true,\"outcome\":\"pass\"}\n";

/* A case that does not see its defect is no good news in any format. */
TEST(proof, no_report_ships_it)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = NULL;
	CLEAN_TEXT struct text html = TEXT_INIT(REPORT_MAX), junit = TEXT_INIT(REPORT_MAX),
			       json = TEXT_INIT(REPORT_MAX), text = TEXT_INIT(REPORT_MAX);
	struct err e = {0};

	EXPECT(run_parse(proof_plan, strlen(proof_plan), proof_journal, strlen(proof_journal), &run,
			 &e) == 0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, &judgement);
	EXPECT_NUMBER(judgement.verdict, VERDICT_BLOCK);
	EXPECT_NUMBER(judgement.reasons.count, 1);
	EXPECT_TEXT(reason_name(judgement.reasons.items[0].kind), "missed");
	report_html(run, &judgement, &html);
	EXPECT(holds(&html, "<b>NOT PROVEN</b>") && !holds(&html, "SHIP"));
	report_junit(run, &judgement, &junit);
	EXPECT(holds(&junit, "tests=\"2\" failures=\"1\" errors=\"0\""));
	EXPECT(holds(&junit, "with its defect planted (nothing at all) it came out as pass"));
	report_json(run, &judgement, &json);
	EXPECT(holds(&json, "\"verdict\":\"block\""));
	proof_text(run, false, &text);
	EXPECT(holds(&text, "because: it passed with its defect planted"));
}

/* ---- what was measured, and names as they are ---- */

static const char measured_plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"x\"},\"cases\":["
	"{\"id\":\"a.b\",\"kind\":\"guest\",\"priority\":\"P0\",\"sabotage_kind\":\"code\"}]}]}";
static const char measured_journal[] =
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"superseded\":true,\"measures\":[{\"name\":\"rate\","
	"\"unit\":\"MB/s\",\"better\":\"higher\",\"samples\":[7]}]}\n"
	"{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"pass\",\"attempt\":2,\"subs\":["
	"{\"name\":\"issue #7 in C:\\\\#\\\\\",\"outcome\":\"pass\"},{\"name\":\"# SKIP\",\"outcome\":\"pass\"}],"
	"\"measures\":[{\"name\":\"rate\",\"unit\":\"MB/s\",\"better\":\"higher\",\"samples\":[1.5,2.5]},"
	"{\"name\":\"span\",\"unit\":\"s\",\"better\":\"lower\",\"samples\":[3]}]}\n";

static struct run *measured_run(struct judgement *judgement)
{
	struct run *run = NULL;
	struct err e = {0};

	EXPECT(run_parse(measured_plan, strlen(measured_plan), measured_journal,
			 strlen(measured_journal), &run, &e) == 0);
	EXPECT_TEXT(e.text, "");
	judge_run(run, judgement);
	return run;
}

TEST(report, what_was_measured_is_in_all_that_hold_it)
{
	static const char words[] = "rate 2 MB/s (of 2: 1.5 to 2.5)";
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = measured_run(&judgement);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX), ctrf = TEXT_INIT(REPORT_MAX);
	CLEAN_FREE char *junit = xasprintf("<system-out>measured: %s\nmeasured: span 3 s\n", words);
	CLEAN_FREE char *tap = xasprintf("\n  measured: \"%s, span 3 s\"\n", words);
	CLEAN_FREE char *ktap = xasprintf("\n# measured: %s, span 3 s\n", words);

	report_junit(run, &judgement, &out);
	EXPECT(holds(&out, junit));
	report_tap(run, &judgement, &out);
	EXPECT(holds(&out, tap));
	report_ktap(run, &judgement, &out);
	EXPECT(holds(&out, ktap));
	report_ctrf(run, &judgement, &ctrf);
	EXPECT(holds(&ctrf,
		     "\"measures\":[{\"name\":\"rate\",\"unit\":\"MB/s\",\"better\":\"higher\","
		     "\"typical\":2,\"samples\":[1.5,2.5]},{\"name\":\"span\""));
	EXPECT(holds(&ctrf, "{\"outcome\":\"pass\",\"measures\":[{\"name\":\"rate\""));
	json_t *root = json_loadb(ctrf.buf, ctrf.length, JSON_REJECT_DUPLICATES, NULL);
	EXPECT(root != NULL);
	json_decref(root);
}

TEST(report, names_are_read_back_as_they_were)
{
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEANUP(run) struct run *run = measured_run(&judgement);
	CLEAN_TEXT struct text tap = TEXT_INIT(REPORT_MAX), ktap = TEXT_INIT(REPORT_MAX);

	report_tap(run, &judgement, &tap);
	EXPECT(holds(&tap, " - issue \\#7 in C:\\\\\\#\\\\\n"));
	CLEANUP(tap_tree) struct tap_tree *tree = tap_read(tap.buf, tap.length, 0);
	EXPECT_NUMBER(tree->faults + tree->notes, 0);
	EXPECT(tree->points.count == 3 && tree->counts[TAP_PASSED] == 2);
	EXPECT_TEXT(tree->points.items[0].name + tree->points.items[0].own_name,
		    "issue #7 in C:\\#\\");
	EXPECT_TEXT(tree->points.items[1].name + tree->points.items[1].own_name, "# SKIP");
	report_ktap(run, &judgement, &ktap);
	EXPECT(holds(&ktap, "\n  # name: issue #7 in C:\\#\\\n  ok 1 issue _7 in C:\\_\\\n"));
	CLEANUP(tap_tree) struct tap_tree *other = tap_read(ktap.buf, ktap.length, TAP_KERNEL);
	EXPECT_NUMBER(other->faults + other->notes, 0);
	EXPECT_NUMBER(other->counts[TAP_PASSED], 2);
}

/* A journal that somebody else has written. */
TEST(report, only_folders_of_machines_are_linked)
{
	static const char *const names[] = {"javascript:alert(1)//", "//example.org", "../../etc",
					    "/etc", "a/b"};
	for (size_t i = 0; i <= ARRAY_LEN(names); i++) {
		const char *name = i < ARRAY_LEN(names) ? names[i] : "m0045-fork";
		CLEAN_FREE char *journal =
			xasprintf("{\"type\":\"result\",\"id\":\"a.b\",\"outcome\":\"fail\","
				  "\"name\":\"%s\"}\n",
				  name);
		CLEAN_DONE(judgement) struct judgement judgement = {0};
		CLEANUP(run) struct run *run = NULL;
		CLEAN_TEXT struct text html = TEXT_INIT(REPORT_MAX);
		struct err e = {0};
		EXPECT(run_parse(measured_plan, strlen(measured_plan), journal, strlen(journal),
				 &run, &e) == 0);
		judge_run(run, &judgement);
		report_html(run, &judgement, &html);
		EXPECT(holds(&html, "a.b"));
		EXPECT(holds(&html, "console.log") == (i == ARRAY_LEN(names)));
	}
}
