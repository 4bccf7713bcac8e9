/* SPDX-License-Identifier: Apache-2.0 */
/* An installed tree of the kernel's selftests: which tests there are, and those that are planted beside them. */
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "host/bundle/kselftest_list.h"
#include "host/bundle/tests.h"

#define LIST	 "kselftest-list.txt"
#define SETTINGS "settings"
#define RUNNER	 "kselftest/" /* its runner's own files */

/* Where a collection's settings say that there is no limit: a test that hangs must not hold the run. */
#define LONGEST_S 1800

/* ---- what a planted test prints, as kselftest's own would ---- */

#define HEAD(plan) "echo 'TAP version 13'; echo '1.." #plan "'; "
#define GOOD	   HEAD(1) "echo 'ok 1 planted: it holds'; exit 0"
#define BAD	   HEAD(1) "echo 'not ok 1 planted: it does not hold'; exit 1"

static const struct bundle_canary canaries[] = {
	{"passes", "A planted kselftest that passes is a pass", GOOD, OUTCOME_PASS},
	{"fails", "A planted kselftest that fails is a failure", BAD, OUTCOME_FAIL},
	{"fails_within", "A planted kselftest of whose nested tests one fails is a failure",
	 HEAD(1) "echo '# TAP version 13'; echo '# 1..2'; echo '# ok 1 planted: it holds'; "
		 "echo '# not ok 2 planted: it does not hold'; echo 'not ok 1 planted'; exit 1",
	 OUTCOME_FAIL},
	{"fails_as_expected", "A planted kselftest that fails as it expects is a pass",
	 HEAD(1) "echo 'ok 1 planted # XFAIL it cannot hold yet'; exit 0", OUTCOME_PASS},
	{"breaks", "A planted kselftest that cannot tell is broken",
	 HEAD(1) "echo 'not ok 1 planted # ERROR it cannot tell'; exit 1", OUTCOME_BROKEN},
	{"skips", "A planted kselftest that is not for this system is skipped",
	 "echo 'TAP version 13'; echo '1..0 # SKIP planted: not for this system'; exit 4",
	 OUTCOME_SKIP},
	{"says_nothing", "A planted kselftest that says nothing is no pass", "exit 0",
	 OUTCOME_BROKEN},
	{"contradicts_itself", "A planted kselftest whose KTAP and exit status differ is no pass",
	 HEAD(1) "echo 'not ok 1 planted: it does not hold'; exit 0", OUTCOME_BROKEN},
	{"has_no_plan", "A planted kselftest without a plan is no pass",
	 "echo 'TAP version 13'; echo 'ok 1 planted: it holds'; exit 0", OUTCOME_BROKEN},
	{"is_cut_off", "A planted kselftest that tells less than it planned is no pass",
	 HEAD(2) "echo 'ok 1 planted: it holds'; exit 0", OUTCOME_BROKEN},
	{"crashes", "A planted kselftest that crashes after it passed is no pass",
	 HEAD(1) "echo 'ok 1 planted: it holds'; kill -SEGV $$", OUTCOME_BROKEN},
	{"is_not_there", "A planted kselftest whose program is missing is no pass",
	 "exec ./assay-no-such-program", OUTCOME_BROKEN},
	{BUNDLE_CANARY_HANGS, "A planted kselftest that hangs is ended by its limit",
	 HEAD(1) "echo 'ok 1 planted: it holds'; exec sleep 10000", OUTCOME_BROKEN},
};

int kselftest_add_canaries(struct bundle_tests *tests, struct err *e)
{
	return bundle_add_canaries(tests, canaries, ARRAY_LEN(canaries), GOOD, BAD, e);
}

/* ---- the tree ---- */

/* "opt/kselftest-list.txt": 4 for "opt/"; -1: it is no list. */
static long list_root(const char *name)
{
	const char *file = bundle_last_part(name);

	return strcmp(file, LIST) == 0 ? (long)(file - name) : -1;
}

static bool is_program(const char *name)
{
	const char *file = bundle_last_part(name);

	return file != name && !strstr(name, RUNNER) && strcmp(file, SETTINGS) != 0 &&
	       strcmp(file, "config") != 0;
}

bool kselftest_wants(struct bundle_tests *tests, const char *name)
{
	tests->has_programs = tests->has_programs || is_program(name);
	tests->is_source =
		tests->is_source || strstr(name, "selftests/lib.mk") || strcmp(name, "lib.mk") == 0;
	return list_root(name) >= 0 || strcmp(bundle_last_part(name), SETTINGS) == 0;
}

