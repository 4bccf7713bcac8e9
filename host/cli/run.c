/* SPDX-License-Identifier: Apache-2.0 */
/* assay run, assay audit, assay prove: the three ways to try an image. */
#include <string.h>

#include "host/cli/execute_book.h"
#include "host/cli/execute_options.h"

typedef struct execute_arguments arguments;

static const struct option_line run_options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTION_BACKING,
	OPTIONS_SELECTION(arguments),
	OPTION_CASES(arguments),
	OPTION_CELL,
	OPTION_CHANGED,
	OPTION_COLD,
	OPTION_DEFINE,
	OPTION_DOUBT,
	OPTION_ENTRY,
	OPTION_FIRMWARE,
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTIONS_SELECTION_KIND(arguments),
	OPTION_OUT,
	OPTIONS_POLICY(arguments),
	OPTIONS_SELECTION_REST(arguments),
	OPTION_QUIET,
	OPTION_REPEAT,
	OPTION_RESUME,
	OPTION_SINCE,
	OPTION_SIZE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_SUITE_FROM(arguments),
	OPTION_UNTIL_SURE,
	OPTION_UNTIL_SURE_BUDGET,
	OPTION_VARIABLES,
	OPTION_WAIVERS,
};

static const struct option_line audit_options[] = {
	OPTION_AGENT(arguments),
	OPTION_BACKING,
	OPTIONS_SELECTION(arguments),
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTION_OUT,
	OPTIONS_POLICY(arguments),
	OPTIONS_SELECTION_REST(arguments),
	OPTION_QUIET,
	OPTION_WAIVERS,
};

static const struct option_line prove_options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTION_BACKING,
	OPTIONS_SELECTION(arguments),
	OPTION_CASES(arguments),
	OPTION_COLD,
	OPTION_ENTRY,
	OPTION_FIRMWARE,
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTIONS_SELECTION_KIND(arguments),
	OPTION_TEXT("markdown", 0, arguments, markdown, "FILE", "write the table as Markdown too"),
	OPTION_OUT,
	OPTIONS_POLICY(arguments),
	OPTIONS_SELECTION_REST(arguments),
	OPTION_QUIET,
	OPTION_RESUME,
	OPTION_SIZE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_SUITE_FROM(arguments),
};

#define EXITS "Exit status: 0 ship, 1 block, 2 undecided, 64 usage, 70 this machine."

static int run_run(int argc, char **argv, struct err *e);
static int run_audit(int argc, char **argv, struct err *e);
static int run_prove(int argc, char **argv, struct err *e);

const struct verb verb_run = {
	.name = "run",
	.operands = "IMAGE|RUNBOOK",
	.title = "audit and boot an image, or all that a runbook plans, run the cases, judge",
	.run = run_run,
	.options = run_options,
	.option_count = ARRAY_LEN(run_options),
	.details =
		"The image is never written to. The first boot of an image is frozen and kept; later runs wake\n"
		"copies of it in a fraction of a second. Ctrl-C ends the run and keeps what is finished.\n\n" EXITS,
};

const struct verb verb_audit = {
	.name = "audit",
	.operands = "IMAGE",
	.title = "look into an image without booting it, judge",
	.run = run_audit,
	.options = audit_options,
	.option_count = ARRAY_LEN(audit_options),
	.details = EXITS,
};

const struct verb verb_prove = {
	.name = "prove",
	.operands = "IMAGE",
	.title = "show of each case that it fails under its planted defect",
	.run = run_prove,
	.options = prove_options,
	.option_count = ARRAY_LEN(prove_options),
	.details =
		"Each case runs clean, where it must pass, and with its planted defect, where it must fail.\n"
		"Exit status: 0 all that could be tried are proven, 1 a case missed its defect or failed clean,\n"
		"2 something could not be tried, 64 usage, 70 this machine.",
};

void execute_arguments_done(struct execute_arguments *parsed)
{
	vec_done(&parsed->selection.cases);
	vec_done(&parsed->book.settings);
	vec_done(&parsed->book.changed);
	vec_done(&parsed->size_files);
	vec_done(&parsed->case_folders);
	vec_done(&parsed->suite_sources);
	vec_done(&parsed->policy.files);
	vec_done(&parsed->policy.profiles);
	vec_done(&parsed->selection.areas);
	vec_done(&parsed->selection.kinds);
	vec_done(&parsed->selection.needs);
	vec_done(&parsed->selection.sources);
	vec_done(&parsed->retest.files);
	vec_done(&parsed->retest.images);
	vec_done(&parsed->images);
	judge_arguments_done(&parsed->judge);
}

