/* SPDX-License-Identifier: Apache-2.0 */
/* assay judge: the verdict on a run, by a gate, with each reason and its evidence. */
#include "base/log.h"
#include "host/cli/execute.h"
#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/report/judgement.h"
#include "host/report/report.h"

struct arguments {
	struct judge_arguments judge;
	const char *out, *reports;
	bool json;
};

static const struct option_line options[] = {
	OPTIONS_JUDGE(struct arguments),
	OPTION_JUDGE_AT(struct arguments),
	OPTION_FLAG("json", 0, struct arguments, json,
		    "print one JSON object, see assay-report(5)"),
	OPTION_TEXT("out", 'o', struct arguments, out, "FILE",
		    "write it to FILE instead of standard output"),
	OPTION_TEXT("reports", 0, struct arguments, reports, "DIR",
		    "write report.html, report.json and junit.xml with this verdict into DIR"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_judge = {
	.name = "judge",
	.operands = "[RUN]",
	.title = "tell whether an image may ship, by a gate, with each reason",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last` (the default).\n\n"
		"Nothing is run: the results that are kept are held against the gate (assay-gate(5)), the waivers\n"
		"(assay-waivers(5)) and the baseline. The same of these and the same time (--at) give the same verdict. Each\n"
		"judgement is added to judgements.jsonl in the run's folder.\n\n"
		"Exit status: 0 ship, 1 block, 2 undecided, 64 usage, 70 this machine.",
};

static int render(const struct arguments *arguments, const struct run *run,
		  const struct judgement *judgement, const struct judge_inputs *inputs,
		  struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	if (arguments->json) {
		judgement_json(run, judgement, inputs, &out);
		text_adds(&out, "\n");
	} else
		judgement_text(run, judgement, inputs,
			       !arguments->out && has_colours(STDOUT_FILENO), &out);
	return arguments->out ? write_text(arguments->out, &out, e) : print_out(&out, e);
}

static int judge(const struct arguments *arguments, const char *name, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	struct err why = {0};

	int r = find_run(name, &folder, e);
	if (r == 0)
		r = read_run(folder, &run, e);
	if (r == 0)
		r = judge_setup_make(&arguments->judge, run, &setup, e);
	if (r < 0)
		return r;
	judge_by(run, &setup.inputs, &judgement);
	/* A run that lies where nobody may write is judged all the same. */
	if (judgement_keep(run, &judgement, &setup.inputs, &why) < 0)
		log_warning("the judgement is not kept beside the run: %s", why.text);
	if (arguments->reports)
		r = write_reports(arguments->reports, run, &judgement, e);
	if (r == 0)
		r = render(arguments, run, &judgement, &setup.inputs, e);
	return r < 0 ? r : verdict_exit_code(judgement.verdict);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};

	int r = verb_parse(&verb_judge, &argc, argv, 0, 1, &arguments, e);
	r = r == 0 ? judge(&arguments, argc > 1 ? argv[1] : "last", e) : r < 0 ? r : 0;
	judge_arguments_done(&arguments.judge);
	return r;
}
