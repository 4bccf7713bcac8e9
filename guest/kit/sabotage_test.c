/* SPDX-License-Identifier: Apache-2.0 */
/* Sabotage in a running system: seen in the private mount namespace, never outside. Needs root. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/test.h"
#include "guest/kit/trial.h"

static char folder[128];

static const char *below(struct trial *t, const char *name)
{
	return case_format(t, "%s/%s", folder, name);
}

static int count_entry(void *arg, const char *path UNUSED, const struct tree_stat *stat UNUSED)
{
	++*(int *)arg;
	return 0;
}

CASE(sabotagetest, in_guest)
{
	struct tree_stat st;
	int entries = 0;

	sabotage_file(t, below(t, "file"), "covered\n");
	CHECK_EQ(t, file_line(t, below(t, "file")), "covered");
	REQUIRE(t, file_stat(t, below(t, "file"), &st));
	CHECK_EQ(t, st.mode & 07777, 04750U);
	sabotage_file_mode(t, below(t, "file"), 0600, 1);
	REQUIRE(t, file_stat(t, below(t, "file"), &st));
	CHECK_EQ(t, st.mode & 07777, 0600U);
	CHECK_EQ(t, st.uid, 1U);

	sabotage_link(t, below(t, "link"), "sub/inner");
	CHECK_EQ(t, file_line(t, below(t, "link")), "inner");
	sabotage_file(t, below(t, "new/deep/file"), "new\n");
	CHECK_EQ(t, file_line(t, below(t, "new/deep/file")), "new");
	sabotage_remove(t, below(t, "sub/inner"));
	CHECK(t, !file_exists(t, below(t, "sub/inner")));
	sabotage_append(t, below(t, "sub/other"), "line");
	CHECK_EQ(t, file_text(t, below(t, "sub/other")), "other\nline\n");
	CHECK_EQ(t, file_line(t, below(t, "file")), "covered"); /* in the mirror too */
	CHECK_OK(t, tree_walk(case_tree(t), folder, count_entry, &entries));
	CHECK_EQ(t, entries, 7); /* file link sub other new deep file: mirrors are walked */
	sabotage_remove(t, below(t, "sub"));
	CHECK(t, !file_exists(t, below(t, "sub")));
	sabotage_file(t, "/assay-sabotage-test", "in the root\n");
	CHECK_EQ(t, file_line(t, "/assay-sabotage-test"), "in the root");
	CHECK_EQ(t, file_line(t, below(t, "file")), "covered");
	/* What programs see is what the tree shows. */
	CHECK_ERRNO(t, access(below(t, "sub/other"), F_OK), ENOENT);
}

/* In a child, whose mounts go with it. */
static int run_in_private(void)
{
	struct result result;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	struct tree *tree =
		tree_of_folder("/"); /* now: a tree stays in the namespace that it was made in */
	const struct trial_setup setup = {
		.def = cases_find("sabotagetest.in_guest"),
		.tree = tree,
		.parameters = "",
		.private_mounts = true,
	};
	result_init(&result, "sabotagetest.in_guest");
	trial_execute(&setup, &result);
	EXPECT_TEXT(result.message, "");
	EXPECT_NUMBER(result.outcome, OUTCOME_PASS);
	result_done(&result);
	tree_free(tree);
	return 0;
}

static void write_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
	EXPECT(fchmod(fd, strcmp(name, "file") == 0 ? 04750 : 0644) == 0);
}

TEST(sabotage, in_the_guest_only_the_case_sees_it)
{
	CLEAN_FREE char *sub = xasprintf("%s/sub", test_folder());
	CLEAN_FREE char *file = xasprintf("%s/file", test_folder());
	CLEAN_TEXT struct text content = TEXT_INIT(64);
	int status = 0;

	if (geteuid() != 0)
		test_skip("only root can make a mount namespace");
	(void)snprintf(folder, sizeof folder, "%s", test_folder());
	EXPECT(mkdir(sub, 0755) == 0);
	write_file("file", "file\n");
	write_file("sub/inner", "inner\n");
	write_file("sub/other", "other\n");
	pid_t pid = fork();
	if (pid == 0)
		_exit(run_in_private());
	EXPECT(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		test_skip("mount namespaces are not allowed here");
	EXPECT_NUMBER(status, 0);
	EXPECT_NUMBER(text_read_file(&content, file), 0);
	EXPECT_TEXT(content.buf, "file\n");
	EXPECT(access(sub, F_OK) == 0);
	EXPECT(access("/assay-sabotage-test", F_OK) < 0);
}

TEST(sabotage, in_the_guest_needs_private_mounts)
{
	struct tree *tree = tree_of_folder("/");
	const struct trial_setup setup = {
		.def = cases_find("sabotagetest.in_guest"), .tree = tree, .parameters = ""};
	CLEAN_DONE(result) struct result result;

	(void)snprintf(folder, sizeof folder, "%s", test_folder());
	result_init(&result, "sabotagetest.in_guest");
	trial_execute(&setup, &result);
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
	tree_free(tree);
}