/* What only a runbook has. */
static bool has_book_words(const struct execute_arguments *parsed)
{
	return parsed->cell || parsed->book.settings.count || parsed->book.variables ||
	       parsed->book.since || parsed->book.changed.count;
}

/* With --resume the plan is there already: asking for another one at the same time is a slip. */
static int check_resume(const struct execute_arguments *parsed, const char *image, struct err *e)
{
	const struct selection_arguments *selection = &parsed->selection;

	if (!parsed->resume)
		return 0;
	if (image)
		return err_set(
			e, BLAME_USER, EINVAL,
			"'%.300s' is one argument too many: --resume goes on with that run's own image",
			image);
	if (selection->cases.count || selection->areas.count || selection->kinds.count ||
	    selection->needs.count || selection->sources.count || selection->proof ||
	    selection->suite || selection->priority || parsed->policy.files.count ||
	    parsed->policy.profiles.count || parsed->size || parsed->size_files.count ||
	    parsed->out || parsed->firmware || parsed->accel || parsed->entry || parsed->cold ||
	    parsed->until_sure || parsed->sure_budget || parsed->repeat || has_book_words(parsed))
		return err_set(
			e, BLAME_USER, EINVAL,
			"--resume goes on with the plan of that run: no cases, policy, size, firmware, "
			"accelerator, way in, folder or repetition can be chosen with it");
	return 0;
}

/* Of an image nobody else says that anything is to be sure. */
static int check_budget(const struct execute_arguments *parsed, const char *subject, struct err *e)
{
	if (!parsed->sure_budget || parsed->until_sure || !subject || is_runbook(subject))
		return 0;
	return err_set(e, BLAME_USER, EINVAL,
		       "--until-sure-budget is of use only with --until-sure");
}

/* What is said of a runbook, or in one. */
static int check_subject(const struct verb *verb, enum execute_way way,
			 const struct execute_arguments *parsed, const char *subject, struct err *e)
{
	if (!subject || !is_runbook(subject))
		return has_book_words(parsed) && subject
			       ? err_set(e, BLAME_USER, EINVAL,
					 "--cell, --changed, --define, --since and --variables are for a "
					 "runbook, and '%.300s' is none: its name ends neither in .yaml nor in .yml",
					 subject)
			       : 0;
	if (way != EXECUTE_RUN)
		return err_set(
			e, BLAME_USER, EINVAL,
			"assay %s takes an image, and '%.300s' is a runbook: `assay run` runs it",
			verb->name, subject);
	if (parsed->size || parsed->firmware)
		return err_set(
			e, BLAME_USER, EINVAL,
			"'%.300s' is a runbook, which says itself of what %s its machines are",
			subject, parsed->size ? "size" : "firmware");
	return 0;
}

static int run_way(const struct verb *verb, enum execute_way way, int argc, char **argv,
		   struct err *e)
{
	struct execute_arguments parsed = {0};
	int r = verb_parse(verb, &argc, argv, 0, 1, &parsed, e);

	if (r == 0 && argc < 2 && !parsed.resume)
		r = err_set(e, BLAME_USER, EINVAL, "assay %s needs an %s; see `assay %s --help`",
			    verb->name, verb->operands, verb->name);
	if (r == 0)
		r = check_resume(&parsed, argc > 1 ? argv[1] : NULL, e);
	if (r == 0)
		r = check_subject(verb, way, &parsed, argc > 1 ? argv[1] : NULL, e);
	if (r == 0)
		r = check_budget(&parsed, argc > 1 ? argv[1] : NULL, e);
	if (r == 0)
		r = execute(way, argc > 1 ? argv[1] : NULL, &parsed, e);
	else if (r > 0)
		r = 0; /* --help */
	execute_arguments_done(&parsed);
	return r;
}

static int run_run(int argc, char **argv, struct err *e)
{
	return run_way(&verb_run, EXECUTE_RUN, argc, argv, e);
}

static int run_audit(int argc, char **argv, struct err *e)
{
	return run_way(&verb_audit, EXECUTE_AUDIT, argc, argv, e);
}

static int run_prove(int argc, char **argv, struct err *e)
{
	return run_way(&verb_prove, EXECUTE_PROVE, argc, argv, e);
}
