/* SPDX-License-Identifier: Apache-2.0 */
/* --cases: folders with programs that are cases. */
#include <stdio.h>
#include <string.h>

#include "host/cli/verb.h"

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

/* The lines stand for themselves, as a compiler's do: editors jump to them. */
static int tell_problems(const struct text *problems, struct err *e)
{
	unsigned count = count_lines(problems->buf);

	(void)fflush(stdout);
	(void)fputs(problems->buf, stderr);
	return err_set(e, BLAME_USER, EINVAL,
		       "%u problem%s in what --cases names; nothing was done", count,
		       count == 1 ? "" : "s");
}

int add_case_folders(struct catalog *catalog, const struct text_list *paths, struct err *e)
{
	CLEANUP(case_folders) struct case_folders *folders = case_folders_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (paths->count == 0)
		return 0;
	vec_each (paths, path)
		(void)case_folders_add(folders, *path, &problems);
	if (problems.length > 0)
		return tell_problems(&problems, e);
	int r = catalog_add_folders(catalog, folders, e);
	if (r == 0)
		folders = NULL; /* taken */
	return r;
}
