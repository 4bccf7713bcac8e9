/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a run: the reports in its folder, the summary, the exit code. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/execute.h"
#include "host/report/report.h"
#include "host/store/folder.h"

#define READER_IDLE_NS (10 * NS_PER_S) /* assay-journal(5) names it */

typedef void render_fn(const struct run *run, const struct judgement *judgement, struct text *out);

static int write_report(const char *folder, const struct run *run,
			const struct judgement *judgement, const char *name, render_fn *render,
			struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(REPORT_MAX);
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);

	render(run, judgement, &text);
	return write_text(path, &text, e);
}

int write_reports(const char *folder, const struct run *run, const struct judgement *judgement,
		  struct err *e)
{
	int r = write_report(folder, run, judgement, "report.html", report_html, e);

	if (r == 0)
		r = write_report(folder, run, judgement, "report.json", report_json, e);
	if (r == 0)
		r = write_report(folder, run, judgement, "junit.xml", report_junit, e);
	return r;
}

static int write_markdown(const struct execution *x, const struct run *run, struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(REPORT_MAX);

	if (!x->arguments->markdown)
		return 0;
	proof_markdown(run, &text);
	return write_text(x->arguments->markdown, &text, e);
}

/* The last line of --json. */
static void add_verdict_line(const struct run *run, enum verdict verdict, struct text *out)
{
	struct run_tally tally;

	run_tally(run, &tally);
	json_open(out, '{');
	json_member(out, "type", "verdict");
	json_member(out, "verdict", verdict_name(verdict));
	json_member_number(out, "exit", verdict_exit_code(verdict));
	json_member_number(out, "total", tally.total);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		json_member_number(out, outcome_name((enum outcome)i), tally.outcomes[i]);
	json_member_number(out, "holes", tally.holes);
	json_member_number(out, "left_out", (long long)run->left_out.count);
	json_member(out, "run", run->id);
	json_member(out, "folder", run->folder);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* What a reader has not taken by then is in the folder as well. */
static int end_json(struct execution *x, const struct text *verdict, struct err *e)
{
	struct patience p = patience_for_user(-1);

	outlet_add(x->outlet, verdict->buf, verdict->length);
	int r = outlet_drain(x->outlet, &p, READER_IDLE_NS, e);
	return r < 0 && r != -EPIPE ? err_wrap(e, "--json (all is in %s)", x->folder) : r;
}

static void add_summary(const struct execution *x, const struct run *run,
			const struct judgement *judgement, const struct engine_end *end,
			struct text *out)
{
	bool colour = has_colours(STDOUT_FILENO);

	if (x->way == EXECUTE_PROVE)
		proof_text(run, colour, out);
	else
		report_text(run, judgement, colour, out);
	text_addf(out, "  Kept in %s (report.html is for people, junit.xml for CI)\n", x->folder);
	if (end->cancelled || end->limited)
		text_addf(out, "  To go on: assay %s --resume %s\n",
			  x->way == EXECUTE_PROVE ? "prove" : "run", resume_name(x));
}

int report_execution(struct execution *x, const struct engine_end *end, struct err *e)
{
	CLEANUP(run) struct run *run = NULL;
	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
	CLEAN_DONE(judgement) struct judgement judgement = {0};
	CLEAN_TEXT struct text out = TEXT_INIT(REPORT_MAX);

	/* From the folder and not from memory: what is shown is what is kept. */
	int r = run_load(x->folder, &run, e);
	if (r < 0)
		return r;
	/* Waivers may have got a slip meanwhile: the reports are written all the same. */
	int judged = judge_setup_make(&x->arguments->judge, run, &setup, e);
	if (judged < 0)
		judge_run(run, &judgement);
	else
		judge_by(run, &setup.inputs, &judgement);
	enum verdict verdict = judgement.verdict;
	r = write_reports(run->folder, run, &judgement, e);
	if (r == 0)
		r = write_markdown(x, run, e);
	if (r < 0 || judged < 0)
		return r < 0 ? r : judged;
	if (x->arguments->json) {
		add_verdict_line(run, verdict, &out);
		r = end_json(x, &out, e);
	} else {
		add_summary(x, run, &judgement, end, &out);
		r = print_out(&out, e);
	}
	return r < 0 ? r : verdict_exit_code(verdict);
}
