/* SPDX-License-Identifier: Apache-2.0 */
/* assay waive: lets a known failure through for a time. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/option.h"
#include "host/cli/verb.h"
#include "host/judge/waiver.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

#define DEFAULT_FILE "waivers.yaml"

struct arguments {
	const char *reason, *owner, *until, *tracker, *file, *subject, *size, *message;
};

static const struct option_line options[] = {
	OPTION_TEXT("file", 'f', struct arguments, file, "FILE",
		    "the file of waivers (else " DEFAULT_FILE "); it is made when it is not there"),
	OPTION_TEXT("message", 0, struct arguments, message, "PATTERN",
		    "only while the case says so: a glob, or a part of its message"),
	OPTION_TEXT("owner", 0, struct arguments, owner, "NAME", "who answers for it (required)"),
	OPTION_TEXT("reason", 0, struct arguments, reason, "TEXT",
		    "why it may pass for now (required)"),
	OPTION_TEXT("size", 0, struct arguments, size, "PATTERN", "only in sizes of that name"),
	OPTION_TEXT(
		"subject", 0, struct arguments, subject, "PATTERN",
		"only of images with that name, system or SHA-256 (else the run's system, where it has "
		"one; '*': any)"),
	OPTION_TEXT("tracker", 0, struct arguments, tracker, "URL", "where it is followed"),
	OPTION_TEXT("until", 0, struct arguments, until, "DATE",
		    "the last day on which it holds, such as 2026-12-31 (required)"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_waive = {
	.name = "waive",
	.operands = "RUN CASE",
	.title = "let a known failure through for a time",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last`. CASE is the id of a case that failed\n"
		"in it, or a glob over ids. The waiver is added at the end of the file, of which all else stays as it is, and is\n"
		"shown; `assay judge --waivers FILE` goes by it. See assay-waivers(5).\n\n"
		"Exit status: 0 it is written, 64 usage, or there is such a waiver already, 70 this machine.",
};

/* ---- what is waived ---- */

static int check_arguments(const struct arguments *arguments, struct err *e)
{
	const struct {
		const char *name, *value;
	} needed[] = {{"--reason TEXT", arguments->reason},
		      {"--owner NAME", arguments->owner},
		      {"--until DATE", arguments->until}};
	uint64_t end_ns;

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!needed[i].value || needed[i].value[0] == '\0')
			return err_set(
				e, BLAME_USER, EINVAL,
				"assay waive needs %s: nobody could tell later what it is there "
				"for, or until when",
				needed[i].name);
	if (!waiver_parse_date(arguments->until, &end_ns))
		return err_set(e, BLAME_USER, EINVAL,
			       "--until takes a day such as 2026-12-31, not '%.40s'",
			       arguments->until);
	if (end_ns <= clock_wall_ns())
		return err_set(e, BLAME_USER, EINVAL, "--until %s is over already",
			       arguments->until);
	return 0;
}

/* The words with which the waiver is found to fit. */
static void take_words(const struct arguments *arguments, const char *pattern, const char *subject,
		       struct waiver_words *ret)
{
	*ret = (struct waiver_words){
		.cases = pattern,
		.subject = subject && strcmp(subject, "*") != 0 ? subject : NULL,
		.size = arguments->size,
		.message = arguments->message,
		.reason = arguments->reason,
		.owner = arguments->owner,
		.tracker = arguments->tracker,
		.expires = arguments->until,
	};
}

/* Its next version shall be waived too, and no other system: the one system of the run, NULL when it has several or none. */
static const char *system_of(const struct run *run)
{
	const char *name = NULL;

	vec_each (&run->cells, cell) {
		if (name && strcmp(name, cell->os_name) != 0)
			return NULL;
		name = cell->os_name;
	}
	return name && name[0] && !strpbrk(name, "*?[\\") ? name : NULL;
}

/* ---- whether it waives anything ---- */

struct fitting {
	unsigned cases, failures;
};

static struct fitting count_fitting(const struct run *run, const struct waiver *waiver)
{
	struct fitting fitting = {0};

