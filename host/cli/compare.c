/* SPDX-License-Identifier: Apache-2.0 */
/* assay compare: a run against an earlier one. */
#include "host/judge/compare.h"

#include "base/log.h"
#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/report/compare.h"
#include "host/report/report.h"
#include "host/store/folder.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_MARKDOWN };
static const char *const format_words[] = {"text", "json", "markdown", NULL};

struct arguments {
	const char *out;
	int format;
};

static const struct option_line options[] = {
	OPTION_CHOICE("format", 'f', struct arguments, format, "FORMAT", format_words,
		      "text, json or markdown"),
	OPTION_TEXT("out", 'o', struct arguments, out, "FILE",
		    "write it to FILE instead of standard output"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_compare = {
	.name = "compare",
	.operands = "BASELINE [RUN]",
	.title = "tell what is other in a run than in an earlier one",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"Both are a folder, an id, or a part of an id that fits one run only; RUN is else the last one. Cells are "
		"paired\nby size, firmware, CPU model, variants and architecture, then by what is most alike: images may have "
		"other names.\n\n"
		"Values that cases have measured (on 5 machines or more in each run, see --repeat of `assay run`) have changed where "
		"an\nexact rank test says so and the change is larger than 5 % and than twice their noise.\n\n"
		"Exit status: 0 nothing got worse, 1 something fails that did not or a value got worse, 2 something is no longer decided, tried "
		"or\nselected that was, 64 usage, 70 this machine.",
};

static int read_named(const char *name, struct run **ret, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	int r = find_run(name, &folder, e);

	if (r == 0)
		r = read_run(folder, ret, e);
	if (r == 0 && (*ret)->proves)
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is a proof: there is no image to compare in it", (*ret)->id);
	return r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(run) struct run *before = NULL, *now = NULL;
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	CLEAN_NOISES struct noises noises = VEC_INIT(NOISES_MAX);
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	int r = verb_parse(&verb_compare, &argc, argv, 1, 2, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = read_named(argv[1], &before, e);
	if (r == 0)
		r = read_named(argc > 2 ? argv[2] : "last", &now, e);
	if (r < 0)
		return r;
	recall_noise(&noises);
	compare_runs_by_noise(before, now, &noises, &comparison);
	switch ((enum format)arguments.format) {
	case FORMAT_TEXT:
		compare_text(before, now, &comparison, !arguments.out && has_colours(STDOUT_FILENO),
			     &out);
		break;
	case FORMAT_JSON:
		compare_json(before, now, &comparison, &out);
		break;
	case FORMAT_MARKDOWN:
		compare_markdown(before, now, &comparison, &out);
		break;
	}
	r = arguments.out ? write_text(arguments.out, &out, e) : print_out(&out, e);
	return r < 0 ? r : comparison_exit_code(&comparison);
}
