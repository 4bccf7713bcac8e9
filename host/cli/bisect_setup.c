/* SPDX-License-Identifier: Apache-2.0 */
/* What is bisected, and by which words each one is tried. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/bisect.h"
#include "host/cli/execute.h"
#include "host/store/folder.h"
#include "host/store/claim.h"

void bisecting_done(struct bisecting *b)
{
	if (b->claim_path)
		claim_drop(b->claim_path, &b->claim);
	free(b->claim_path);
	free(b->folder);
	free(b->program);
	git_done(&b->git);
	interrupt_done(&b->interrupt);
	bisect_done(&b->state);
}

/* ---- the words of each try ---- */

static void add_option(struct bisect *state, const char *name, const char *value)
{
	CLEAN_FREE char *word = value ? xasprintf("--%s=%s", name, value) : NULL;

	if (word && !bisect_add_word(&state->words, word))
		abort(); /* a command line has no more */
}

/* From wherever it is gone on with, it has to be found. */
static int add_path(struct bisect *state, const char *name, const char *path, struct err *e)
{
	CLEAN_FREE char *real = path ? realpath(path, NULL) : NULL;

	if (path && !real)
		return err_set(e, BLAME_USER, errno, "--%s %s: %m", name, path);
	add_option(state, name, real);
	return 0;
}

static int add_paths(struct bisect *state, const char *name, const struct text_list *paths,
		     struct err *e)
{
	int r = 0;

	vec_each (paths, path)
		if (r == 0)
			r = add_path(state, name, *path, e);
	return r;
}

static int add_suites(struct bisect *state, const struct text_list *sources, struct err *e)
{
	vec_each (sources, source) {
		const char *equals = strchr(*source, '=');
		CLEAN_FREE char *real = equals ? realpath(equals + 1, NULL) : NULL;
		if (!real)
			return err_set(e, BLAME_USER, equals ? errno : EINVAL,
				       "--suite-from %s: it is SUITE=PATH, and the path is there",
				       *source);
		CLEAN_FREE char *value =
			xasprintf("%.*s=%s", (int)(equals - *source), *source, real);
		add_option(state, "suite-from", value);
	}
	return 0;
}

static int make_words(const struct bisect_arguments *arguments, struct bisect *state, struct err *e)
{
	int r = add_path(state, "agent", arguments->agent, e);

	if (r == 0)
		r = add_path(state, "image", arguments->image, e);
	if (r == 0)
		r = add_paths(state, "policy", &arguments->policy.files, e);
	if (r == 0)
		r = add_paths(state, "cases", &arguments->case_folders, e);
	if (r == 0)
		r = add_suites(state, &arguments->suite_sources, e);
	if (r < 0)
		return r;
	vec_each (&arguments->policy.profiles, profile)
		add_option(state, "profile", *profile);
	add_option(state, "case", arguments->case_id);
	add_option(state, "size", arguments->size);
	add_option(state, "jobs", arguments->jobs);
	if (arguments->accel > 0)
		add_option(state, "accel", accel_words[arguments->accel]);
	if (arguments->firmware > 0)
		add_option(state, "firmware", firmware_words[arguments->firmware]);
	add_option(state, "until-sure", arguments->until_sure ? arguments->until_sure : "99%");
	add_option(state, "until-sure-budget", arguments->sure_budget);
	(void)bisect_add_word(&state->words, "--doubt");
	if (arguments->cold)
		(void)bisect_add_word(&state->words, "--cold");
	return 0;
}

/* A target's word stays; a file gets its whole path. */
static int take_building(const struct source_arguments *source, struct bisect *state, struct err *e)
{
	int r = 0;

	state->config = source->config ? realpath(source->config, NULL) : NULL;
	if (!state->config && source->config)
		state->config = xstrdup(source->config);
	state->build_jobs = (unsigned)source->build_jobs;
	vec_each (&source->words, word)
		(void)bisect_add_word(&state->make, *word);
	vec_each (&source->fragments, path) {
		CLEAN_FREE char *real = realpath(*path, NULL);
		if (!real && r == 0)
			r = err_set(e, BLAME_USER, errno, "--fragment %s: %m", *path);
		if (real)
			(void)bisect_add_word(&state->fragments, real);
	}
	return r;
}

