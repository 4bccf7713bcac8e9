// SPDX-License-Identifier: Apache-2.0
// Account files that are whole, and such as nothing can be said of.
#include "guest/kit/accounts.h"

#include "base/test.h"
#include "guest/kit/trial.h"

static const char *path_under_test;

AUDIT(accountstest, body)
{
	EXPECT(accounts_text(t, path_under_test)[0] != '\0');
	check_passed(t);
}

static void read_file(const char *path, const char *content, enum outcome outcome,
		      const char *message)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {
		.def = cases_find("accountstest.body"), .tree = tree, .parameters = ""};

	path_under_test = path;
	if (content)
		tree_plant_file(tree, path, content, strlen(content), 0644, 0);
	result_init(&result, "accountstest.body");
	trial_execute(&setup, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	EXPECT_TEXT(result.message, message);
}

TEST(accounts, whole_files_are_given)
{
	read_file(ACCOUNTS_PASSWD, "# people\nroot:x:0:0::/root:/bin/sh\n+\n-@guests\n",
		  OUTCOME_PASS, "");
	read_file(ACCOUNTS_SHADOW, "root:*:19000:0:99999:7:::\n", OUTCOME_PASS, "");
	read_file(ACCOUNTS_GROUP, "root:x:0:\n", OUTCOME_PASS, "");
}

TEST(accounts, damaged_files_break_the_case)
{
	read_file(ACCOUNTS_PASSWD, NULL, OUTCOME_SKIP, "/etc/passwd is not there");
	read_file(ACCOUNTS_PASSWD, "", OUTCOME_BROKEN, "/etc/passwd is empty");
	read_file(ACCOUNTS_PASSWD, "root:x:0:0::/root:/bin/sh\ndaemon:x:1\n", OUTCOME_BROKEN,
		  "/etc/passwd is damaged: the line of \"daemon\" has 3 fields instead of 7");
	read_file(ACCOUNTS_PASSWD, "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/usr",
		  OUTCOME_BROKEN, "/etc/passwd is cut off: its last line has no end");
	read_file(ACCOUNTS_SHADOW, "\1\2\3\n", OUTCOME_BROKEN,
		  "/etc/shadow is damaged: the line of \"\1\2\3\" has 1 fields instead of 9");
}
