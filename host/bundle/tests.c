/* SPDX-License-Identifier: Apache-2.0 */
/* From a tree to cases. */
#include "host/bundle/tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/bundle/pack.h"

/* Its tests need the tree, room to write, and a disk to make filesystems on. */
#define NEEDS	      "hotplug-slots>=3"
#define PLANTED_TEXT  "a test that fails is run in its place, from the same tree by the same way"
#define OUTER_SLACK_S 60 /* what the host waits longer than the agent */
#define TIMEOUT_MAX_S 86400

static const struct suite_maker {
	bool (*wants)(struct bundle_tests *tests, const char *name);
	int (*add_tests)(struct bundle_tests *tests, struct text *problems, struct err *e);
	int (*add_canaries)(struct bundle_tests *tests, struct err *e);
} makers[BUNDLE_SUITES] = {
	[BUNDLE_LTP] = {ltp_wants, ltp_add_tests, ltp_add_canaries},
	[BUNDLE_KSELFTEST] = {kselftest_wants, kselftest_add_tests, kselftest_add_canaries},
};

/* ---- life ---- */

static void files_done(struct bundle_files *files)
{
	vec_each (files, file) {
		free(file->name);
		free(file->bytes);
	}
	vec_done(files);
}

void bundle_tests_free(struct bundle_tests *tests)
{
	if (!tests)
		return;
	vec_each (&tests->all, it)
		free(*it);
	vec_done(&tests->all);
	vec_each (&tests->strings, string)
		free(*string);
	vec_done(&tests->strings);
	files_done(&tests->files);
	free(tests->disk);
	free(tests->root);
	free(tests);
}

static struct bundle_tests *bundle_tests_new(enum bundle_suite suite)
{
	struct bundle_tests *tests = xnew(sizeof *tests);

	*tests = (struct bundle_tests){
		.bundle = {.suite = suite},
		.all = VEC_INIT(BUNDLE_TESTS_MAX),
		.strings = VEC_INIT(9 * BUNDLE_TESTS_MAX),
		.files = VEC_INIT(BUNDLE_FILES_MAX),
	};
	return tests;
}

/* ---- adding ---- */

const char *bundle_keep(struct bundle_tests *tests, char *taken)
{
	if (!vec_add(&tests->strings, taken))
		abort(); /* there is a maximum of tests, and each keeps a few */
	return taken;
}

static const char *keep_copy(struct bundle_tests *tests, const char *string)
{
	return string ? bundle_keep(tests, xstrdup(string)) : NULL;
}

/* As long as it takes on the slowest kernel; the agent, which knows the kernel, ends it before. */
static unsigned outer_limit_s(const struct bundle_limit *limit)
{
	unsigned long long whole_s = bundle_limit_s(limit, true, 1);

	whole_s += OUTER_SLACK_S;
	return whole_s < TIMEOUT_MAX_S ? (unsigned)whole_s : TIMEOUT_MAX_S;
}

int bundle_add(struct bundle_tests *tests, const struct bundle_test_words *words,
	       struct bundle_case **ret, struct err *e)
{
	const char *suite = bundle_suite_name(tests->bundle.suite);
	char id[CASE_ID_SIZE];

	if (snprintf(id, sizeof id, "%s.%s.%s", suite, words->group, words->name) >= (int)sizeof id)
		return err_set(e, BLAME_USER, ENAMETOOLONG, "%s: '%s' is too long a name", suite,
			       words->name);
	struct bundle_case *it = xnew(sizeof *it);
	if (!vec_add(&tests->all, it)) {
		free(it);
		return err_set(e, BLAME_USER, E2BIG, "it has more than %d tests", BUNDLE_TESTS_MAX);
	}
	it->test = (struct bundle_test){
		.bundle = &tests->bundle,
		.name = keep_copy(tests, words->name),
		.folder = words->folder ? keep_copy(tests, words->folder) : "",
		.command = keep_copy(tests, words->command),
		.planted = keep_copy(tests, words->planted),
		.limit = words->limit,
	};
	it->info = (struct case_info){
		.area = bundle_keep(tests, xasprintf("%s.%s", suite, words->group)),
		.name = it->test.name,
		.title = keep_copy(tests, words->title),
		.kind = CASE_KIND_TEST,
		.priority = P2,
		.isolation = ISOLATION_SHARED,
		.needs = NEEDS,
		.timeout_s = outer_limit_s(&words->limit),
		.fixes = keep_copy(tests, words->fixes),
		.sabotage = {.kind = SABOTAGE_CODE, .text = PLANTED_TEXT},
		.test = &it->test,
	};
	*ret = it;
	return 0;
}

