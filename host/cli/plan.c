/* SPDX-License-Identifier: Apache-2.0 */
/* assay plan: what a runbook would run, what not and why; nothing is run. */
#include <stdio.h>
#include <string.h>

#include "host/cli/execute_options.h"
#include "host/cli/plan_show.h"

#define OUT_MAX (256U << 20)

typedef struct execute_arguments arguments;

static const struct option_line options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTION_BACKING,
	OPTION_CASES(arguments),
	OPTION_CHANGED,
	OPTION_DEFINE,
	OPTION_ENTRY,
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print JSON, see assay-plan(5)"),
	OPTIONS_POLICY(arguments),
	OPTION_SINCE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_SUITE_FROM(arguments),
	OPTION_FLAG("traits", 0, arguments, traits,
		    "show also what is known of each item, and who says it"),
	OPTION_VARIABLES,
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_plan = {
	.name = "plan",
	.operands = "RUNBOOK",
	.title = "show what a runbook would run, and why; run nothing",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"The images are looked into as `assay run` does. Nothing is booted but a tiny machine that shows whether\n"
		"KVM works here, once, and nothing is changed but caches.\n\n"
		"Exit status: 0 there is a plan, 64 usage, 70 this machine.",
};

/* ---- the verb ---- */

static const char *last_why(const struct execution *x)
{
	const char *why = "";

	for (size_t i = 0; i < x->book->combine->count; i++)
		if (x->book->why_not[i])
			why = x->book->why_not[i];
	return why;
}

static int make(struct execution *x, const char *path, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(OUT_MAX);
	int r = execution_prepare(x, path, e);

	if (r < 0)
		return r;
	if (x->arguments->json)
		plan_show_json(x, &out);
	else
		plan_show_page(x, &out);
	r = print_out(&out, e);
	/* In JSON it stands why; the exit code says it as well. */
	return r < 0 || x->cells.count > 0 || plan_show_is_increment(x)
		       ? r
		       : refuse_no_cell(x, last_why(x), e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct execute_arguments parsed = {0};
	CLEAN_DONE(execution) struct execution x;
	int r = verb_parse(&verb_plan, &argc, argv, 1, 1, &parsed, e);

	execution_init(&x, EXECUTE_RUN, &parsed);
	x.only_plans = true;
	if (r == 0 && !is_runbook(argv[1]))
		r = err_set(e, BLAME_USER, EINVAL,
			    "'%.300s' is no runbook: its name ends neither in .yaml nor in .yml",
			    argv[1]);
	if (r == 0)
		r = make(&x, argv[1], e);
	else if (r > 0)
		r = 0; /* --help */
	execute_arguments_done(&parsed);
	return r;
}
