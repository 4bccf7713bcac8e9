/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of cases for files and texts, tried from within a trial. */
#include "base/test.h"
#include "guest/kit/trial.h"

static void (*body_under_test)(struct trial *t);

CASE(filetest, body)
{
	body_under_test(t);
	check_passed(t);
}

static void in_trial(void (*body)(struct trial *t), enum outcome outcome)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {
		.def = cases_find("filetest.body"), .tree = tree, .parameters = ""};

	body_under_test = body;
	result_init(&result, "filetest.body");
	trial_execute(&setup, &result);
	EXPECT_TEXT(outcome_name(result.outcome), outcome_name(outcome));
	if (result.outcome != outcome)
		EXPECT_TEXT(result.message, "");
}

static void write_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static void read_body(struct trial *t)
{
	struct tree_stat st;

	EXPECT_TEXT(file_text(t, "/a"), "one\ntwo\n");
	EXPECT_TEXT(file_line(t, "/a"), "one");
	EXPECT(file_text(t, "/none") == NULL);
	EXPECT(file_line(t, "/none") == NULL);
	EXPECT_TEXT(file_line(t, "/empty"), "");
	EXPECT_NUMBER(file_number(t, "/number", -1), 42);
	EXPECT_NUMBER(file_number(t, "/a", -1), -1);
	EXPECT_NUMBER(file_number(t, "/none", -2), -2);
	EXPECT(file_exists(t, "/a") && !file_exists(t, "/none"));
	EXPECT(file_stat(t, "/a", &st) && (st.mode & 0777) == 0640);
	EXPECT_TEXT(file_link(t, "/l"), "a");
	EXPECT(file_link(t, "/a") == NULL && file_link(t, "/none") == NULL);
}

TEST(file, reading)
{
	CLEAN_FREE char *link = xasprintf("%s/l", test_folder());

	write_file("a", "one\ntwo\n");
	write_file("number", "42\n");
	write_file("empty", "");
	EXPECT(symlink("a", link) == 0);
	in_trial(read_body, OUTCOME_PASS);
}

static void names_body(struct trial *t)
{
	const char *const *names = file_names(t, "/");

	EXPECT_TEXT(names[0], ".a.swp");
	EXPECT_TEXT(names[1], "a");
	EXPECT_TEXT(names[2], "b");
	EXPECT(names[3] == NULL);
	EXPECT(file_names(t, "/none")[0] == NULL);
	EXPECT_TEXT(file_text_names(t, "/")[0], "a");
	EXPECT_TEXT(file_text_names(t, "/")[1], "b");
	EXPECT(file_text_names(t, "/")[2] == NULL);
}

TEST(file, names)
{
	write_file("b", "");
	write_file("a", "");
	write_file(".a.swp", "");
	in_trial(names_body, OUTCOME_PASS);
}

static void too_large_body(struct trial *t)
{
	(void)file_text(t, "/large");
}

TEST(file, too_large_is_broken_not_cut)
{
	CLEAN_FREE char *path = xasprintf("%s/large", test_folder());

	write_file("large", "");
	EXPECT(truncate(path, (8 << 20) + 1) == 0);
	in_trial(too_large_body, OUTCOME_BROKEN);
}

AUDIT(filetest, audit)
{
	EXPECT_TEXT(file_text(t, "/zeroes"), "");
	check_passed(t);
}

static void zeroes_body(struct trial *t)
{
	(void)file_text(t, "/zeroes");
}

static void kernel_zeroes_body(struct trial *t)
{
	EXPECT_TEXT(file_text(t, "/proc/zeroes"), "one\n");
}

/* A file of /proc may hold them, one of the image that is read as a text not. */
TEST(file, texts_with_nul_bytes_are_refused)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {
		.def = cases_find("filetest.audit"), .tree = tree, .parameters = ""};
	CLEAN_FREE char *path = xasprintf("%s/zeroes", test_folder());
	CLEAN_FREE char *folder = xasprintf("%s/proc", test_folder());
	CLEAN_FREE char *kernel = xasprintf("%s/proc/zeroes", test_folder());

	write_file("zeroes", "one\n");
	EXPECT(truncate(path, 6) == 0);
	EXPECT(mkdir(folder, 0755) == 0);
	write_file("proc/zeroes", "one\n");
	EXPECT(truncate(kernel, 6) == 0);
	in_trial(kernel_zeroes_body, OUTCOME_PASS);
	in_trial(zeroes_body, OUTCOME_BROKEN);
	result_init(&result, "filetest.audit");
	trial_execute(&setup, &result);
	EXPECT_TEXT(outcome_name(result.outcome), "broken");
	EXPECT_TEXT(result.message, "/zeroes is no text: there are NUL bytes in it");
}