static int check_case(const struct bisect_arguments *arguments, struct err *e)
{
	CLEANUP(catalog) struct catalog *catalog = NULL;
	int r = open_catalog(arguments->agent, &catalog, e);

	if (r == 0)
		r = add_case_folders(catalog, &arguments->case_folders, e);
	if (r == 0)
		r = add_suite_trees(catalog, &arguments->suite_sources, e);
	if (r < 0 || catalog_find(catalog, arguments->case_id))
		return r;
	const char *near = catalog_nearest(catalog, arguments->case_id);
	return err_set(e, BLAME_USER, EINVAL,
		       "there is no case '%.80s'%s%s%s (`assay list` shows them)",
		       arguments->case_id, near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

/* ---- commits ---- */

static int is_ancestor(struct bisecting *b, const char *old, const char *new, bool *ret,
		       struct err *e)
{
	const char *const words[] = {"merge-base", old, new, NULL};
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct err none = {0};
	int r = git_run(&b->git, words, &b->p, &out, &none);

	if (r == -ECANCELED || (r < 0 && none.blame == BLAME_HOST))
		return err_set(e, none.blame, none.code, "%s", none.text);
	text_cut(&out, strcspn(out.buf, "\n"));
	*ret = r == 0 && strcmp(out.buf, old) == 0;
	return 0;
}

static int check_line(struct bisecting *b, const char *good, const char *bad, struct err *e)
{
	const struct bisect_arguments *arguments = b->arguments;
	const char *bad_name = arguments->bad ? arguments->bad : "HEAD";
	bool is_before = false, is_behind = false;

	if (strcmp(good, bad) == 0)
		return err_set(e, BLAME_USER, EINVAL, "%.80s and %.80s are the same commit",
			       arguments->good, bad_name);
	int r = is_ancestor(b, good, bad, &is_before, e);
	if (r == 0 && !is_before)
		r = is_ancestor(b, bad, good, &is_behind, e);
	if (r < 0 || is_before)
		return r;
	if (is_behind)
		return err_set(
			e, BLAME_USER, EINVAL,
			"%.80s is older than %.80s: since when a case passes is not looked for",
			bad_name, arguments->good);
	return err_set(
		e, BLAME_USER, EINVAL,
		"%.80s is no ancestor of %.80s: take where they part (`git merge-base`) as the "
		"good one",
		arguments->good, bad_name);
}

static int take_commits(struct bisecting *b, struct err *e)
{
	const struct bisect_arguments *arguments = b->arguments;
	const char *tree = arguments->tree ? arguments->tree : ".";
	char good[GIT_ID_SIZE], bad[GIT_ID_SIZE];
	CLEAN_FREE char *good_name = NULL, *bad_name = NULL;

	b->state.tree = realpath(tree, NULL);
	if (!b->state.tree)
		return err_set(e, BLAME_USER, errno, "--tree %s: %m", tree);
	int r = git_open(b->state.tree, &b->p, &b->git, e);
	if (r == -ENOENT && e->code == 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is no git repository: name the kernel's by --tree", tree);
	if (r == 0)
		r = git_commit(&b->git, arguments->good, &b->p, good, e);
	if (r == 0)
		r = git_commit(&b->git, arguments->bad ? arguments->bad : "HEAD", &b->p, bad, e);
	if (r == 0)
		r = check_line(b, good, bad, e);
	if (r == 0)
		r = bisect_name_commit(b, good, &good_name, e);
	if (r == 0)
		r = bisect_name_commit(b, bad, &bad_name, e);
	if (r == 0)
		(void)(bisect_add_subject(&b->state, "", good_name, good) &&
		       bisect_add_subject(&b->state, "", bad_name, bad));
	return r;
}

/* ---- files ---- */

static int compare_versions(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strverscmp(*x, *y);
}

/* Another file by the same name is another subject. */
static int identify_file(const char *path, char ret[65], struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(e, BLAME_USER, errno, "%s: %m", path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, BLAME_USER, EISDIR, "%s is a folder, and no file to be tried",
			       path);
	(void)snprintf(ret, 65, "%llu-%lld.%09ld", (unsigned long long)st.st_size,
		       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return 0;
}

static int take_file(struct bisecting *b, const char *path, size_t number, struct err *e)
{
	CLEAN_FREE char *real = realpath(path, NULL);
	char id[65], numbered[65];

	if (!real)
		return err_set(e, BLAME_USER, errno, "%s: %m", path);
	int r = identify_file(real, id, e);
	if (r < 0)
		return r;
	vec_each (&b->state.subjects, it)
		if (strcmp(it->path, real) == 0)
			return err_set(e, BLAME_USER, EINVAL, "%s is named twice", path);
	const char *slash = strrchr(real, '/');
	(void)snprintf(numbered, sizeof numbered, "%zu-%.56s", number, id);
	return bisect_add_subject(&b->state, real, slash + 1, numbered) ? 0 : -E2BIG;
}

static int take_files(struct bisecting *b, char **operands, size_t count, struct err *e)
{
	int r = 0;

	if (b->arguments->sort)
		qsort(operands, count, sizeof *operands, compare_versions);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = take_file(b, operands[i], i, e);
	return r;
}

/* What was named must be what it was. */
static int check_files(const struct bisecting *b, struct err *e)
{
	vec_each (&b->state.subjects, it) {
		char id[65];
		const char *dash = strchr(it->id, '-');
		int r = it->path[0] ? identify_file(it->path, id, e) : 0;
		if (r < 0)
			return r;
		if (it->path[0] && (!dash || strcmp(dash + 1, id) != 0))
			return err_set(
				e, BLAME_USER, ESTALE,
				"%s is another file than when the bisection was begun: begin a "
				"new one",
				it->path);
	}
	return 0;
}

/* ---- folders ---- */

static int make_folder(struct bisecting *b, struct err *e)
{
	const char *out = b->arguments->out;
	CLEAN_FREE char *parent = NULL, *made = NULL, *state_file = NULL;
	int r = state_folder(BISECTIONS, &parent, e);

	run_id_make(b->state.case_id, bisect_kind_name(b->state.kind), clock_wall_ns(),
		    b->state.id);
	if (r == 0 && !out)
		r = folder_make(parent, e);
	if (r == 0 && !out)
		r = run_folder_make(parent, b->state.id, &made, e);
	if (r == 0 && out)
		r = folder_make(out, e);
	if (r < 0)
		return r;
	b->folder = realpath(out ? out : made, NULL);
	if (!b->folder)
		return err_set(e, BLAME_HOST, errno, "%s: %m", out ? out : made);
	state_file = xasprintf("%s/" BISECT_FILE, b->folder);
	return access(state_file, F_OK) < 0
		       ? 0
		       : err_set(e, BLAME_USER, EEXIST,
				 "%s holds a bisection already: go on with it by --resume, or take another folder",
				 b->folder);
}

static int claim(struct bisecting *b, struct err *e)
{
	b->claim_path = xasprintf("%s/lock", b->folder);
	b->since_ns = clock_now_ns();
	b->program = realpath("/proc/self/exe", NULL);
	if (!b->program)
		return err_set(e, BLAME_HOST, errno, "/proc/self/exe: %m");
	return claim_take(b->claim_path, &b->claim, e);
}

int bisect_begin(struct bisecting *b, char **operands, size_t count, struct err *e)
{
	const struct bisect_arguments *arguments = b->arguments;

	b->state.kind = arguments->images    ? BISECT_IMAGES
			: arguments->kernels ? BISECT_KERNELS
					     : BISECT_COMMITS;
	b->state.first_parent = arguments->first_parent;
	int r = check_case(arguments, e);
	(void)snprintf(b->state.case_id, sizeof b->state.case_id, "%s", arguments->case_id);
	if (r == 0)
		r = make_words(arguments, &b->state, e);
	if (r == 0)
		r = take_building(&arguments->source, &b->state, e);
	if (r == 0)
		r = b->state.kind == BISECT_COMMITS ? take_commits(b, e)
						    : take_files(b, operands, count, e);
	if (r == 0)
		r = make_folder(b, e);
	if (r == 0)
		r = claim(b, e);
	return r == 0 ? bisect_save(&b->state, b->folder, e) : r;
}

/* ---- going on ---- */

static bool is_bisection(const char *folder)
{
	CLEAN_FREE char *path = xasprintf("%s/" BISECT_FILE, folder);

	return access(path, R_OK) == 0;
}

/* The newest that fits: their names begin with the time. */
static char *find_newest(const char *parent, const char *name)
{
	struct dirent **entries = NULL;
	int count = scandir(parent, &entries, NULL, alphasort);
	char *found = NULL;

	for (int i = count - 1; i >= 0; i--) {
		CLEAN_FREE char *folder = xasprintf("%s/%s", parent, entries[i]->d_name);
		bool fits = strcmp(name, "last") == 0 || has_prefix(entries[i]->d_name, name);
		if (!found && fits && entries[i]->d_name[0] != '.' && is_bisection(folder))
			found = STEAL_PTR(folder);
		free(entries[i]);
	}
	free(entries);
	return found;
}

static int find_folder(const char *name, char **ret, struct err *e)
{
	CLEAN_FREE char *parent = NULL;
	int r = state_folder(BISECTIONS, &parent, e);

	if (r < 0)
		return r;
	CLEAN_FREE char *found = is_bisection(name) ? xstrdup(name) : find_newest(parent, name);
	*ret = found ? realpath(found, NULL) : NULL;
	return *ret ? 0
		    : err_set(e, BLAME_USER, ENOENT,
			      "there is no bisection '%.100s', neither as a folder nor in %s", name,
			      parent);
}

int bisect_resume(struct bisecting *b, const char *name, struct err *e)
{
	int r = find_folder(name, &b->folder, e);

	if (r == 0)
		r = claim(b, e);
	if (r == 0)
		r = bisect_load(b->folder, &b->state, e);
	if (r == 0)
		r = check_files(b, e);
	if (r < 0 || b->state.kind != BISECT_COMMITS)
		return r;
	r = git_open(b->state.tree, &b->p, &b->git, e);
	return r == -ENOENT && e->code == 0
		       ? err_set(e, BLAME_USER, ENOENT, "%s is no git repository any more",
				 b->state.tree)
		       : r;
}
