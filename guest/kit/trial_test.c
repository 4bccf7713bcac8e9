/* SPDX-License-Identifier: Apache-2.0 */
/* Executions: each outcome, rows, sabotage, what is kept of a failure. The cases here are registered in this program. */
#include "guest/kit/trial.h"

#include "base/test.h"

/* ---- cases ---- */

CASE(selftest, passes, .title = "It passes")
{
	const char *nothing = NULL;

	CHECK(t, true);
	CHECK_EQ(t, 1, 1U);
	CHECK_EQ(t, -1LL, -1);
	CHECK_LT(t, -1, 1UL); /* not as unsigned numbers */
	CHECK_NE(t, nothing, "x");
	CHECK_EQ(t, "a", "a");
	CHECK_GE(t, 2.5, 2);
	CHECK_ONE_OF(t, "tsc", "kvm-clock", "tsc");
	CHECK_CONTAINS(t, "abc", "b");
	CHECK_LACKS(t, "abc", "z");
	CHECK_OK(t, 0);
	CHECK_ERRNO(t, open("/does/not/exist", O_RDONLY), ENOENT);
	REQUIRE(t, true);
}

CASE(selftest, fails_twice)
{
	CHECK_EQ(t, "jif\nfies", "tsc");
	CHECK_GT(t, 1, 2);
	check_passed(t);
}

CASE(selftest, requires)
{
	REQUIRE_OK(t, open("/does/not/exist", O_RDONLY));
	CHECK(t, false); /* not reached */
}

CASE(selftest, checks_nothing)
{
	note(t, "nothing is checked here");
}

CASE(selftest, skips)
{
	CHECK(t, true);
	case_skip(t, "cmd:x", "there is no %s", "x");
}

CASE(selftest, breaks)
{
	CHECK(t, true);
	case_broken(t, "set-up failed");
}

CASE(selftest, fails_then_breaks)
{
	CHECK(t, false);
	case_broken(t, "and the rest could not be tried");
}

CASE(selftest, asks_for_too_much)
{
	for (;;)
		(void)case_alloc(t, 1 << 20);
}

static const struct row {
	const char *name;
	int value;
} rows[] = {{"one", 1}, {"two", 2}, {"three", 3}},
  row_without_check[] = {{"checks", 1}, {"does_not", 0}}, rows_skipped[] = {{"a", 0}, {"b", 0}};

CASE_EACH(selftest, row_two_fails, rows)
{
	REQUIRE_EQ(t, c->value != 2, true);
	CHECK(t, true);
}

CASE_EACH(selftest, a_row_checks_nothing, row_without_check)
{
	if (c->value)
		check_passed(t);
}

CASE_EACH(selftest, all_rows_skip, rows_skipped)
{
	case_skip(t, "x", "no %s", c->name);
}

static char order[16];

static void remember(void *arg)
{
	size_t length = strlen(order);

	if (length + 1 < sizeof order)
		order[length] = *(const char *)arg;
}

CASE(selftest, defers)
{
	static char first[] = "a";

	case_defer(t, remember, first);
	case_defer(t, remember, memcpy(case_alloc(t, 2), "b", 2));
	REQUIRE(t, false);
}

AUDIT(selftest, audits)
{
	CHECK_EQ(t, file_line(t, "/etc/hostname"), "host");
}

SABOTAGE(selftest, audits, "another name")
{
	sabotage_file(t, "/etc/hostname", "other\n");
}

CASE(selftest, cannot_be_sabotaged)
{
	CHECK(t, true);
}

SABOTAGE(selftest, cannot_be_sabotaged, "a file that is not there")
{
	sabotage_replace(t, "/etc/none", "a", "b");
}

CASE(selftest, reads_the_plan)
{
	CHECK_EQ(t, plan_number(t, "cpus", 1), 4);
	CHECK_EQ(t, plan_number(t, "nics", 7), 7);
	CHECK_EQ(t, plan_text(t, "accel", "none"), "tcg");
}

