/* SPDX-License-Identifier: Apache-2.0 */
/* Assay, run by Assay: what an image does to the program that runs it ends that program, and not the watch. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/clock.h"
#include "host/cli/execute.h"
#include "host/cli/watch.h"

#define LOG_MAX		    (4U << 20) /* what is looked through for its last line */
#define PASSPHRASE_CHILD_FD 3

/* ---- words ---- */

void watch_words_init(struct watch_words *words)
{
	*words = (struct watch_words){.list = VEC_INIT(WATCH_WORDS_MAX),
				      .owned = VEC_INIT(WATCH_WORDS_MAX)};
}

void watch_words_done(struct watch_words *words)
{
	for (size_t i = 0; i < words->owned.count; i++)
		free(words->owned.items[i]);
	vec_done(&words->owned);
	vec_done(&words->list);
}

void watch_word(struct watch_words *words, const char *word)
{
	char *copy = word ? xstrdup(word) : NULL;

	if (copy && !vec_add(&words->owned, copy))
		abort(); /* there are as many as the command line has */
	(void)vec_add(&words->list, copy);
}

void watch_option(struct watch_words *words, const char *name, const char *value)
{
	CLEAN_FREE char *word = value ? xasprintf("--%s=%s", name, value) : NULL;

	if (word)
		watch_word(words, word);
}

static void add_list(struct watch_words *words, const char *name, const struct text_list *list)
{
	vec_each (list, value)
		watch_option(words, name, *value);
}

void watch_run_words(const struct watch_arguments *arguments, struct watch_words *words)
{
	add_list(words, "case", &arguments->selection.cases);
	watch_option(words, "suite", arguments->selection.suite);
	watch_option(words, "size", arguments->size);
	add_list(words, "policy", &arguments->policy.files);
	add_list(words, "profile", &arguments->policy.profiles);
	add_list(words, "define", &arguments->settings);
	if (arguments->firmware > 0)
		watch_option(words, "firmware", firmware_words[arguments->firmware]);
	if (arguments->accel > 0)
		watch_option(words, "accel", accel_words[arguments->accel]);
}

void watch_judge_words(const struct watch_arguments *arguments, struct watch_words *words)
{
	watch_option(words, "agent", arguments->judge.agent);
	add_list(words, "cases", &arguments->judge.case_folders);
	watch_option(words, "gate", arguments->judge.gate);
	watch_option(words, "baseline", arguments->judge.baseline);
	add_list(words, "waivers", &arguments->judge.waivers);
}

/* ---- signals ---- */

void watch_signals(struct watch *watch)
{
	struct signalfd_siginfo info;

	while (read(watch->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (watch->signals++ == 0)
			watch_tell(watch, "ending", "", NULL,
				   "after what is being done; once more ends at once");
	}
}

/* ---- the program ---- */

static int pidfd_wait(struct watch *watch, const struct child *child, struct err *e)
{
	struct pollfd fds[] = {{.fd = child->pidfd, .events = POLLIN},
			       {.fd = watch->signal_fd, .events = POLLIN}};

	while (watch->signals < 2) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return err_set(e, BLAME_HOST, errno, "poll: %m");
		watch_signals(watch);
		if (fds[0].revents)
			return 0;
	}
	return err_set(e, BLAME_USER, ECANCELED, "ended by the user");
}

static int end_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int watch_child(struct watch *watch, const struct watch_words *words, const char *log, int *ret,
		struct err *e)
{
	CLEAN_FD int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	CLEAN_FREE const char **argv = xnew((words->list.count + 2) * sizeof *argv);
	const struct child_fd passphrase = {watch->passphrase_fd, PASSPHRASE_CHILD_FD};
	CLEAN_DONE(child) struct child child = CHILD_INIT;
	struct child_spec spec = {.argv = argv, .stdout_fd = out, .stderr_fd = out};
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	int status;

	if (out < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", log);
	argv[0] = watch->program;
	for (size_t i = 0; i < words->list.count; i++)
		argv[i + 1] = words->list.items[i];
	if (watch->passphrase_fd >= 0) {
		if (lseek(watch->passphrase_fd, 0, SEEK_SET) < 0)
			return err_set(e, BLAME_HOST, errno, "the passphrase: %m");
		spec.fds = &passphrase;
		spec.fd_count = 1;
	}
	int r = child_start(&spec, &child, e);
	if (r == 0)
		r = pidfd_wait(watch, &child, e);
	if (r == 0)
		r = child_wait(&child, &p, &status, e);
	if (r == 0)
		*ret = end_code(status);
	return r;
}

void watch_last_line(const char *log, char *buf, size_t size)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(LOG_MAX);
	const char *last = "";

	buf[0] = '\0';
	if (text_read_file(&bytes, log) < 0)
		return;
	for (char *line = bytes.buf, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (*line)
			last = line;
	}
	if (has_prefix(last, "assay: "))
		last += strlen("assay: ");
	(void)snprintf(buf, size, "%s", last);
}
