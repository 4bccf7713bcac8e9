/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of an installed kselftest tree as cases. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/yaml.h"
#include "host/bundle/kselftest_list.h"
#include "host/bundle/tests.h"

static void put(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/tree/%s", test_folder(), name);

	for (char *at = path + strlen(test_folder()) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	EXPECT(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static int open_tree(struct bundle_tests **ret, struct text *problems, struct err *e)
{
	CLEAN_FREE char *source = xasprintf("%s/tree", test_folder());

	return bundle_open(BUNDLE_KSELFTEST, source, test_folder(), ret, problems, e);
}

static const struct bundle_case *find(const struct bundle_tests *tests, const char *wanted)
{
	char id[CASE_ID_SIZE];

	vec_each (&tests->all, it)
		if (strcmp(case_id(&(*it)->info, id), wanted) == 0)
			return *it;
	return NULL;
}

static void expect_error(const char *why)
{
	CLEANUP(bundle_tests) struct bundle_tests *tests = NULL;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct err e = {0};

	EXPECT(open_tree(&tests, &problems, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(strstr(problems.length > 0 ? problems.buf : e.text, why) != NULL);
}

TEST(bundle_kselftest, makes_cases_of_lines)
{
	CLEANUP(bundle_tests) struct bundle_tests *tests = NULL;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct err e = {0};

	put("opt/k/kselftest-list.txt",
	    "timers:nanosleep\nsysctl:sysctl.sh\nfilesystems/epoll:wakeup\nsize:get_size\nsize:get_size\n");
	put("opt/k/timers/nanosleep", "");
	put("opt/k/timers/settings", "# all of them\ntimeout=0\n");
	put("opt/k/size/settings", "timeout=7\nfurther=yes\n");
	put("opt/k/sub/kselftest-list.txt", "a:b\n");
	EXPECT_NUMBER(open_tree(&tests, &problems, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(tests->bundle.root, "opt/k");
	const struct bundle_case *it = find(tests, "kselftest.timers.nanosleep");
	EXPECT(it && !find(tests, "kselftest.a.b"));
	EXPECT_TEXT(it->test.command, "./nanosleep");
	EXPECT_TEXT(it->test.folder, "timers");
	EXPECT_NUMBER(it->test.limit.body_s, 1800);
	EXPECT_NUMBER(find(tests, "kselftest.size.get_size")->test.limit.body_s, 7);
	it = find(tests, "kselftest.filesystems.epoll.wakeup");
	EXPECT(it != NULL);
	EXPECT_TEXT(it->test.folder, "filesystems/epoll");
	EXPECT_NUMBER(it->test.limit.body_s, 45);
	EXPECT(it->info.sabotage.kind == SABOTAGE_CODE && it->test.planted);
	it = find(tests, "kselftest.canary.says_nothing");
	EXPECT(it && it->test.is_canary && it->test.wanted == OUTCOME_BROKEN);
	EXPECT_TEXT(it->test.folder, "");
	EXPECT(find(tests, "kselftest.sysctl.sysctl.sh") != NULL);
	EXPECT_NUMBER(tests->all.count, 4 + 13);
}

TEST(bundle_kselftest, says_what_is_no_tree)
{
	put("README", "hello\n");
	expect_error("it is no tree of kselftest: there is no kselftest-list.txt");
	put("tools/testing/selftests/lib.mk", "");
	expect_error("it is the source of kselftest, and the tests are to be built first");
	put("kselftest-list.txt", "timers:nanosleep\ntimers\n.x:y\na/b/..:y\na:b c\na:\n");
	expect_error("kselftest-list.txt:2:1: the line is no COLLECTION:TEST");
	expect_error(
		"kselftest-list.txt:3:1: a part of the collection's path is empty or begins with '.'");
	expect_error("kselftest-list.txt:4:5: a part of the collection's path");
	expect_error("kselftest-list.txt:5:4: the test's name has others than letters");
	expect_error("kselftest-list.txt:6:3: the test's name is empty");
	put("timers/settings", "# x\ntimeout=ten\n");
	put("kselftest-list.txt", "timers:nanosleep\n");
	expect_error("timers/settings:2:9: 'ten' is no number of seconds");
	put("timers/settings", "timeout=10\n");
	put("kselftest-list.txt", "\n");
	expect_error("its kselftest-list.txt holds no test");
	put("kselftest-list.txt", "a/b:c\na:b.c\n");
	expect_error("two tests of its kselftest-list.txt have the id kselftest.a.b.c");
}

TEST(bundle_kselftest, says_what_was_not_installed)
{
	put("kselftest-list.txt", "timers:nanosleep\n");
	put("run_kselftest.sh", "");
	put("kselftest/runner.sh", "");
	put("timers/settings", "");
	expect_error("there is no program in it");
}
