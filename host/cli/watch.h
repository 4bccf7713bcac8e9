/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `assay watch` share. */
#ifndef ASSAY_HOST_CLI_WATCH_H
#define ASSAY_HOST_CLI_WATCH_H

#include <sys/stat.h>

#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/watch/arrival.h"
#include "host/watch/place.h"
#include "host/watch/ticket.h"

#define WATCH_STATE ".assay-watch" /* in the folder */

struct watch_arguments {
	struct judge_arguments judge;
	struct selection_arguments selection;
	struct policy_arguments policy;
	struct text_list settings;
	const char *runbook, *size, *jobs;
	const char *key, *verifier, *out;
	const char *places[PLACE_COUNT];
	int accel, firmware;
	long long passphrase_fd, settle_s, valid_days;
	bool once, json, link;
};

struct watch {
	const struct watch_arguments *arguments;
	char *folder, *state, *runs, *cache; /* all without links in them */
	char *places[PLACE_COUNT],
		*names[PLACE_COUNT]; /* where images go; the reservations of each */
	char *program;		     /* Assay itself */
	char recipe[SHA256_SIZE];
	int signal_fd, inotify_fd, passphrase_fd; /* -1: none */
	unsigned signals; /* that have come: 1: end after this image, more: at once */
	struct arrivals *arrivals;
	unsigned placed[PLACE_COUNT];
	bool had_trouble; /* something could not be done, and lies in the folder still */
};

/* watch_setup.c: all that can be wrong before the first image comes. */
int watch_setup(const struct watch_arguments *arguments, const char *folder, struct watch *ret,
		struct err *e) NONNULL(1, 2, 3, 4);
/* The same look at the files that are named: somebody may have changed them since. */
int watch_check(const struct watch_arguments *arguments, struct err *e) NONNULL(1, 2);
void watch_done(struct watch *watch) NONNULL(1);
DEFINE_CLEAN_DONE(watch);

/* watch_child.c: runs Assay with these words behind its name (NULL-terminated), what it prints going to the file `log`. Gives its
 * exit code, or minus the signal that ended it. -ECANCELED (blame user): the user has ended it. */
struct watch_words {
	struct text_list list;
	struct watch_strings {
		char **items;
		size_t count, room, maximum;
	} owned;
};
#define WATCH_WORDS_MAX 10000
void watch_words_init(struct watch_words *words) NONNULL(1);
void watch_words_done(struct watch_words *words) NONNULL(1);
DEFINE_CLEAN_DONE(watch_words);
void watch_word(struct watch_words *words, const char *word) NONNULL(1);
/* "--name VALUE"; nothing where the value is NULL. */
void watch_option(struct watch_words *words, const char *name, const char *value) NONNULL(1, 2);
/* The options for a run; for who judges. */
void watch_run_words(const struct watch_arguments *arguments, struct watch_words *words)
	NONNULL(1, 2);
void watch_judge_words(const struct watch_arguments *arguments, struct watch_words *words)
	NONNULL(1, 2);
int watch_child(struct watch *watch, const struct watch_words *words, const char *log, int *ret,
		struct err *e) NONNULL(1, 2, 3, 4, 5);
/* The last line of a log, without "assay: "; "" when there is none. */
void watch_last_line(const char *log, char *buf, size_t size) NONNULL(1, 2);
/* Takes in the signals that have come. */
void watch_signals(struct watch *watch) NONNULL(1);

/* watch_work.c: does all that is left to do with the image of that name. 0: it is done with; -EAGAIN (no sentence): not now, since it
 * is still being written or somebody else is at it; -ECANCELED: the user has ended it; any other error: later, it lies where it was. */
int watch_work(struct watch *watch, const char *name, struct err *e) NONNULL(1, 2, 3);
/* Ends what a watcher that was killed had all but ended: its images lie in the folder no more, so no look finds them. */
void watch_recover(struct watch *watch) NONNULL(1);

/* watch_run.c: from a claimed image to a verdict with its papers. */
int watch_run(struct watch *watch, struct ticket *ticket, struct err *e) NONNULL(1, 2, 3);
int watch_judge(struct watch *watch, struct ticket *ticket, struct err *e) NONNULL(1, 2, 3);
char *watch_papers(const struct watch *watch, const struct ticket *ticket) NONNULL(1, 2);
char *watch_run_folder(const struct watch *watch, const struct ticket *ticket) NONNULL(1, 2);
/* A verdict without a run: what is wrong with the file. */
int watch_refuse(struct watch *watch, struct ticket *ticket, enum place place, const char *reason,
		 struct err *e) NONNULL(1, 2, 4, 5);
/* True when the file of that ticket still lies in the folder, as it was. */
bool watch_still_lies(const struct watch *watch, const struct ticket *ticket) NONNULL(1, 2);

/* watch_tell.c: a line about a file; with --json an object. `ticket` may be NULL. */
void watch_tell(const struct watch *watch, const char *type, const char *name,
		const struct ticket *ticket, const char *format, ...) PRINTF(5, 6)
	NONNULL(1, 2, 3, 5);

#endif
