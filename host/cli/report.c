/* SPDX-License-Identifier: Apache-2.0 */
/* assay report: a kept run, told again. */
#include "host/report/report.h"

#include "host/cli/execute.h"
#include "host/cli/judge_setup.h"
#include "host/store/folder.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_HTML,
	FORMAT_JUNIT,
	FORMAT_TAP,
	FORMAT_KTAP,
	FORMAT_CTRF,
	FORMAT_OPENMETRICS,
	FORMAT_MARKDOWN,
	FORMAT_KCIDB,
	FORMAT_PROOF,
	FORMAT_PROOF_JSON,
	FORMAT_PROOF_MARKDOWN
};
static const char *const format_words[] = {
	"text",	       "json",	   "html",  "junit", "tap",	   "ktap",	     "ctrf",
	"openmetrics", "markdown", "kcidb", "proof", "proof-json", "proof-markdown", NULL};

struct arguments {
	struct judge_arguments judge;
	const char *out, *origin;
	int format;
	long long limit;
};

static const struct option_line options[] = {
	OPTION_CHOICE(
		"format", 'f', struct arguments, format, "FORMAT", format_words,
		"text, json, html, junit, tap, ktap, ctrf, openmetrics, markdown, kcidb; of a proof "
		"also proof, proof-json, proof-markdown"),
	OPTIONS_JUDGE(struct arguments),
	OPTION_JUDGE_AT(struct arguments),
	OPTION_TEXT("origin", 0, struct arguments, origin, "NAME",
		    "of kcidb: who reports, as agreed with KernelCI (else assay)"),
	OPTION_NUMBER("limit", 0, struct arguments, limit, "BYTES", REPORT_COMMENT_MAX_MIN,
		      REPORT_MAX, "of markdown: cut it to fit (else 65000, as GitHub takes it)"),
	OPTION_TEXT("out", 'o', struct arguments, out, "FILE",
		    "write it to FILE instead of standard output"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_report = {
	.name = "report",
	.operands = "[RUN]",
	.title = "tell a kept run again, in one of several formats (assay-formats(5))",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last` (the default).\n\n"
		"It is judged as by `assay judge`, by a gate and waivers where they are given; the judgement is not kept.\n\n"
		"Exit status: that of the verdict.",
};

static void render(enum format format, const struct arguments *arguments, const struct run *run,
		   const struct judgement *judgement, struct text *out)
{
	bool colour = !arguments->out && has_colours(STDOUT_FILENO);

	switch (format) {
	case FORMAT_TEXT:
		report_text(run, judgement, colour, out);
		break;
	case FORMAT_JSON:
		report_json(run, judgement, out);
		break;
	case FORMAT_HTML:
		report_html(run, judgement, out);
		break;
	case FORMAT_JUNIT:
		report_junit(run, judgement, out);
		break;
	case FORMAT_TAP:
		report_tap(run, judgement, out);
		break;
	case FORMAT_KTAP:
		report_ktap(run, judgement, out);
		break;
	case FORMAT_CTRF:
		report_ctrf(run, judgement, out);
		break;
	case FORMAT_OPENMETRICS:
		report_openmetrics(run, judgement, out);
		break;
	case FORMAT_MARKDOWN:
		report_markdown(run, judgement, (size_t)arguments->limit, out);
		break;
	case FORMAT_KCIDB:
		report_kcidb(run, judgement, arguments->origin, out);
		break;
	case FORMAT_PROOF:
		proof_text(run, colour, out);
		break;
	case FORMAT_PROOF_JSON:
		proof_json(run, out);
		break;
	case FORMAT_PROOF_MARKDOWN:
		proof_markdown(run, out);
		break;
	}
}

/* Which form it gets; -EINVAL (blame user): this run has none such. */
static int choose_format(const struct arguments *arguments, const struct run *run, struct err *e)
{
	if (arguments->format >= FORMAT_PROOF && !run->proves)
		return err_set(
			e, BLAME_USER, EINVAL,
			"run %s is no proof: --format %s tells what `assay prove` found; for this "
			"run take one of text, json, html, junit, tap, ktap, ctrf, openmetrics, markdown, "
			"kcidb",
			run->id, format_words[arguments->format]);
	return arguments->format == FORMAT_TEXT && run->proves ? FORMAT_PROOF : arguments->format;
}

static int tell(const struct arguments *arguments, const char *name, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	int r = find_run(name, &folder, e);
	if (r == 0)
		r = read_run(folder, &run, e);
	if (r == 0)
		r = judge_setup_make(&arguments->judge, run, &setup, e);
	int format = r == 0 ? choose_format(arguments, run, e) : r;
	if (format < 0)
		return format;
	judge_by(run, &setup.inputs, &judgement);
	render((enum format)format, arguments, run, &judgement, &out);
	r = arguments->out ? write_text(arguments->out, &out, e) : print_out(&out, e);
	return r < 0 ? r : verdict_exit_code(judgement.verdict);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {.limit = REPORT_COMMENT_MAX, .origin = "assay"};

	int r = verb_parse(&verb_report, &argc, argv, 0, 1, &arguments, e);
	if (r == 0 && !report_is_origin(arguments.origin))
		r = err_set(e, BLAME_USER, EINVAL,
			    "--origin %.40s: KernelCI takes small letters, digits and '_' alone",
			    arguments.origin);
	else if (r == 0)
		r = tell(&arguments, argc > 1 ? argv[1] : "last", e);
	else if (r > 0)
		r = 0;
	judge_arguments_done(&arguments.judge);
	return r;
}