/* The list's folder, with its slash at the end; the one that lies highest. NULL: there is none. */
static const char *find_root(struct bundle_tests *tests)
{
	const char *found = NULL;

	vec_each (&tests->files, file)
		if (list_root(file->name) >= 0 &&
		    (!found || list_root(file->name) < list_root(found)))
			found = file->name;
	return found ? bundle_keep(tests, xasprintf("%.*s", (int)list_root(found), found)) : NULL;
}

static int refuse_tree(const struct bundle_tests *tests, struct err *e)
{
	if (tests->is_source)
		return err_set(
			e, BLAME_USER, ENOENT,
			"it is the source of kselftest, and the tests are to be built first: "
			"`make headers` and `make -C tools/testing/selftests TARGETS=... install "
			"INSTALL_PATH=TREE` in the kernel's source make a tree");
	return err_set(e, BLAME_USER, ENOENT,
		       "it is no tree of kselftest: there is no " LIST
		       " in it; `make -C tools/testing/selftests install` of the kernel's source "
		       "makes such a tree, and `gen_tar` a tarball of one");
}

/* ---- its tests ---- */

struct making {
	struct bundle_tests *tests;
	const char *root;
	struct text *problems;
	const char *settings_of; /* the collection whose settings were read last */
	unsigned timeout_s;
};

/* "filesystems/epoll" is a group of the area kselftest.filesystems. */
static char *group_of(const char *collection)
{
	char *group = xstrdup(collection);

	for (char *at = group; (at = strchr(at, '/'));)
		*at = '.';
	return group;
}

static void read_settings(struct making *making, const char *collection)
{
	CLEAN_FREE char *name = xasprintf("%s/" SETTINGS, collection);

	/* The list has a collection's tests together. */
	if (making->settings_of && strcmp(making->settings_of, collection) == 0)
		return;
	const struct bundle_file *file = bundle_find_file(making->tests, making->root, name);
	making->settings_of = collection;
	making->timeout_s = KSELFTEST_TIMEOUT_S;
	if (file)
		(void)kselftest_settings_parse(file->name, file->bytes, file->length,
					       &making->timeout_s, making->problems);
}

static int add_line(struct making *making, const struct kselftest_line *line, struct err *e)
{
	CLEAN_FREE char *group = group_of(line->collection);
	CLEAN_FREE char *title =
		xasprintf("The kernel's selftest %s of %s passes", line->test, line->collection);
	CLEAN_FREE char *command = xasprintf("./%s", line->test);
	struct bundle_case *ignored;

	read_settings(making, line->collection);
	const struct bundle_test_words words = {
		.group = group,
		.name = line->test,
		.folder = line->collection,
		.command = command,
		.planted = BAD,
		.title = title,
		.limit = {.body_s = making->timeout_s > 0 ? making->timeout_s : LONGEST_S,
			  .rounds = 1},
	};
	return bundle_add(making->tests, &words, &ignored, e);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The test c of a/b and the test b.c of a have one id. */
static int check_ids(struct bundle_tests *tests, struct err *e)
{
	size_t count = tests->all.count;
	CLEAN_FREE const char **ids = xnew((count + 1) * sizeof *ids);
	char id[CASE_ID_SIZE];

	for (size_t i = 0; i < count; i++)
		ids[i] = bundle_keep(tests, xstrdup(case_id(&tests->all.items[i]->info, id)));
	qsort(ids, count, sizeof *ids, compare_ids);
	for (size_t i = 1; i < count; i++)
		if (strcmp(ids[i - 1], ids[i]) == 0)
			return err_set(e, BLAME_USER, EEXIST,
				       "two tests of its " LIST " have the id %s", ids[i]);
	return 0;
}

static int add_lines(struct making *making, const struct kselftest_list *list, struct err *e)
{
	int r = 0;

	vec_each (&list->lines, line)
		if (r == 0)
			r = add_line(making, line, e);
	if (r == 0 && making->problems->length > 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "kselftest's list or settings cannot be used");
	if (r == 0 && list->lines.count == 0)
		return err_set(e, BLAME_USER, ENODATA, "its %s" LIST " holds no test",
			       making->root);
	return r == 0 ? check_ids(making->tests, e) : r;
}

int kselftest_add_tests(struct bundle_tests *tests, struct text *problems, struct err *e)
{
	CLEAN_DONE(kselftest_list) struct kselftest_list list = KSELFTEST_LIST_INIT;
	const char *root = find_root(tests);
	struct making making = {.tests = tests, .root = root, .problems = problems};

	if (!root)
		return refuse_tree(tests, e);
	if (!tests->has_programs)
		return err_set(e, BLAME_USER, ENOENT,
			       "there is no program in it, but a " LIST
			       ": it was not installed whole");
	bundle_set_root(tests, root);
	const struct bundle_file *file = bundle_find_file(tests, root, LIST);
	(void)kselftest_list_parse(file->name, file->bytes, file->length, &list, problems);
	return add_lines(&making, &list, e);
}