CASE(selftest, measures)
{
	case_measure(t, "rate", "MB/s", MEASURE_HIGHER, 1);
	case_measure(t, "rate", "MB/s", MEASURE_HIGHER, 3);
	CHECK(t, true);
}

SABOTAGE(selftest, measures, "nothing is wrong")
{
	case_measure(t, "planted", "s", MEASURE_LOWER, 1);
}

CASE(selftest, measures_what_cannot_be)
{
	CHECK(t, true);
	case_measure(t, "Rate", "MB/s", MEASURE_HIGHER, 1);
}

CASE(selftest, modes_are_octal)
{
	CHECK_EQ(t, 0644 & 0777, 0600);
}

/* ---- tests ---- */

static void execute(const char *id, bool sabotage, struct result *result)
{
	CLEAN_TEXT struct text path = TEXT_INIT(4096);
	const struct case_def *def = cases_find(id);

	EXPECT(def != NULL);
	(void)text_addf(&path, "%s/etc", test_folder());
	(void)mkdir(path.buf, 0755);
	(void)text_adds(&path, "/hostname");
	int fd = open(path.buf, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	EXPECT(write(fd, "host\n", 5) == 5);
	close(fd);
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	const struct trial_setup setup = {
		.def = def,
		.tree = tree,
		.sabotage = sabotage,
		.parameters = "mem_mib=512\ncpus=4\naccel=tcg\n",
	};
	result_init(result, id);
	trial_execute(&setup, result);
}

static void expect_outcome(const char *id, bool sabotage, enum outcome outcome, const char *message)
{
	CLEAN_DONE(result) struct result result;

	execute(id, sabotage, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.message, message);
}

TEST(trial, pass)
{
	CLEAN_DONE(result) struct result result;

	execute("selftest.passes", false, &result);
	EXPECT_TEXT(result.message, "");
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	EXPECT_NUMBER(result.checks_passed, 13);
	EXPECT_NUMBER(result.checks_failed, 0);
	EXPECT(result.duration_ns > 0);
}

TEST(trial, the_first_failing_check_is_kept_with_both_values)
{
	CLEAN_DONE(result) struct result result;

	execute("selftest.fails_twice", false, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT_TEXT(result.check.expression, "\"jif\\nfies\" == \"tsc\"");
	EXPECT_TEXT(result.check.got, "\"jif\\nfies\"");
	EXPECT_TEXT(result.check.want, "\"tsc\"");
	EXPECT(strstr(result.check.file, "trial_test.c") != NULL);
	EXPECT(result.check.line > 0);
	EXPECT_NUMBER(result.checks_failed, 2);
	EXPECT_NUMBER(result.checks_passed, 1);
	EXPECT(strstr(result.evidence.buf, "1 > 2: got 1, want more than 2") != NULL);
}

TEST(trial, require_ends_it)
{
	CLEAN_DONE(result) struct result result;

	execute("selftest.requires", false, &result);
	EXPECT_NUMBER(result.checks_failed, 1);
	EXPECT_TEXT(result.check.got, "-1 (No such file or directory)");
	EXPECT_TEXT(result.check.want, "success");
}

TEST(trial, checking_nothing_is_broken)
{
	expect_outcome("selftest.checks_nothing", false, OUTCOME_BROKEN,
		       "the case checked nothing");
}

TEST(trial, skip_names_the_need)
{
	CLEAN_DONE(result) struct result result;

	execute("selftest.skips", false, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_SKIP);
	EXPECT_TEXT(result.need, "cmd:x");
	EXPECT_TEXT(result.message, "there is no x");
}

TEST(trial, broken_and_fail)
{
	expect_outcome("selftest.breaks", false, OUTCOME_BROKEN, "set-up failed");
	expect_outcome("selftest.fails_then_breaks", false, OUTCOME_FAIL,
		       "false: got false, want true");
	expect_outcome("selftest.asks_for_too_much", false, OUTCOME_BROKEN,
		       "the case asks for more than 64 MiB of memory");
}

TEST(trial, rows)
{
	CLEAN_DONE(result) struct result result;

	execute("selftest.row_two_fails", false, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT_TEXT(result.check.row, "two");
	EXPECT_NUMBER(result.checks_passed, 4); /* the third row ran */
	expect_outcome("selftest.a_row_checks_nothing", false, OUTCOME_BROKEN,
		       "does_not: nothing was checked");
	expect_outcome("selftest.all_rows_skip", false, OUTCOME_SKIP, "a: no a");
}

TEST(trial, clean_up_runs_last_first_even_after_require)
{
	expect_outcome("selftest.defers", false, OUTCOME_FAIL, "false: got false, want true");
	EXPECT_TEXT(order, "ba");
}

TEST(trial, sabotage_is_planted_and_taken_away)
{
	expect_outcome("selftest.audits", false, OUTCOME_PASS, "");
	CLEAN_DONE(result) struct result result;
	execute("selftest.audits", true, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT(result.sabotaged);
	EXPECT_TEXT(result.check.got, "\"other\"");
	EXPECT(strstr(result.evidence.buf, "looked at") &&
	       strstr(result.evidence.buf, "/etc/hostname"));
	expect_outcome("selftest.audits", false, OUTCOME_PASS, "");
}

TEST(trial, a_sabotage_that_fails_is_broken)
{
	expect_outcome("selftest.cannot_be_sabotaged", true, OUTCOME_BROKEN,
		       "the sabotage: /etc/none holds no \"a\" to replace");
	expect_outcome("selftest.passes", true, OUTCOME_BROKEN, "the sabotage: the case has none");
}

TEST(trial, plan)
{
	expect_outcome("selftest.reads_the_plan", false, OUTCOME_PASS, "");
}

TEST(trial, keeps_what_it_measures)
{
	struct result result;

	execute("selftest.measures", false, &result);
	const struct measure *rate = measures_find(&result.measures, "rate");
	EXPECT(rate && rate->count == 2 && measure_typical(rate) == 2);
	result_done(&result);
	/* With its defect planted it says nothing of the image. */
	execute("selftest.measures", true, &result);
	EXPECT_NUMBER(result.measures.count, 0);
	result_done(&result);
	expect_outcome("selftest.measures_what_cannot_be", false, OUTCOME_BROKEN,
		       "it measures Rate 1 MB/s: no such name, unit or number can be");
}

TEST(trial, numbers_are_shown_as_the_case_writes_them)
{
	expect_outcome("selftest.modes_are_octal", false, OUTCOME_FAIL,
		       "0644 & 0777 == 0600: got 0644, want 0600");
}

TEST(registry, is_sorted_and_found)
{
	size_t count;
	const struct case_def *const *all = cases_all(&count);
	CLEAN_TEXT struct text problems = TEXT_INIT(4096);

	EXPECT(count >= 15);
	for (size_t i = 1; i < count; i++)
		EXPECT(strcmp(all[i - 1]->info.name, all[i]->info.name) < 0 ||
		       strcmp(all[i - 1]->info.area, all[i]->info.area) < 0);
	EXPECT(cases_find("selftest.nowhere") == NULL);
	EXPECT_TEXT(case_sabotage_def(cases_find("selftest.audits"))->text, "another name");
	EXPECT(case_sabotage_def(cases_find("selftest.passes")) == NULL);
	cases_problems(&problems);
	EXPECT_TEXT(problems.buf, "");
}

TEST(registry, catalogue)
{
	CLEAN_TEXT struct text json = TEXT_INIT(1 << 20);

	cases_json(&json);
	EXPECT(has_prefix(json.buf, "{\"cases\":[{\"id\":\""));
	EXPECT(strstr(json.buf, "\"title\":\"It passes\"") != NULL);
	EXPECT(strstr(json.buf, "\"sabotage\":{\"kind\":\"code\",\"text\":\"another name\"}") !=
	       NULL);
	EXPECT(has_suffix(json.buf, "]}"));
}
