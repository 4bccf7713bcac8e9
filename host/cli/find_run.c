/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a kept run by what people type. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/verb.h"
#include "host/store/folder.h"

static bool holds_run(const char *folder)
{
	CLEAN_FREE char *plan = xasprintf("%s/plan.json", folder);
	struct stat stat_;

	return stat(plan, &stat_) == 0;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool matches(const char *id, const char *name)
{
	return strcmp(name, "last") == 0 || strstr(id, name) != NULL;
}

/* The newest run whose id holds `name`; ids sort by time. */
static int find_among(const char *runs, const char *name, char **ret, struct err *e)
{
	struct dirent **entries = NULL;
	unsigned found = 0;
	int count = scandir(runs, &entries, is_visible, alphasort);
	bool exact = false;

	for (int i = 0; i < count; i++) {
		CLEAN_FREE char *folder = xasprintf("%s/%s", runs, entries[i]->d_name);
		if (!exact && matches(entries[i]->d_name, name) && holds_run(folder)) {
			exact = strcmp(entries[i]->d_name, name) == 0;
			found = exact ? 1 : found + 1;
			free(*ret);
			*ret = STEAL_PTR(folder);
		}
		free(entries[i]);
	}
	free(entries);
	if (found == 0)
		return err_set(e, BLAME_USER, ENOENT,
			       "no run '%.100s' in %s; `assay runs` shows them", name, runs);
	if (found > 1 && strcmp(name, "last") != 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "'%.60s' fits %u runs; write more of the id (`assay runs`)", name,
			       found);
	return 0;
}

int find_run(const char *name, char **ret, struct err *e)
{
	CLEAN_FREE char *runs = NULL, *found = NULL;

	if (holds_run(name)) {
		*ret = xstrdup(name);
		return 0;
	}
	int r = strchr(name, '/') ? err_set(e, BLAME_USER, ENOENT, "%s holds no run", name)
				  : state_folder("runs", &runs, e);
	if (r == 0)
		r = find_among(runs, name, &found, e);
	if (r == 0)
		*ret = STEAL_PTR(found);
	return r;
}
