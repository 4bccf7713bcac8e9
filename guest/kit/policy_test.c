/* SPDX-License-Identifier: Apache-2.0 */
/* How cases read the policy, tried from within a trial. */
#include "guest/kit/policy.h"

#include "base/test.h"
#include "guest/kit/release.h"
#include "guest/kit/trial.h"

static void (*body_under_test)(struct trial *t);

CASE(policytest, body)
{
	body_under_test(t);
	check_passed(t);
}

static void in_trial(void (*body)(struct trial *t), enum outcome outcome, const char *need)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {
		.def = cases_find("policytest.body"),
		.tree = tree,
		.parameters =
			"words=a b|c  d*\nlines=one two\tthree\nempty=\nfirewall=on\n"
			"today=2026-06-01\n"
			"eol=debian-12 2028-06-30\topenssl-3.0 2026-05-31\topenssl-3.5 2030-04-08\n"};

	body_under_test = body;
	result_init(&result, "policytest.body");
	trial_execute(&setup, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.need, need);
}

static bool is_c(struct trial *t UNUSED, void *arg UNUSED, const char *word)
{
	return strcmp(word, "c") == 0;
}

static void read_body(struct trial *t)
{
	const char *const *words = policy_words(t, "words"), *const *lines =
								     policy_lines(t, "lines");

	EXPECT_TEXT(words[0], "a");
	EXPECT_TEXT(words[1], "b|c");
	EXPECT_TEXT(words[2], "d*");
	EXPECT(words[3] == NULL);
	EXPECT_TEXT(lines[0], "one two");
	EXPECT_TEXT(lines[1], "three");
	EXPECT(lines[2] == NULL);
	EXPECT(policy_words_if_any(t, "none")[0] == NULL);
	EXPECT(policy_is_on(t, "firewall"));
	EXPECT(policy_list_has(words, "dx") && !policy_list_has(words, "b"));
	EXPECT(policy_has_alternative(t, words[1], is_c, NULL));
	EXPECT(!policy_has_alternative(t, words[0], is_c, NULL));
	struct policy_pair pair = policy_pair(t, "net.ipv4.x = 1 2", '=');
	EXPECT_TEXT(pair.name, "net.ipv4.x");
	EXPECT_TEXT(pair.value, "1 2");
}

static void skip_unknown(struct trial *t)
{
	(void)policy_words(t, "none");
}

static void skip_empty(struct trial *t)
{
	(void)policy_lines(t, "empty");
}

static void broken_pair(struct trial *t)
{
	(void)policy_pair(t, "no separator", '=');
}

TEST(policy, values_as_cases_read_them)
{
	in_trial(read_body, OUTCOME_PASS, "");
	in_trial(skip_unknown, OUTCOME_SKIP, "policy:none");
	in_trial(skip_empty, OUTCOME_SKIP, "policy:empty");
	in_trial(broken_pair, OUTCOME_BROKEN, "");
}

TEST(policy, values_fit_as_texts_and_ranges)
{
	EXPECT(policy_value_fits("no", "no") && !policy_value_fits("No", "no"));
	EXPECT(policy_value_fits("5", "1..6") && policy_value_fits("6", "..6"));
	EXPECT(policy_value_fits("7", "6..") && !policy_value_fits("5", "6.."));
	EXPECT(!policy_value_fits("x", "1..6") && !policy_value_fits("5", "a..b"));
	EXPECT(policy_value_fits("a..b", "a..b"));
}

static void judge_ended(struct trial *t)
{
	policy_check_end_of_life(t, "openssl", "3.0.17-1~deb12u3");
}

static void judge_living(struct trial *t)
{
	policy_check_end_of_life(t, "openssl", "3.5.1-1");
	EXPECT_TEXT(policy_end_of_life(t, "debian", "12"), "2028-06-30");
	EXPECT_TEXT(policy_end_of_life(t, "debian", "12.4"), "2028-06-30");
	EXPECT(policy_end_of_life(t, "debian", "120") == NULL);
}

static void judge_unknown(struct trial *t)
{
	policy_check_end_of_life(t, "openssl", "1.1.1n");
}

static void judge_no_table(struct trial *t)
{
	policy_check_end_of_life(t, "python", "3.11.2");
}

TEST(policy, ends_of_life)
{
	in_trial(judge_ended, OUTCOME_FAIL, "");
	in_trial(judge_living, OUTCOME_PASS, "");
	in_trial(judge_unknown, OUTCOME_FAIL, "");
	in_trial(judge_no_table, OUTCOME_SKIP, "policy:eol");
}
