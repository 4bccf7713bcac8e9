/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a kept run by what people type. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "host/cli/verb.h"
#include "host/store/folder.h"
#include "host/store/journal.h"
#include "host/store/run.h"

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

/* What a name was compared with so far. */
struct search {
	const char *name;
	char *found;
	unsigned count;
	bool is_exact;
	struct timespec newest; /* when the plan of `found` was written */
};

static bool is_newer(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool fits(const struct search *search, const char *id, const struct timespec *written)
{
	if (strcmp(search->name, "last") == 0)
		return search->count == 0 || is_newer(written, &search->newest);
	return !search->is_exact && strstr(id, search->name);
}

/* A link leads to where a run lies that was kept elsewhere. */
static void consider(struct search *search, const char *runs, const char *id)
{
	CLEAN_FREE char *plan = xasprintf("%s/%s/plan.json", runs, id);
	struct stat stat_;

	if (stat(plan, &stat_) < 0 || !fits(search, id, &stat_.st_mtim))
		return;
	plan[strlen(plan) - strlen("/plan.json")] = '\0';
	free(search->found);
	search->found = realpath(plan, NULL);
	search->newest = stat_.st_mtim;
	search->is_exact = strcmp(id, search->name) == 0;
	search->count = search->is_exact ? 1 : search->count + 1;
}

/* The one run whose id holds the name; "last" is the newest. */
static int find_among(const char *runs, struct search *search, struct err *e)
{
	struct dirent **entries = NULL;
	int count = scandir(runs, &entries, is_visible, alphasort);

	for (int i = 0; i < count; i++) {
		consider(search, runs, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (!search->found && strcmp(search->name, "last") == 0)
		return err_set(e, BLAME_USER, ENOENT,
			       "no run is kept in %s: `assay run IMAGE` makes one", runs);
	if (!search->found)
		return err_set(e, BLAME_USER, ENOENT,
			       "no run '%.100s' in %s; `assay runs` shows them", search->name,
			       runs);
	if (search->count > 1 && strcmp(search->name, "last") != 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "'%.60s' fits %u runs; write more of the id (`assay runs`)",
			       search->name, search->count);
	return 0;
}

int find_run(const char *name, char **ret, struct err *e)
{
	CLEAN_FREE char *runs = NULL;
	struct search search = {.name = name};

	if (holds_run(name)) {
		*ret = xstrdup(name);
		return 0;
	}
	int r = strchr(name, '/') ? err_set(e, BLAME_USER, ENOENT, "%s holds no run", name)
				  : state_folder("runs", &runs, e);
	if (r == 0)
		r = find_among(runs, &search, e);
	if (r == 0)
		*ret = search.found;
	else
		free(search.found);
	return r;
}

int read_run(const char *folder, struct run **ret, struct err *e)
{
	CLEAN_FREE char *journal = xasprintf("%s/journal.jsonl", folder);
	int r = run_load(folder, ret, e);

	if (r < 0 || (*ret)->lost_lines == 0)
		return r;
	if (journal_is_written(journal))
		return 0; /* the line that is just being added */
	log_warning(
		"the last %zu line%s of %s %s damaged, as a power cut leaves them, and passed over: the cases they "
		"told of have no result",
		(*ret)->lost_lines, (*ret)->lost_lines == 1 ? "" : "s", journal,
		(*ret)->lost_lines == 1 ? "is" : "are");
	return 0;
}