int bundle_add_canaries(struct bundle_tests *tests, const struct bundle_canary *canaries,
			size_t count, const char *good, const char *bad, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct bundle_canary *canary = &canaries[i];
		bool hangs = strcmp(canary->name, BUNDLE_CANARY_HANGS) == 0;
		bool is_good = canary->wanted == OUTCOME_PASS;
		const struct bundle_test_words words = {
			.group = "canary",
			.name = canary->name,
			.command = canary->command,
			.planted = is_good ? bad : good,
			.title = canary->title,
			.limit = {.body_s = hangs ? 0 : 30, .run_s = hangs ? 1 : 0, .rounds = 1},
		};
		struct bundle_case *it;
		int r = bundle_add(tests, &words, &it, e);
		if (r < 0)
			return r;
		it->test.is_canary = true;
		it->test.wanted = canary->wanted;
		it->info.priority = P0;
		it->info.why = "Only while planted ends are told from each other the ends of the "
			       "suite's own tests are worth a verdict";
		it->info.remedy = "Look at what the planted test printed, and at the guest's shell";
		it->info.sabotage.text = is_good ? "the planted test fails instead"
						 : "the planted test passes instead";
	}
	return 0;
}

/* ---- the tree ---- */

const char *bundle_last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

const struct bundle_file *bundle_find_file(const struct bundle_tests *tests, const char *root,
					   const char *name)
{
	CLEAN_FREE char *whole = xasprintf("%s%s", root, name);

	vec_each (&tests->files, file)
		if (strcmp(file->name, whole) == 0)
			return file;
	return NULL;
}

void bundle_set_root(struct bundle_tests *tests, const char *root)
{
	tests->root = xasprintf("%.*s", (int)(root[0] ? strlen(root) - 1 : 0), root);
	tests->bundle.root = tests->root;
}

/* ---- opening ---- */

static bool wants(void *arg, const char *name)
{
	struct bundle_tests *tests = arg;

	return makers[tests->bundle.suite].wants(tests, name);
}

static int take_file(void *arg, const char *name, const char *bytes, size_t length, struct err *e)
{
	struct bundle_tests *tests = arg;
	struct bundle_file file = {
		.name = xstrdup(name), .bytes = xnew(length + 1), .length = length};

	memcpy(file.bytes, bytes, length);
	if (vec_add(&tests->files, file))
		return 0;
	free(file.name);
	free(file.bytes);
	return err_set(e, BLAME_USER, E2BIG, "it has more than %d listing files", BUNDLE_FILES_MAX);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct bundle_file *)a)->name, ((const struct bundle_file *)b)->name);
}

int bundle_open(enum bundle_suite suite, const char *source, const char *cache,
		struct bundle_tests **ret, struct text *problems, struct err *e)
{
	CLEANUP(bundle_tests) struct bundle_tests *tests = bundle_tests_new(suite);
	int r = pack_make(source, cache, &tests->disk, e);

	if (r == 0)
		r = pack_read(tests->disk, wants, take_file, tests, e);
	if (r < 0)
		return r;
	tests->bundle.disk = tests->disk;
	if (tests->files.count > 0)
		qsort(tests->files.items, tests->files.count, sizeof *tests->files.items,
		      compare_files);
	r = makers[suite].add_tests(tests, problems, e);
	if (r == 0)
		r = makers[suite].add_canaries(tests, e);
	if (r < 0)
		return problems->length > 0 ? r : err_wrap(e, "%s", source);
	files_done(&tests->files);
	*ret = STEAL_PTR(tests);
	return 0;
}
