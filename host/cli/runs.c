/* SPDX-License-Identifier: Apache-2.0 */
/* assay runs: which runs are kept; removing them; making the store again from their journals. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/log.h"
#include "host/cli/verb.h"
#include "host/store/folder.h"
#include "host/store/journal.h"
#include "host/store/store.h"

struct arguments {
	bool json, rebuild;
	const char *remove;
};

static const struct option_line options[] = {
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
	OPTION_FLAG("rebuild", 0, struct arguments, rebuild,
		    "read all journals into the store again"),
	OPTION_TEXT("remove", 0, struct arguments, remove, "RUN",
		    "remove a run's folder and forget it"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_runs = {
	.name = "runs",
	.operands = "",
	.title = "show the runs that are kept, newest first",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
};

static int open_store(struct store **ret, struct err *e)
{
	CLEAN_FREE char *state = NULL;
	int r = state_folder("", &state, e);

	if (r == 0)
		r = folder_make(state, e);
	if (r < 0)
		return r;
	CLEAN_FREE char *path = xasprintf("%s/assay.db", state);
	return store_open(path, ret, e);
}

/* ---- listing ---- */

struct listing {
	bool json;
	struct text out;
};

static bool is_there(const char *folder)
{
	struct stat stat_;

	return stat(folder, &stat_) == 0;
}

static bool is_going(const struct store_run *run)
{
	CLEAN_FREE char *journal = xasprintf("%s/journal.jsonl", run->folder);

	return run->ending[0] == '\0' && journal_is_written(journal);
}

static void add_json(const struct store_run *run, struct text *out)
{
	json_open(out, '{');
	json_member(out, "run", run->id);
	json_member(out, "folder", run->folder);
	json_member(out, "image", run->image);
	json_member(out, "retests", run->retests[0] ? run->retests : NULL);
	json_member(out, "begun", run->begun);
	json_member(out, "ending", run->ending[0] ? run->ending : NULL);
	json_member_number(out, "total", run->total);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_member_number(out, outcome_name((enum outcome)i), run->counts[i]);
	json_key(out, "going");
	json_bool(out, is_going(run));
	json_key(out, "kept");
	json_bool(out, is_there(run->folder));
	json_close(out, '}');
}

static int add_run(void *arg, const struct store_run *run)
{
	struct listing *listing = arg;

	if (listing->json) {
		add_json(run, &listing->out);
		return 0;
	}
	text_addf(&listing->out, "%-44s %4u cases, %u passed, %u failed", run->id, run->total,
		  run->counts[OUTCOME_PASS], run->counts[OUTCOME_FAIL]);
	if (run->counts[OUTCOME_BROKEN] + run->counts[OUTCOME_INFRA])
		text_addf(&listing->out, ", %u undecided",
			  run->counts[OUTCOME_BROKEN] + run->counts[OUTCOME_INFRA]);
	if (run->retests[0])
		text_addf(&listing->out, ", retests %s", run->retests);
	if (!is_there(run->folder))
		text_adds(&listing->out, " (its folder is gone)");
	else if (is_going(run))
		text_adds(&listing->out, " (still going on)");
	else if (strcmp(run->ending, "done") != 0)
		text_addf(&listing->out, " (%s)",
			  run->ending[0] ? run->ending : "it did not end by itself");
	text_adds(&listing->out, "\n");
	return 0;
}

static int list_runs(struct store *store, bool json, struct err *e)
{
	struct listing listing = {.json = json, .out = TEXT_INIT(64U << 20)};

	if (json)
		json_open(&listing.out, '[');
	int r = store_runs(store, add_run, &listing, e);
	if (json)
		text_adds(&listing.out, "]\n");
	if (r == 0)
		r = print_out(&listing.out, e);
	text_done(&listing.out);
	return r;
}

/* ---- rebuilding ---- */

static int take_in(struct store *store, const char *folder, struct err *e)
{
	CLEANUP(run) struct run *run = NULL;
	int r = read_run(folder, &run, e);

	return r == 0 ? store_begin(store, run, e) : r;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int rebuild(struct store *store, struct err *e)
{
	CLEAN_FREE char *runs = NULL;
	struct dirent **entries = NULL;
	unsigned taken = 0;
	int r = state_folder("runs", &runs, e);

	if (r < 0)
		return r;
	int count = scandir(runs, &entries, is_visible, alphasort);
	for (int i = 0; i < count; i++) {
		CLEAN_FREE char *folder = xasprintf("%s/%s", runs, entries[i]->d_name);
		/* A link to a folder that is gone has done its service. */
		if (!is_there(folder))
			(void)unlink(folder);
		else if (take_in(store, folder, e) == 0)
			taken++;
		else
			log_warning("%s", e->text);
		free(entries[i]);
	}
	free(entries);
	err_clear(e);
	CLEAN_TEXT struct text out = TEXT_INIT(256);
	text_addf(&out, "%u runs are in the store\n", taken);
	return print_out(&out, e);
}

/* ---- removing ---- */

/* A run that lies elsewhere (--out), or whose folder is gone, is known to the store alone. */
struct sought {
	const char *id;
	char *folder;
};

static int take_folder(void *arg, const struct store_run *run)
{
	struct sought *sought = arg;

	if (strcmp(run->id, sought->id) == 0)
		sought->folder = xstrdup(run->folder);
	return sought->folder != NULL;
}

static int find_in_store(struct store *store, const char *id, char **ret, struct err *e)
{
	struct sought sought = {.id = id};
	int r = store_runs(store, take_folder, &sought, e);

	*ret = sought.folder;
	return r;
}

/* The link to a run that lies elsewhere; of no use without it. */
static void remove_link(const char *id)
{
	CLEAN_FREE char *runs = NULL;
	struct err ignored = {0};

	if (state_folder("runs", &runs, &ignored) < 0)
		return;
	CLEAN_FREE char *path = xasprintf("%s/%s", runs, id);
	(void)unlink(path); /* never a folder: unlink refuses those */
}

static int remove_folder(const struct run *run, struct err *e)
{
	CLEAN_FREE char *journal = xasprintf("%s/journal.jsonl", run->folder);

	if (journal_is_written(journal))
		return err_set(e, BLAME_USER, EBUSY,
			       "run %s is still going on: wait for its end, or end it", run->id);
	int r = run_folder_remove(run->folder, e);
	if (r > 0)
		log_warning("%s holds more than the run: the rest is left there", run->folder);
	return r < 0 ? r : 0;
}

static int remove_run(struct store *store, const char *name, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	struct err gone = {0};
	int r = find_run(name, &folder, e);

	if (r == 0)
		r = run_load(folder, &run, e);
	else if (r == -ENOENT && find_in_store(store, name, &folder, &gone) > 0) {
		err_clear(e);
		r = 0;
		/* By now there may lie another one. */
		if (run_load(folder, &run, &gone) < 0 || strcmp(run->id, name) != 0)
			return store_forget(store, name, e);
	}
	if (r == 0)
		r = remove_folder(run, e);
	if (r == 0)
		remove_link(run->id);
	return r == 0 ? store_forget(store, run->id, e) : r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(store) struct store *store = NULL;

	int r = verb_parse(&verb_runs, &argc, argv, 0, 0, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = open_store(&store, e);
	if (r == 0 && arguments.rebuild)
		r = rebuild(store, e);
	else if (r == 0 && arguments.remove)
		r = remove_run(store, arguments.remove, e);
	else if (r == 0)
		r = list_runs(store, arguments.json, e);
	return r;
}