static void text_body(struct trial *t)
{
	static const char release[] =
		"NAME=\"Debian GNU/Linux\"\nID=debian\n  VERSION_ID='12' # x\nEMPTY=\n"
		"ESCAPED=\"a\\\"b\\$\"\nID=again  \nCRLF=x\r\nLAST=end";
	const char *at = "one\r\n\ntwo", *null = NULL;

	EXPECT_TEXT(text_line(t, &at), "one");
	EXPECT_TEXT(text_line(t, &at), "");
	EXPECT_TEXT(text_line(t, &at), "two");
	EXPECT(text_line(t, &at) == NULL);
	EXPECT(text_line(t, &null) == NULL);
	EXPECT_TEXT(text_value(t, release, "NAME"), "Debian GNU/Linux");
	EXPECT_TEXT(text_value(t, release, "VERSION_ID"), "12");
	EXPECT_TEXT(text_value(t, release, "ID"), "again");
	EXPECT_TEXT(text_value(t, release, "EMPTY"), "");
	EXPECT_TEXT(text_value(t, release, "ESCAPED"), "a\"b$");
	EXPECT_TEXT(text_value(t, release, "CRLF"), "x");
	EXPECT_TEXT(text_value(t, release, "LAST"), "end");
	EXPECT(text_value(t, release, "NAM") == NULL);
	EXPECT(text_value(t, NULL, "ID") == NULL);
}

TEST(file, texts)
{
	in_trial(text_body, OUTCOME_PASS);
}

static void memory_body(struct trial *t)
{
	const char *zeros = case_alloc(t, 300000);

	for (size_t i = 0; i < 300000; i += 4096)
		EXPECT_NUMBER(zeros[i], 0);
	EXPECT_TEXT(case_format(t, "%d-%s", 1, "a"), "1-a");
}

TEST(file, memory)
{
	in_trial(memory_body, OUTCOME_PASS);
}

static void offline_sabotage_body(struct trial *t)
{
	struct tree_stat st;

	sabotage_append(t, "/a", "three");
	EXPECT_TEXT(file_text(t, "/a"), "one\ntwo\nthree\n");
	EXPECT(file_stat(t, "/a", &st) && (st.mode & 0777) == 0640); /* as before */
	sabotage_replace(t, "/a", "two", "2");
	EXPECT_TEXT(file_text(t, "/a"), "one\n2\nthree\n");
	sabotage_file_mode(t, "/a", 0666, 5);
	EXPECT(file_stat(t, "/a", &st) && (st.mode & 0777) == 0666 && st.uid == 5);
	EXPECT_TEXT(file_line(t, "/a"), "one");
	sabotage_link(t, "/new", "/a");
	EXPECT_TEXT(file_line(t, "/new"), "one");
	sabotage_remove(t, "/a");
	EXPECT(!file_exists(t, "/a"));
	sabotage_append(t, "/x/y", "only");
	EXPECT_TEXT(file_text(t, "/x/y"), "only\n");
}

TEST(sabotage, offline_is_in_the_tree_only)
{
	write_file("a", "one\ntwo");
	in_trial(offline_sabotage_body, OUTCOME_PASS);
	CLEAN_FREE char *path = xasprintf("%s/a", test_folder());
	CLEAN_TEXT struct text now = TEXT_INIT(64);
	EXPECT_NUMBER(text_read_file(&now, path), 0);
	EXPECT_TEXT(now.buf, "one\ntwo");
}

static void remove_nothing_body(struct trial *t)
{
	sabotage_remove(t, "/none");
}

TEST(sabotage, what_is_not_there_cannot_be_removed)
{
	in_trial(remove_nothing_body, OUTCOME_BROKEN);
}
