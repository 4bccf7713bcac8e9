/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of LTP's tree as cases. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/yaml.h"
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

	return bundle_open(BUNDLE_LTP, source, test_folder(), ret, problems, e);
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

TEST(bundle_ltp, makes_cases_of_lines)
{
	CLEANUP(bundle_tests) struct bundle_tests *tests = NULL;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct err e = {0};

	put("opt/ltp/testcases/bin/abs01", "#!/bin/sh\n");
	put("opt/ltp/runtest/math", "abs01 abs01 -i 2\n");
	put("opt/ltp/runtest/Makefile", "not: a scenario\n");
	put("opt/ltp/runtest/cve", "abs01 abs01\n");
	put("opt/ltp/sub/runtest/other", "x x\n");
	put("opt/ltp/metadata/ltp.json",
	    "{\"tests\":{\"abs01\":{\"timeout\":\"10\",\"tags\":[[\"CVE\",\"2016-7117\"]]}}}");
	EXPECT_NUMBER(open_tree(&tests, &problems, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(tests->bundle.root, "opt/ltp");
	const struct bundle_case *it = find(tests, "ltp.math.abs01");
	EXPECT(it && find(tests, "ltp.cve.abs01") && !find(tests, "ltp.other.x"));
	EXPECT_TEXT(it->test.command, "abs01 -i 2");
	EXPECT_TEXT(it->info.fixes, "CVE-2016-7117");
	EXPECT_NUMBER(it->test.limit.body_s, 40);
	EXPECT_NUMBER(it->info.timeout_s, 4 * 40 + 1 + 60);
	EXPECT(it->info.sabotage.kind == SABOTAGE_CODE && it->test.planted);
	EXPECT(find(tests, "ltp.canary.fails")->test.is_canary);
}

TEST(bundle_ltp, says_what_is_no_tree)
{
	put("README", "hello\n");
	expect_error("it is no tree of LTP: there is no folder runtest");
	put("runtest/math", "abs01 abs01\n");
	expect_error("there is no program in its testcases/bin/: it was not built");
	put("testcases/bin/abs01", "");
	put("runtest/math", "abs01\nb c\nb d\n");
	expect_error("runtest/math:1:1: the tag 'abs01' has no command");
	expect_error("runtest/math:3:1: the tag 'b' stands in line 2 already");
	put("runtest/math", "# nothing\n");
	expect_error("hold no test");
	put("runtest/math", "abs01 abs01\n");
	put("metadata/ltp.json", "{\"tests\": {]}");
	expect_error("metadata/ltp.json:1:");
}
