/* SPDX-License-Identifier: Apache-2.0 */
/* What a watcher needs, and all that can be wrong with it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "host/cli/execute.h"
#include "host/cli/execute_book.h"
#include "host/cli/watch.h"
#include "host/hallmark/key.h"
#include "host/runbook/runbook.h"
#include "host/store/folder.h"
#include "host/store/claim.h"

#define RECIPE_MAX (64U << 20)

/* ---- the files that are named ---- */

static int check_runbook(const struct watch_arguments *arguments, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct text_list settings = VEC_INIT(WATCH_WORDS_MAX);
	CLEANUP(runbook) struct runbook *runbook = NULL;

	(void)vec_add(&settings, "image=/dev/null");
	vec_each (&arguments->settings, setting)
		(void)vec_add(&settings, *setting);
	const struct runbook_inputs inputs = {.settings = settings.items,
					      .setting_count = settings.count};
	unsigned count = runbook_read(arguments->runbook, &inputs, &runbook, &problems);
	vec_done(&settings);
	return count > 0 ? print_problems(&problems, arguments->runbook, e) : 0;
}

static int check_cases(const struct watch_arguments *arguments, struct err *e)
{
	CLEANUP(catalog) struct catalog *catalog = NULL;
	CLEANUP(policy) struct policy *policy = NULL;
	CLEAN_CASES struct case_list cases = VEC_INIT(10 * CATALOG_CASES_MAX);
	const struct text_list no_files = {0};
	struct size size;

	int r = open_catalog(arguments->judge.agent, &catalog, e);
	if (r == 0)
		r = add_case_folders(catalog, &arguments->judge.case_folders, e);
	if (r == 0)
		r = load_policy(&arguments->policy, catalog, &policy, e);
	if (r == 0)
		r = select_cases(catalog, &arguments->selection, policy_terms(policy), &cases, e);
	if (r == 0 && arguments->size)
		r = choose_size(arguments->size, &no_files, &size, e);
	return r;
}

int watch_check(const struct watch_arguments *arguments, struct err *e)
{
	int r = judge_check(&arguments->judge, e);

	if (r == 0)
		r = arguments->runbook ? check_runbook(arguments, e) : check_cases(arguments, e);
	return r;
}

/* ---- the key ---- */

/* It stays in memory, for each who signs. */
static int keep_passphrase(int fd, struct watch *watch, struct text *passphrase, struct err *e)
{
	int r = text_read_fd(passphrase, fd);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read the passphrase from descriptor %d: %m", fd);
	watch->passphrase_fd = memfd_create("passphrase", MFD_CLOEXEC);
	if (watch->passphrase_fd < 0 || write(watch->passphrase_fd, passphrase->buf,
					      passphrase->length) != (ssize_t)passphrase->length)
		return err_set(e, BLAME_HOST, errno, "keep the passphrase: %m");
	passphrase->buf[strcspn(passphrase->buf, "\n")] = '\0';
	return 0;
}

static int check_key(const struct watch_arguments *arguments, struct watch *watch, struct err *e)
{
	CLEAN_TEXT struct text passphrase = TEXT_INIT(KEY_PASSPHRASE_MAX);
	CLEANUP(key) struct key *key = NULL;
	bool is_given = arguments->passphrase_fd >= 0;

	if (!arguments->key)
		return 0;
	int r = is_given ? keep_passphrase((int)arguments->passphrase_fd, watch, &passphrase, e)
			 : 0;
	if (r == 0)
		r = key_read_private(arguments->key, is_given ? passphrase.buf : NULL, &key, e);
	explicit_bzero(passphrase.buf, passphrase.length);
	return r;
}

/* ---- what a run is made by ---- */

static int add_file(const char *path, struct text *recipe, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(RECIPE_MAX / 4);
	char digest[SHA256_SIZE];
	int r = path ? text_read_file(&bytes, path) : 0;

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %s: %m", path);
	if (path)
		(void)text_addf(recipe, "file %s\n", sha256_text(bytes.buf, bytes.length, digest));
	return 0;
}

/* By its digest an image that comes again is found to have been run by the same words. What judges is no part of it: judging
 * again costs nothing. */
static int make_recipe(const struct watch_arguments *arguments, struct watch *watch, struct err *e)
{
	CLEAN_TEXT struct text recipe = TEXT_INIT(RECIPE_MAX);
	CLEAN_DONE(watch_words) struct watch_words words;

	watch_words_init(&words);
	watch_run_words(arguments, &words);
	(void)text_addf(&recipe, "assay %s\n", ASSAY_VERSION); /* another one has other cases */
	vec_each (&arguments->judge.case_folders, folder)
		(void)text_addf(&recipe, "cases %s\n", *folder);
	vec_each (&words.list, word)
		(void)text_addf(&recipe, "word %s\n", *word);
	int r = add_file(arguments->runbook, &recipe, e);
	vec_each (&arguments->policy.files, path)
		if (r == 0)
			r = add_file(*path, &recipe, e);
	sha256_text(recipe.buf, recipe.length, watch->recipe);
	return r;
}

/* ---- folders ---- */

