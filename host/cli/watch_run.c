/* SPDX-License-Identifier: Apache-2.0 */
/* From an image that came in to a verdict, with the papers that go with it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/cli/watch.h"
#include "host/store/folder.h"
#include "host/store/journal.h"
#include "host/store/run.h"

#define TRIES_MAX  3 /* of a run that is killed again and again */
#define WRITTEN_NS (60 * NS_PER_S)
#define ROUNDS_MAX 3

char *watch_papers(const struct watch *watch, const struct ticket *ticket)
{
	return xasprintf("%s/%s", watch->state, ticket->sha256);
}

char *watch_run_folder(const struct watch *watch, const struct ticket *ticket)
{
	return xasprintf("%s/%.16s-%u", watch->runs, ticket->sha256, ticket->run);
}

static char *paper(const struct watch *watch, const struct ticket *ticket, const char *name)
{
	CLEAN_FREE char *papers = watch_papers(watch, ticket);

	return xasprintf("%s/%s", papers, name);
}

/* ---- papers without a run ---- */

int watch_refuse(struct watch *watch, struct ticket *ticket, enum place place, const char *reason,
		 struct err *e)
{
	CLEAN_FREE char *papers = watch_papers(watch, ticket);
	CLEAN_FREE char *json_path = xasprintf("%s/report.json", papers);
	CLEAN_FREE char *text_path = xasprintf("%s/report.txt", papers);
	CLEAN_TEXT struct text json = TEXT_INIT(65536), text = TEXT_INIT(65536);
	static const char *const verdicts[] = {"ship", "block", "undecided"};
	static const char *const shown[] = {"SHIP", "BLOCK", "UNDECIDED"};

	/* An earlier verdict's papers are none of this one's. */
	int r = folder_remove(papers, e);
	if (r == 0)
		r = folder_make(papers, e);
	if (r < 0)
		return r;
	(void)snprintf(ticket->reason, sizeof ticket->reason, "%s", reason);
	ticket->place = place;
	json_open(&json, '{');
	json_member_number(&json, "schema", 1);
	json_member(&json, "image", ticket->name);
	json_member(&json, "sha256", ticket->sha256);
	json_member(&json, "verdict", verdicts[place]);
	json_member(&json, "reason", reason);
	json_close(&json, '}');
	text_adds(&json, "\n");
	text_addf(&text, "%s  %s (SHA-256 %s)\n  %s\n", shown[place], ticket->name, ticket->sha256,
		  reason);
	r = write_text(json_path, &json, e);
	return r == 0 ? write_text(text_path, &text, e) : r;
}

/* ---- running ---- */

static bool holds_plan(const char *folder)
{
	CLEAN_FREE char *plan = xasprintf("%s/plan.json", folder);
	struct stat stat_;

	return stat(plan, &stat_) == 0;
}

