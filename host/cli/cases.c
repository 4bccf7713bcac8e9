/* SPDX-License-Identifier: Apache-2.0 */
/* --cases: folders with programs that are cases; --suite-from: trees of communities' suites. */
#include <string.h>

#include "host/bundle/tests.h"
#include "host/cli/verb.h"
#include "host/store/folder.h"

int add_case_folders(struct catalog *catalog, const struct text_list *paths, struct err *e)
{
	CLEANUP(case_folders) struct case_folders *folders = case_folders_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (paths->count == 0)
		return 0;
	vec_each (paths, path)
		(void)case_folders_add(folders, *path, &problems);
	if (problems.length > 0)
		return print_problems(&problems, "what --cases names", e);
	int r = catalog_add_folders(catalog, folders, e);
	if (r == 0)
		folders = NULL; /* taken */
	return r;
}

/* ---- suites ---- */

static int parse_source(const char *source, enum bundle_suite *ret_suite, const char **ret_path,
			struct err *e)
{
	const char *equals = strchr(source, '=');
	const char *known[BUNDLE_SUITES + 1] = {NULL};
	CLEAN_FREE char *name = xasprintf("%.*s", (int)(equals ? equals - source : 0), source);

	if (!equals || !equals[1])
		return err_set(
			e, BLAME_USER, EINVAL,
			"--suite-from: '%.200s' does not name a suite and its tree: ltp=PATH or kselftest=PATH",
			source);
	*ret_path = equals + 1;
	if (bundle_suite_parse(name, ret_suite) == 0)
		return 0;
	for (unsigned i = 0; i < BUNDLE_SUITES; i++)
		known[i] = bundle_suite_name((enum bundle_suite)i);
	const char *near = nearest_word(name, known);
	return err_set(e, BLAME_USER, EINVAL, "--suite-from: nobody knows the suite '%.40s'%s%s%s",
		       name,
		       near ? "; did you mean '" : "; assay-suite(5) has those that are known",
		       near ? near : "", near ? "'?" : "");
}

static void free_tests(void *tests)
{
	bundle_tests_free(tests);
}

static int add_tests(struct catalog *catalog, struct bundle_tests *tests, struct err *e)
{
	CLEAN_FREE const struct case_info **infos = xnew((tests->all.count + 1) * sizeof *infos);

	for (size_t i = 0; i < tests->all.count; i++)
		infos[i] = &tests->all.items[i]->info;
	return catalog_add_cases(catalog, infos, tests->all.count, tests, free_tests, e);
}

static int add_suite_tree(struct catalog *catalog, const char *source, const char *cache,
			  struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEANUP(bundle_tests) struct bundle_tests *tests = NULL;
	enum bundle_suite suite;
	const char *path = NULL;

	int r = parse_source(source, &suite, &path, e);
	if (r == 0)
		r = bundle_open(suite, path, cache, &tests, &problems, e);
	if (r < 0)
		return problems.length > 0 ? print_problems(&problems, path, e) : r;
	r = add_tests(catalog, tests, e);
	if (r == 0)
		tests = NULL; /* taken */
	return r;
}

int add_suite_trees(struct catalog *catalog, const struct text_list *sources, struct err *e)
{
	CLEAN_FREE char *cache = NULL;
	int r = sources->count > 0 ? cache_folder("suites", &cache, e) : 0;

	if (r == 0 && sources->count > 0)
		r = folder_make(cache, e);
	vec_each (sources, source)
		if (r == 0)
			r = add_suite_tree(catalog, *source, cache, e);
	return r;
}