	vec_each (&run->cases, it) {
		if (it->sabotaged || !waiver_is_for(waiver, &run->cells.items[it->cell], it->id))
			continue;
		fitting.cases++;
		fitting.failures += it->result && it->result->outcome == OUTCOME_FAIL &&
				    waiver_fits_message(waiver, it->result->message);
	}
	return fitting;
}

static const char *nearest_case(const struct run *run, const char *pattern)
{
	CLEAN_FREE const char **ids = xnew((run->cases.count + 1) * sizeof *ids);
	size_t count = 0;

	vec_each (&run->cases, it)
		ids[count++] = it->id;
	return nearest_word(pattern, ids);
}

/* What lets nothing through is a slip, and nobody would see it. */
static int check_fits(const struct run *run, const struct waiver *waiver, struct err *e)
{
	struct fitting fitting = count_fitting(run, waiver);
	const char *near = fitting.cases > 0 ? NULL : nearest_case(run, waiver->cases);

	if (fitting.failures > 0)
		return 0;
	if (fitting.cases > 0)
		return err_set(
			e, BLAME_USER, EINVAL,
			"no failure of %.100s in run %s is like this: there is nothing to waive",
			waiver->cases, run->id);
	return err_set(e, BLAME_USER, EINVAL,
		       "no case '%.100s' in run %s on such an image and size%s%s%s", waiver->cases,
		       run->id, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- the file ---- */

static int read_file(const char *path, struct text *bytes, struct err *e)
{
	int r = text_read_file(bytes, path);

	if (r == 0 || r == -ENOENT)
		return 0;
	return err_set(e, BLAME_USER, -r, "read %s: %m", path);
}

static int make_words_into(const char *path, const struct text *bytes,
			   const struct waiver_words *words, const struct run *run,
			   struct text *out, struct text *added, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	CLEAN_DONE(waivers) struct waivers after = WAIVERS_INIT;

	if (waivers_append(path, bytes->buf, bytes->length, words, out, added, &problems) > 0)
		return print_problems(&problems, path, e);
	if (waivers_parse(&after, path, out->buf, out->length, &problems) > 0)
		return print_problems(&problems, path, e);
	return check_fits(run, &after.list.items[after.list.count - 1], e);
}

/* Two at once would each write what the other has not seen: the folder is locked in which the file lies, by whatever link they
 * came to it. */
static int lock_folder(const char *path, int *ret, struct err *e)
{
	CLEAN_FREE char *target = realpath(path, NULL);
	const char *file = target ? target : path, *slash = strrchr(file, '/');
	CLEAN_FREE char *folder =
		slash ? xasprintf("%.*s", (int)(slash - file + 1), file) : xstrdup(".");
	CLEAN_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_set(e, BLAME_USER, errno, "open the folder %s: %m", folder);
	*ret = STEAL_FD(fd);
	return 0;
}

static int show(const char *path, const struct text *added, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(WAIVERS_FILE_MAX);

	text_adds(&out, "added to ");
	escape_terminal(&out, path, false);
	text_adds(&out, ":\n");
	escape_terminal(&out, added->buf, true);
	return print_out(&out, e);
}

static int waive(const struct arguments *arguments, const char *name, const char *pattern,
		 struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(WAIVERS_FILE_MAX),
			       out = TEXT_INIT(WAIVERS_FILE_MAX),
			       added = TEXT_INIT(WAIVERS_FILE_MAX);
	const char *path = arguments->file ? arguments->file : DEFAULT_FILE;
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEAN_FD int lock = -1;
	struct waiver_words words;

	int r = check_arguments(arguments, e);
	if (r == 0)
		r = find_run(name, &folder, e);
	if (r == 0)
		r = read_run(folder, &run, e);
	if (r == 0)
		r = lock_folder(path, &lock, e);
	if (r == 0)
		r = read_file(path, &bytes, e);
	if (r < 0)
		return r;
	take_words(arguments, pattern, arguments->subject ? arguments->subject : system_of(run),
		   &words);
	r = make_words_into(path, &bytes, &words, run, &out, &added, e);
	if (r == 0)
		r = file_write(path, out.buf, out.length, e);
	return r == 0 ? show(path, &added, e) : r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};

	int r = verb_parse(&verb_waive, &argc, argv, 2, 2, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = waive(&arguments, argv[1], argv[2], e);
	return r < 0 ? r : 0;
}