/* What a killed watcher has started ends by itself, but not at once. */
static int await_writer(const struct watch *watch, const char *folder, struct err *e)
{
	CLEAN_FREE char *journal = xasprintf("%s/journal.jsonl", folder);
	struct patience p = patience_for(watch->signal_fd, WRITTEN_NS);

	while (journal_is_written(journal)) {
		int r = wait_span(&p, NS_PER_S / 10, "the end of the run's former process", e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* True when all that it planned was tried: what it could not decide is the judge's. */
static bool has_ended(const char *folder)
{
	CLEANUP(run) struct run *run = NULL;
	struct err none = {0};

	return holds_plan(folder) && run_load(folder, &run, &none) == 0 && run->ended_ns > 0 &&
	       strcmp(run->ending, "cancelled") != 0;
}

static void add_words(const struct watch *watch, const struct ticket *ticket, const char *folder,
		      struct watch_words *words)
{
	const struct watch_arguments *arguments = watch->arguments;
	CLEAN_FREE char *path = xasprintf("%s/%s", watch->folder, ticket->name);
	CLEAN_FREE char *image = xasprintf("image=%s", path);

	watch_word(words, "run");
	watch_word(words, "--quiet");
	watch_option(words, "agent", arguments->judge.agent);
	watch_option(words, "jobs", arguments->jobs);
	vec_each (&arguments->judge.case_folders, cases)
		watch_option(words, "cases", *cases);
	if (holds_plan(folder)) {
		watch_option(words, "resume", folder);
		return;
	}
	watch_option(words, "out", folder);
	watch_run_words(arguments, words);
	if (arguments->runbook)
		watch_option(words, "define", image);
	watch_word(words, "--");
	watch_word(words, arguments->runbook ? arguments->runbook : path);
}

static int give_up(struct watch *watch, struct ticket *ticket, const char *how, const char *log,
		   struct err *e)
{
	char said[400];

	if (++ticket->tries < TRIES_MAX) {
		int r = ticket_save(watch->state, ticket, e);
		return r < 0 ? r : err_set(e, BLAME_HOST, EIO, "its run ended with %s", how);
	}
	watch_last_line(log, said, sizeof said);
	CLEAN_FREE char *reason = xasprintf("its run ended with %s, %u times%s%s", how,
					    ticket->tries, said[0] ? "; it last said: " : "", said);
	return watch_refuse(watch, ticket, PLACE_UNDECIDED, reason, e);
}

/* Nothing was begun: either the image is none, or what the watch was told is wrong by now. */
static int refused(struct watch *watch, struct ticket *ticket, const char *log, struct err *e)
{
	char said[480];

	int r = watch_check(watch->arguments, e);
	if (r < 0)
		return r;
	if (!watch_still_lies(watch, ticket))
		return 0; /* whoever looks next sees that */
	watch_last_line(log, said, sizeof said);
	return watch_refuse(watch, ticket, PLACE_BLOCKED, said, e);
}

/* The run of another process would be another one: a plan that cannot be gone on with is begun anew. */
static int refused_to_resume(struct watch *watch, struct ticket *ticket, const char *log,
			     struct err *e)
{
	if (ticket->tries + 1 < TRIES_MAX)
		ticket->run++;
	return give_up(watch, ticket, "a plan that could not be gone on with", log, e);
}

static int take_end(struct watch *watch, struct ticket *ticket, const char *folder, const char *log,
		    int code, struct err *e)
{
	CLEAN_FREE char *signal_ = xasprintf("signal %d", -code);
	char said[400];

	if (code < 0)
		return give_up(watch, ticket, signal_, log, e);
	if (code == EXIT_USAGE)
		return holds_plan(folder) ? refused_to_resume(watch, ticket, log, e)
					  : refused(watch, ticket, log, e);
	if (code <= EXIT_UNDECIDED && has_ended(folder))
		return 0;
	if (code <= EXIT_UNDECIDED)
		return give_up(watch, ticket, "some of it left undone", log, e);
	watch_last_line(log, said, sizeof said);
	return err_set(e, BLAME_HOST, EIO, "%s", said[0] ? said : "its run ended with an error");
}

int watch_run(struct watch *watch, struct ticket *ticket, struct err *e)
{
	CLEAN_DONE(watch_words) struct watch_words words;
	CLEAN_FREE char *folder = watch_run_folder(watch, ticket);
	CLEAN_FREE char *log = xasprintf("%s.log", folder);
	int code = 0;

	watch_words_init(&words);
	int r = await_writer(watch, folder, e);
	if (r < 0 || has_ended(folder))
		return r;
	add_words(watch, ticket, folder, &words);
	watch_tell(watch, holds_plan(folder) ? "resumed" : "run", ticket->name, ticket, "%s",
		   folder);
	r = watch_child(watch, &words, log, &code, e);
	return r == 0 ? take_end(watch, ticket, folder, log, code, e) : r;
}

/* ---- judging ---- */

static int ask(struct watch *watch, const struct ticket *ticket, const struct watch_words *words,
	       int *ret_code, struct err *e)
{
	CLEAN_FREE char *folder = watch_run_folder(watch, ticket);
	CLEAN_FREE char *log = xasprintf("%s.log", folder);
	char said[400];

	int r = watch_child(watch, words, log, ret_code, e);
	if (r < 0 || (*ret_code >= 0 && *ret_code <= EXIT_UNDECIDED))
		return r;
	watch_last_line(log, said, sizeof said);
	return err_set(e, *ret_code == EXIT_USAGE ? BLAME_USER : BLAME_HOST, EIO, "assay %s: %s",
		       words->list.items[0], said);
}

static int judge(struct watch *watch, const struct ticket *ticket, int *ret_code, struct err *e)
{
	CLEAN_DONE(watch_words) struct watch_words words;
	CLEAN_FREE char *folder = watch_run_folder(watch, ticket);
	CLEAN_FREE char *papers = watch_papers(watch, ticket);
	CLEAN_FREE char *out = paper(watch, ticket, "judgement.json");

	watch_words_init(&words);
	watch_word(&words, "judge");
	watch_word(&words, "--json");
	watch_option(&words, "out", out);
	watch_option(&words, "reports", papers);
	watch_judge_words(watch->arguments, &words);
	watch_word(&words, "--");
	watch_word(&words, folder);
	return ask(watch, ticket, &words, ret_code, e);
}

static int sign(struct watch *watch, const struct ticket *ticket, int *ret_code, struct err *e)
{
	const struct watch_arguments *arguments = watch->arguments;
	CLEAN_DONE(watch_words) struct watch_words words;
	CLEAN_FREE char *folder = watch_run_folder(watch, ticket);
	CLEAN_FREE char *out = paper(watch, ticket, "hallmark.json");
	CLEAN_FREE char *days = xasprintf("%lld", arguments->valid_days);

	watch_words_init(&words);
	watch_word(&words, "sign");
	watch_option(&words, "key", arguments->key);
	watch_option(&words, "out", out);
	watch_option(&words, "valid-days", days);
	watch_option(&words, "verifier", arguments->verifier);
	if (watch->passphrase_fd >= 0)
		watch_word(&words, "--passphrase-fd=3");
	watch_judge_words(arguments, &words);
	watch_word(&words, "--");
	watch_word(&words, folder);
	return ask(watch, ticket, &words, ret_code, e);
}

/* What is signed is what was judged: in between a waiver may expire. */
static int judge_and_sign(struct watch *watch, struct ticket *ticket, struct err *e)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		int judged = EXIT_UNDECIDED, signed_ = EXIT_UNDECIDED;
		int r = judge(watch, ticket, &judged, e);
		if (r == 0)
			r = watch->arguments->key ? sign(watch, ticket, &signed_, e) : 0;
		if (r < 0)
			return r;
		if (!watch->arguments->key || judged == signed_) {
			ticket->place = (enum place)judged;
			return 0;
		}
	}
	return err_set(e, BLAME_HOST, EAGAIN,
		       "its verdict is another one each time it is asked for");
}

/* A verdict is about the very bytes that came in. */
static int check_digest(struct watch *watch, struct ticket *ticket, bool *ret_is_of_it,
			struct err *e)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_FREE char *folder = watch_run_folder(watch, ticket);

	*ret_is_of_it = false;
	int r = run_load(folder, &run, e);
	if (r < 0)
		return r;
	vec_each (&run->cells, cell)
		*ret_is_of_it = *ret_is_of_it || strcmp(cell->image_digest, ticket->sha256) == 0;
	if (*ret_is_of_it || !watch_still_lies(watch, ticket))
		return 0;
	return watch_refuse(
		watch, ticket, PLACE_UNDECIDED,
		watch->arguments->runbook
			? "the run is not of this file: does the runbook name it as ${image}? An "
			  "image with a backing file is none to be shipped by itself either"
			: "it is no image by itself: it has a backing file, which would have to be "
			  "moved with it; `qemu-img convert` makes one file of both",
		e);
}

int watch_judge(struct watch *watch, struct ticket *ticket, struct err *e)
{
	CLEAN_FREE char *papers = watch_papers(watch, ticket);
	bool is_of_it = false;

	int r = check_digest(watch, ticket, &is_of_it, e);
	if (r < 0 || !is_of_it)
		return r;
	r = folder_remove(papers, e);
	if (r == 0)
		r = folder_make(papers, e);
	return r == 0 ? judge_and_sign(watch, ticket, e) : r;
}
