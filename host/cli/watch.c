/* SPDX-License-Identifier: Apache-2.0 */
/* assay watch: validates each image that appears in a folder, and puts it where its verdict says. */
#include "host/cli/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/execute.h"

#define LOOK_AGAIN_NS  (10 * NS_PER_S) /* where events tell of nothing */
#define TRY_AGAIN_NS   (2 * NS_PER_S)  /* what somebody else has, or writes */
#define TROUBLE_NS     (5 * NS_PER_S)  /* after the first trouble of this host; it doubles */
#define TROUBLE_MAX_NS (600 * NS_PER_S)
#define EVENTS_SIZE    65536
#define IGNORED_MAX    1000 /* files of which it is told */

typedef struct watch_arguments told;

static const struct option_line options[] = {
	OPTION_CHOICE("accel", 0, told, accel, "ACCEL", accel_words,
		      "auto (what is proved to work), kvm or tcg"),
	OPTION_TEXT("blocked", 0, told, places[PLACE_BLOCKED], "DIR",
		    "where blocked images go (else FOLDER/blocked)"),
	OPTION_LIST("case", 'c', told, selection.cases, "PATTERN",
		    "only cases that match: an id, an area, or a glob over ids (repeatable)"),
	OPTION_LIST("define", 'D', told, settings, "NAME=VALUE",
		    "a variable of the runbook (repeatable)"),
	OPTION_CHOICE("firmware", 0, told, firmware, "KIND", firmware_words, "auto, bios or uefi"),
	OPTION_TEXT("jobs", 'j', told, jobs, "N", "run N machines at once"),
	OPTION_FLAG("json", 0, told, json, "print a line of JSON for all that happens"),
	OPTION_FLAG("link", 0, told, link,
		    "leave images where they are, and link them to their place"),
	OPTION_FLAG(
		"once", 0, told, once,
		"end when all that is there has its place; what is still being written is left"),
	OPTION_TEXT("out", 'o', told, out, "DIR",
		    "keep the runs in DIR (else in FOLDER/" WATCH_STATE "/runs)"),
	OPTION_NUMBER("passphrase-fd", 0, told, passphrase_fd, "FD", 0, 1 << 20,
		      "read the passphrase of an encrypted key from that descriptor"),
	OPTION_LIST("policy", 0, told, policy.files, "FILE",
		    "judge by what FILE promises, see assay-policy(5) (repeatable)"),
	OPTION_LIST("profile", 0, told, policy.profiles, "NAME",
		    "the cases and promises of a platform (repeatable)"),
	OPTION_TEXT("runbook", 0, told, runbook, "FILE",
		    "run FILE, in which ${image} is the image (assay-runbook(5))"),
	OPTION_NUMBER("settle", 0, told, settle_s, "SECONDS", 1, 86400,
		      "a file that nobody has changed for so long is whole (else 10)"),
	OPTION_TEXT("shipped", 0, told, places[PLACE_SHIPPED], "DIR",
		    "where images go that may ship (else FOLDER/shipped)"),
	OPTION_TEXT("sign", 'k', told, key, "KEY",
		    "put a hallmark beside each image, signed by that private Ed25519 key"),
	OPTION_TEXT("size", 0, told, size, "SIZE", "the VM size, as for assay run"),
	OPTION_TEXT("suite", 's', told, selection.suite, "NAME", "the suite (else functional)"),
	OPTION_TEXT("undecided", 0, told, places[PLACE_UNDECIDED], "DIR",
		    "where the others go (else FOLDER/undecided)"),
	OPTION_NUMBER("valid-days", 0, told, valid_days, "N", 1, 36500,
		      "hallmarks expire after so many days (else 90)"),
	OPTION_TEXT("verifier", 0, told, verifier, "URI",
		    "who vouches in hallmarks (else urn:assay)"),
	OPTIONS_JUDGE(told),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_watch = {
	.name = "watch",
	.operands = "FOLDER",
	.title = "validate each image that appears in a folder, and put it to its place",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"An image is taken when it has been renamed into FOLDER, or when nobody has changed it for a while and nobody "
		"has it\nopen to write; hidden files, and names such as *.part, are left alone. Each is run once, judged by the "
		"gate, and\nmoved to shipped/, blocked/ or undecided/, with report and hallmark beside it. Nothing there is "
		"overwritten. One that\ncomes again is judged anew by the run that there is.\n\n"
		"How far it is lies in FOLDER/" WATCH_STATE
		": a watcher that was killed is gone on with, and several may watch one\nfolder. Ctrl-C ends after the "
		"image that is being done, a second one at once.\n\n"
		"Exit status: 0 when it was ended; with --once 0 all were shipped, 1 one was blocked, 2 one is undecided; 64 "
		"usage,\n70 this machine.",
};

/* ---- looking ---- */

static void see(struct watch *watch, int folder_fd, const char *name)
{
	struct arrival_file file;
	struct stat stat_;

	if (fstatat(folder_fd, name, &stat_, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(stat_.st_mode))
		return;
	if (!S_ISREG(stat_.st_mode) || arrival_why_not(name))
		return;
	arrival_file_read(&stat_, &file);
	if (arrivals_see(watch->arrivals, name, &file, clock_now_ns()) && !watch->arguments->once)
		watch_tell(watch, "seen", name, NULL, "%s", "");
}

static int look(struct watch *watch, struct err *e)
{
	DIR *dir = opendir(watch->folder);
	const struct dirent *entry;

	if (!dir)
		return err_set(e, BLAME_HOST, errno, "look into %s: %m", watch->folder);
	arrivals_begin(watch->arrivals);
	while ((entry = readdir(dir)))
		see(watch, dirfd(dir), entry->d_name);
	(void)closedir(dir);
	arrivals_end(watch->arrivals);
	return 0;
}

/* After a look, so that all names are known. */
static void take_events(struct watch *watch, char *events, ssize_t size)
{
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= size;) {
		struct inotify_event event;
		memcpy(&event, events + at, sizeof event);
		if (event.len > 0 && (event.mask & IN_MOVED_TO))
			arrivals_renamed(watch->arrivals, events + at + sizeof event);
		at += (ssize_t)(sizeof event + event.len);
	}
}

/* The events are read before the look, and taken after it: what they tell of is there then. */
static int look_by_events(struct watch *watch, struct err *e)
{
	CLEAN_FREE char *events = xnew(EVENTS_SIZE);
	ssize_t size = watch->inotify_fd >= 0 ? read(watch->inotify_fd, events, EVENTS_SIZE) : -1;
	int r = look(watch, e);

	if (r == 0 && size > 0)
		take_events(watch, events, size);
	return r;
}

/* What lies there and is never taken; each is told once. */
struct ignored {
	struct watch_words told;
	bool is_full; /* then no more are told */
};

/* NULL: it may be an image, or is nobody's business. */
static const char *why_ignored(const struct watch *watch, const struct dirent *entry)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", watch->folder, entry->d_name);
	struct stat stat_;

	if (entry->d_name[0] == '.' || lstat(path, &stat_) < 0 || S_ISDIR(stat_.st_mode))
		return NULL;
	if (S_ISLNK(stat_.st_mode))
		return "it is a link: what it leads to may lie, and change, anywhere";
	return S_ISREG(stat_.st_mode) ? arrival_why_not(entry->d_name) : "it is no file";
}

