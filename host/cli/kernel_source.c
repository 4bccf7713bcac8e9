/* SPDX-License-Identifier: Apache-2.0 */
/* Source trees on the command line. */
#include "host/cli/kernel_source.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

#define WARNINGS_TOLD 5

/* ---- Ctrl-C ---- */

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

int interrupt_begin(struct interrupt *interrupt, struct err *e)
{
	sigset_t ours;

	our_signals(&ours);
	(void)sigprocmask(SIG_BLOCK, &ours, NULL);
	interrupt->fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	return interrupt->fd < 0 ? err_set(e, BLAME_HOST, errno, "signalfd: %m") : 0;
}

void interrupt_done(struct interrupt *interrupt)
{
	sigset_t ours;

	if (interrupt->fd < 0)
		return;
	scope_close(&interrupt->fd);
	interrupt->fd = -1;
	our_signals(&ours);
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

/* ---- what is given ---- */

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Names of folders may have an @ in them, and so may revisions (HEAD@{1}). */
void source_split(const char *spec, char **ret_tree, const char **ret_revision)
{
	*ret_revision = NULL;
	for (const char *at = spec; !is_folder(spec) && (at = strchr(at, '@')); at++) {
		CLEAN_FREE char *tree = xasprintf("%.*s", (int)(at - spec), spec);
		if (at == spec || !is_folder(tree))
			continue;
		*ret_tree = STEAL_PTR(tree);
		*ret_revision = at + 1;
		return;
	}
	*ret_tree = xstrdup(spec);
}

/* "NAME=VALUE"; what says where things go, or runs something else, is ours. */
static int check_word(const char *word, struct err *e)
{
	static const char *const ours[] = {
		"O=", "ARCH=", "KBUILD_OUTPUT=", "INSTALL_MOD_PATH=", "KBUILD_EXTMOD=", "M="};
	size_t length = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (length == 0 || isdigit((unsigned char)word[0]) || word[length] != '=')
		return err_set(e, BLAME_USER, EINVAL, "--make: '%.80s' is no NAME=VALUE", word);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (has_prefix(word, ours[i]))
			return err_set(e, BLAME_USER, EINVAL, "--make: %.*s is set by Assay",
				       (int)length, word);
	return 0;
}

int source_check(const struct source_arguments *arguments, struct err *e)
{
	int r = 0;

	vec_each (&arguments->words, word)
		if (r == 0)
			r = check_word(*word, e);
	if (r == 0 && arguments->words.count > BUILD_WORDS_MAX)
		r = err_set(e, BLAME_USER, E2BIG, "--make: more than %d of them", BUILD_WORDS_MAX);
	if (r == 0 && arguments->fragments.count > BUILD_FRAGMENTS_MAX)
		r = err_set(e, BLAME_USER, E2BIG, "--fragment: more than %d files",
			    BUILD_FRAGMENTS_MAX);
	return r;
}

/* ---- building ---- */

static void tell(void *arg, const char *line)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(4096);
	const bool *quiet = arg;

	if (*quiet)
		return;
	escape_terminal(&shown, line, false);
	(void)fprintf(stderr, "        %s\n", shown.buf);
}

static void tell_line(bool quiet, const char *format, ...) PRINTF(2, 3);
static void tell_line(bool quiet, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096);
	va_list args;

	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	tell(&quiet, line.buf);
}

/* What the compiler complained of in a kernel that was built all the same. */
static void tell_built(const struct built *built, bool quiet)
{
	const struct build *build = &built->build;
	CLEAN_TEXT struct text found = TEXT_INIT(1U << 20), shown = TEXT_INIT(4U << 20);
	char span[CLOCK_SPAN_SIZE];

	if (build->failed || quiet)
		return;
	if (build->was_kept)
		tell_line(quiet, "%s was built before", built->source.name);
	else
		tell_line(quiet, "built %s in %s", built->source.name,
			  clock_span(build->span_ns, span));
	if (build->warnings > 0)
		build_tell(build, WARNINGS_TOLD, &found);
	if (build->warnings > WARNINGS_TOLD)
		text_addf(&found, "    all of them are in %s\n", build->log);
	text_adds(&found, build->remarks.buf);
	escape_terminal(&shown, found.buf, true);
	(void)fputs(shown.buf, stderr);
}

int source_build(const struct source_arguments *arguments, const char *tree, const char *revision,
		 const struct patience *p, bool quiet, struct built *ret, struct err *e)
{
	CLEAN_FREE char *cache = NULL;

	ret->source.lock_fd = ret->build.lock_fd = -1;
	int r = cache_folder("", &cache, e);
	if (r == 0)
		r = folder_make(cache, e);
	if (r < 0)
		return err_wrap(e, "the cache, which ASSAY_CACHE can put elsewhere");
	const struct source_order source = {.tree = tree, .revision = revision, .cache = cache};
	const struct build_order order = {.config = arguments->config,
					  .fragments = arguments->fragments.items,
					  .fragment_count = arguments->fragments.count,
					  .words = arguments->words.items,
					  .word_count = arguments->words.count,
					  .jobs = (unsigned)arguments->build_jobs,
					  .cache = cache,
					  .tell = tell,
					  .arg = &quiet};
	r = source_check(arguments, e);
	if (r == 0)
		r = source_open(&source, p, &ret->source, e);
	if (r == 0)
		tell_line(quiet, "source tree %s", ret->source.name);
	if (r == 0)
		r = build_kernel(&order, &ret->source, p, &ret->build, e);
	if (r == 0)
		tell_built(ret, quiet);
	return r;
}

void built_done(struct built *built)
{
	build_done(&built->build);
	source_done(&built->source);
}