static int real(const char *path, char **ret, struct err *e)
{
	*ret = realpath(path, NULL);
	return *ret ? 0 : err_set(e, BLAME_USER, errno, "%s: %m", path);
}

static int make_real(const char *path, char **ret, struct err *e)
{
	int r = folder_make(path, e);

	if (r < 0)
		e->blame = BLAME_USER; /* it was named, or is in a folder that was */
	return r == 0 ? real(path, ret, e) : r;
}

static int make_place(const struct watch_arguments *arguments, enum place place,
		      struct watch *watch, struct err *e)
{
	CLEAN_FREE char *own = xasprintf("%s/%s", watch->folder, place_name(place));
	CLEAN_FREE char *names = xasprintf("%s/names-%s", watch->state, place_name(place));
	const char *given = arguments->places[place];

	int r = make_real(given ? given : own, &watch->places[place], e);
	if (r == 0)
		r = make_real(names, &watch->names[place], e);
	if (r == 0 && strcmp(watch->places[place], watch->folder) == 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is watched itself: what goes there would come again",
			       watch->folder);
	return r;
}

/* Several watchers hold claims against each other: that has to work there. */
static int check_claims(const struct watch *watch, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/try-%d.lock", watch->state, (int)getpid());
	int claim = -1;
	int r = claim_take(path, &claim, e);

	claim_drop(path, &claim);
	return r < 0 ? err_wrap(e, "no images can be claimed there") : 0;
}

static int make_folders(const struct watch_arguments *arguments, const char *folder,
			struct watch *watch, struct err *e)
{
	struct stat stat_;
	int r = real(folder, &watch->folder, e);

	if (r == 0 && (stat(watch->folder, &stat_) < 0 || !S_ISDIR(stat_.st_mode)))
		return err_set(e, BLAME_USER, ENOTDIR, "%s is no folder", folder);
	if (r == 0 && access(watch->folder, R_OK | W_OK | X_OK) < 0)
		return err_set(e, BLAME_USER, errno, "images cannot be taken out of %s: %m",
			       folder);
	if (r < 0)
		return r;
	CLEAN_FREE char *state = xasprintf("%s/" WATCH_STATE, watch->folder);
	r = make_real(state, &watch->state, e);
	CLEAN_FREE char *runs = xasprintf("%s/runs", state);
	if (r == 0)
		r = make_real(arguments->out ? arguments->out : runs, &watch->runs, e);
	for (int i = 0; r == 0 && i < PLACE_COUNT; i++)
		r = make_place(arguments, (enum place)i, watch, e);
	return r == 0 ? check_claims(watch, e) : r;
}

static int find_self(struct watch *watch, struct err *e)
{
	watch->program = realpath("/proc/self/exe", NULL);
	return watch->program ? 0 : err_set(e, BLAME_HOST, errno, "/proc/self/exe: %m");
}

static void open_cache(struct watch *watch)
{
	struct err none = {0}; /* then digests are not remembered */

	if (cache_folder("", &watch->cache, &none) == 0 && folder_make(watch->cache, &none) == 0)
		return;
	free(watch->cache);
	watch->cache = NULL;
}

/* ---- what happens ---- */

static int open_signals(struct watch *watch, struct err *e)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ours, NULL);
	(void)signal(SIGIO, SIG_IGN); /* somebody wants to write what we ask a lease for */
	watch->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return watch->signal_fd < 0 ? err_set(e, BLAME_HOST, errno, "signalfd: %m") : 0;
}

/* Where there are no events, looking now and then has to do. */
static void open_events(struct watch *watch)
{
	watch->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify_fd >= 0 &&
	    inotify_add_watch(watch->inotify_fd, watch->folder,
			      IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_ONLYDIR) < 0) {
		(void)close(watch->inotify_fd);
		watch->inotify_fd = -1;
	}
}

int watch_setup(const struct watch_arguments *arguments, const char *folder, struct watch *ret,
		struct err *e)
{
	*ret = (struct watch){
		.arguments = arguments, .signal_fd = -1, .inotify_fd = -1, .passphrase_fd = -1};
	int r = watch_check(arguments, e);

	if (r == 0)
		r = make_recipe(arguments, ret, e);
	if (r == 0)
		r = check_key(arguments, ret, e);
	if (r == 0)
		r = make_folders(arguments, folder, ret, e);
	if (r == 0)
		r = find_self(ret, e);
	if (r == 0)
		r = open_signals(ret, e);
	if (r < 0)
		return r;
	open_cache(ret);
	open_events(ret);
	ret->arrivals = arrivals_new((uint64_t)arguments->settle_s * NS_PER_S);
	return 0;
}

void watch_done(struct watch *watch)
{
	char *const strings[] = {watch->folder, watch->state, watch->runs, watch->cache,
				 watch->program};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		free(strings[i]);
	for (size_t i = 0; i < PLACE_COUNT; i++) {
		free(watch->places[i]);
		free(watch->names[i]);
	}
	scope_close(&watch->signal_fd);
	scope_close(&watch->inotify_fd);
	scope_close(&watch->passphrase_fd);
	arrivals_free(watch->arrivals);
}