static bool was_told(const struct ignored *ignored, const char *name)
{
	vec_each (&ignored->told.list, other)
		if (strcmp(*other, name) == 0)
			return true;
	return false;
}

static void tell_ignored(const struct watch *watch, struct ignored *ignored)
{
	struct dirent **entries = NULL;
	int count = ignored->is_full ? 0 : scandir(watch->folder, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *why = why_ignored(watch, entries[i]);
		if (why && !ignored->is_full && !was_told(ignored, entries[i]->d_name)) {
			watch_tell(watch, "ignored", entries[i]->d_name, NULL, "%s", why);
			watch_word(&ignored->told, entries[i]->d_name);
		}
		if (ignored->told.list.count == IGNORED_MAX && !ignored->is_full) {
			ignored->is_full = true;
			watch_tell(watch, "ignored", "", NULL, "others, which are not told");
		}
		free(entries[i]);
	}
	free(entries);
}

/* ---- working ---- */

/* Trouble of this host is over some time: until then the image lies where it is, and the others get their turn. */
struct trouble {
	uint64_t wait_ns;
};

static void put_off(struct watch *watch, struct trouble *trouble, const char *name,
		    const struct err *e)
{
	char span[CLOCK_SPAN_SIZE];

	trouble->wait_ns = trouble->wait_ns == 0 ? TROUBLE_NS : 2 * trouble->wait_ns;
	if (trouble->wait_ns > TROUBLE_MAX_NS)
		trouble->wait_ns = TROUBLE_MAX_NS;
	watch->had_trouble = true;
	watch_tell(watch, "trouble", name, NULL,
		   "%s; it stays where it is and is tried again in %s", e->text,
		   clock_span(trouble->wait_ns, span));
	arrivals_put_off(watch->arrivals, name, clock_now_ns() + trouble->wait_ns);
}

static int work(struct watch *watch, struct trouble *trouble, const char *found, struct err *e)
{
	CLEAN_FREE char *name = xstrdup(found);
	struct err why = {0};
	int r = watch_work(watch, name, &why);

	watch_signals(watch);
	if (r == 0) {
		trouble->wait_ns = 0;
		arrivals_done(watch->arrivals, name);
	} else if (r == -EAGAIN && why.text[0] == '\0') {
		arrivals_put_off(watch->arrivals, name, clock_now_ns() + TRY_AGAIN_NS);
	} else if (r != -ECANCELED) {
		put_off(watch, trouble, name, &why);
	}
	return look_by_events(watch, e);
}

