/* SPDX-License-Identifier: Apache-2.0 */
/* --cases: folders with programs that are cases. */
#include "host/cli/verb.h"

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