/* Sleeps until something may have happened. */
static void await(struct watch *watch)
{
	struct pollfd fds[] = {{.fd = watch->signal_fd, .events = POLLIN},
			       {.fd = watch->inotify_fd, .events = POLLIN}};
	uint64_t now_ns = clock_now_ns();
	uint64_t due_ns = arrivals_due_ns(watch->arrivals, now_ns, clock_wall_ns());
	uint64_t wait_ns = due_ns <= now_ns ? 0 : due_ns - now_ns;

	if (wait_ns > LOOK_AGAIN_NS)
		wait_ns = LOOK_AGAIN_NS;
	(void)poll(fds, ARRAY_LEN(fds), (int)(wait_ns / NS_PER_MS) + 1);
	watch_signals(watch);
}

/* With --once: a file that has been left for so long is being written. */
static bool is_over(const struct watch *watch, uint64_t since_ns)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t patience_ns = ((uint64_t)watch->arguments->settle_s + 1) * NS_PER_S;

	if (arrivals_due_ns(watch->arrivals, now_ns, clock_wall_ns()) == UINT64_MAX)
		return true;
	return now_ns - since_ns > patience_ns + TRY_AGAIN_NS;
}

static int watch_folder(struct watch *watch, struct err *e)
{
	struct ignored ignored = {.is_full = false};
	struct trouble trouble = {0};
	uint64_t since_ns = clock_now_ns(); /* the last image that was done */
	int r = 0;

	watch_words_init(&ignored.told);
	while (r == 0 && watch->signals == 0) {
		r = look_by_events(watch, e);
		tell_ignored(watch, &ignored);
		const char *name = arrivals_next(watch->arrivals, clock_now_ns(), clock_wall_ns());
		bool was_trouble = watch->had_trouble;
		if (r == 0 && name) {
			unsigned before = watch->placed[0] + watch->placed[1] + watch->placed[2];
			r = work(watch, &trouble, name, e);
			if (before != watch->placed[0] + watch->placed[1] + watch->placed[2])
				since_ns = clock_now_ns();
		} else if (r == 0 && watch->arguments->once && is_over(watch, since_ns)) {
			break;
		} else if (r == 0) {
			await(watch);
		}
		if (watch->arguments->once && watch->had_trouble && !was_trouble)
			since_ns = clock_now_ns();
	}
	watch_words_done(&ignored.told);
	return r;
}

/* ---- the verb ---- */

static int end(const struct watch *watch)
{
	if (!watch->arguments->once)
		return EXIT_SHIP;
	if (watch->had_trouble)
		return EXIT_HOST;
	if (watch->placed[PLACE_BLOCKED] > 0)
		return EXIT_BLOCK;
	return watch->placed[PLACE_UNDECIDED] > 0 || watch->signals > 0 ? EXIT_UNDECIDED
									: EXIT_SHIP;
}

static int check_arguments(const struct watch_arguments *arguments, struct err *e)
{
	if (arguments->runbook && (arguments->selection.cases.count || arguments->selection.suite ||
				   arguments->size || arguments->firmware))
		return err_set(
			e, BLAME_USER, EINVAL,
			"--runbook says itself which cases run, and on what: --case, --suite, --size and "
			"--firmware are for images without one");
	if (!arguments->runbook && arguments->settings.count)
		return err_set(e, BLAME_USER, EINVAL,
			       "--define is for a runbook: name it by --runbook");
	if (arguments->passphrase_fd >= 0 && !arguments->key)
		return err_set(e, BLAME_USER, EINVAL, "--passphrase-fd is for the key of --sign");
	return 0;
}

static int watch_parsed(const struct watch_arguments *arguments, const char *folder, struct err *e)
{
	CLEAN_DONE(watch)
	struct watch watch = {.signal_fd = -1, .inotify_fd = -1, .passphrase_fd = -1};

	int r = check_arguments(arguments, e);
	if (r == 0)
		r = watch_setup(arguments, folder, &watch, e);
	if (r < 0)
		return r;
	watch_tell(&watch, "watching", watch.folder, NULL, "%s", "");
	watch_recover(&watch);
	r = watch_folder(&watch, e);
	if (r < 0)
		return r;
	watch_tell(&watch, "ended", "", NULL, "%u shipped, %u blocked, %u undecided",
		   watch.placed[PLACE_SHIPPED], watch.placed[PLACE_BLOCKED],
		   watch.placed[PLACE_UNDECIDED]);
	return end(&watch);
}

static void arguments_done(struct watch_arguments *arguments)
{
	judge_arguments_done(&arguments->judge);
	vec_done(&arguments->selection.cases);
	vec_done(&arguments->policy.files);
	vec_done(&arguments->policy.profiles);
	vec_done(&arguments->settings);
}

static int run(int argc, char **argv, struct err *e)
{
	struct watch_arguments arguments = {.passphrase_fd = -1, .settle_s = 10, .valid_days = 90};

	int r = verb_parse(&verb_watch, &argc, argv, 1, 1, &arguments, e);
	r = r == 0 ? watch_parsed(&arguments, argv[1], e) : r < 0 ? r : 0;
	arguments_done(&arguments);
	return r;
}
