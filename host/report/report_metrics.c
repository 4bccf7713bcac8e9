/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report as OpenMetrics 1.0, with gauges alone: so the same file is also one that node_exporter's textfile collector and
 * other readers of the older text format take. https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
#include <stdio.h>

#include "base/json.h"
#include "host/report/report.h"
#include "host/report/words.h"

static void begin(struct text *out, const char *name, const char *unit, const char *help)
{
	text_addf(out, "# TYPE %s gauge\n", name);
	if (unit)
		text_addf(out, "# UNIT %s %s\n", name, unit);
	text_addf(out, "# HELP %s %s\n", name, help);
}

/* A label's value: what is not UTF-8 would spoil the whole file. */
static void add_value(struct text *out, const char *value)
{
	if (!json_keeps(value)) {
		for (; *value; value++)
			text_addf(out, "%c",
				  (unsigned char)*value < 0x20 || *value == '"' || *value == '\\' ||
						  (unsigned char)*value >= 0x7f
					  ? '?'
					  : *value);
		return;
	}
	for (; *value; value++) {
		if (*value == '\n')
			text_adds(out, "\\n");
		else if (*value == '"' || *value == '\\')
			text_addf(out, "\\%c", *value);
		else
			text_add(out, (unsigned char)*value < 0x20 ? "?" : value, 1);
	}
}

struct sample {
	struct text *out;
	bool has_label;
};

static struct sample sample(struct text *out, const char *name)
{
	text_adds(out, name);
	return (struct sample){.out = out};
}

static void label(struct sample *sample, const char *name, const char *value)
{
	text_addf(sample->out, "%s%s=\"", sample->has_label ? "," : "{", name);
	add_value(sample->out, value);
	text_adds(sample->out, "\"");
	sample->has_label = true;
}

static void value(const struct sample *sample, double number)
{
	text_addf(sample->out, "%s %.15g\n", sample->has_label ? "}" : "", number);
}

static void label_cell(struct sample *sample, unsigned cell)
{
	char number[16];

	(void)snprintf(number, sizeof number, "%u", cell);
	label(sample, "cell", number);
}

/* ---- the run ---- */

static void add_run(const struct run *run, const struct judgement *judgement, struct text *out)
{
	static const enum verdict verdicts[] = {VERDICT_SHIP, VERDICT_BLOCK, VERDICT_UNDECIDED};

	begin(out, "assay_run", NULL, "The run that the file tells of; always 1.");
	struct sample one = sample(out, "assay_run");
	label(&one, "run", run->id);
	label(&one, "version", run->version);
	value(&one, 1);
	begin(out, "assay_verdict", NULL, "1 for the verdict on the run, 0 for the others.");
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		one = sample(out, "assay_verdict");
		label(&one, "verdict", verdict_name(verdicts[i]));
		value(&one, judgement->verdict == verdicts[i]);
	}
	begin(out, "assay_run_going", NULL, "1 while the run is still going on.");
	one = sample(out, "assay_run_going");
	value(&one, run->is_going);
	begin(out, "assay_run_begun_timestamp_seconds", "seconds", "When the run began.");
	one = sample(out, "assay_run_begun_timestamp_seconds");
	value(&one, clock_s(run->begun_ns));
	if (run->ended_ns > 0) {
		begin(out, "assay_run_ended_timestamp_seconds", "seconds", "When the run ended.");
		one = sample(out, "assay_run_ended_timestamp_seconds");
		value(&one, clock_s(run->ended_ns));
	}
	begin(out, "assay_run_duration_seconds", "seconds",
	      "How long the run took, without what lies between a stop and --resume.");
	one = sample(out, "assay_run_duration_seconds");
	value(&one, clock_s(words_span_ns(run)));
}

static void add_left_out(const struct run *run, struct text *out)
{
	unsigned asked = 0;

	vec_each (&run->left_out, it)
		asked += it->asked && !it->must;
	begin(out, "assay_left_out", NULL,
	      "Cells that the runbook asks for and that were not run; asked: by its own budget.");
	struct sample one = sample(out, "assay_left_out");
	label(&one, "asked", "true");
	value(&one, asked);
	one = sample(out, "assay_left_out");
	label(&one, "asked", "false");
	value(&one, (double)run->left_out.count - asked);
}

static void add_phases(const struct run *run, struct text *out)
{
	struct phase_sums sums;

	words_phases(run, &sums);
	if (sums.count > 0)
		begin(out, "assay_phase_seconds", "seconds",
		      "Time by phase, all machines added up.");
	vec_each (&sums, it) {
		struct sample one = sample(out, "assay_phase_seconds");
		label(&one, "phase", it->name);
		value(&one, clock_s(it->span_ns));
	}
	vec_done(&sums);
}

/* ---- cells and cases ---- */

static void add_cells(const struct run *run, struct text *out)
{
	begin(out, "assay_cell", NULL, "What was validated on what; always 1.");
	vec_each (&run->cells, cell) {
		struct sample one = sample(out, "assay_cell");
		label_cell(&one, cell->index);
		label(&one, "image", cell->image_name);
		if (cell->image_called[0])
			label(&one, "called", cell->image_called);
		label(&one, "sha256", cell->image_digest);
		label(&one, "os", cell->os_name);
		if (cell->kernel_release[0])
			label(&one, "kernel", cell->kernel_release);
		label(&one, "size", cell->size_name);
		label(&one, "firmware", cell->firmware);
		label(&one, "accel", cell->accel);
		label(&one, "variants", cell->variants);
		value(&one, 1);
	}
	begin(out, "assay_cases", NULL, "Cases by outcome; hole: selected, and without a result.");
	vec_each (&run->cells, cell) {
		struct run_tally tally;
		words_cell_tally(run, cell->index, &tally);
		for (int i = 0; i <= OUTCOME_COUNT; i++) {
			struct sample one = sample(out, "assay_cases");
			label_cell(&one, cell->index);
			label(&one, "outcome",
			      i < OUTCOME_COUNT ? outcome_name((enum outcome)i) : "hole");
			value(&one, i < OUTCOME_COUNT ? tally.outcomes[i] : tally.holes);
		}
	}
}

static void add_case_labels(struct sample *sample, const struct run_case *it)
{
	label_cell(sample, it->cell);
	label(sample, "case", it->id);
}

static void add_cases(const struct run *run, struct text *out)
{
	struct told told;

	begin(out, "assay_case_duration_seconds", "seconds",
	      "How long each case ran, with its outcome; 0 for a hole.");
	vec_each (&run->cases, it) {
		if (it->sabotaged)
			continue;
		words_tell(run, it, &told);
		struct sample one = sample(out, "assay_case_duration_seconds");
		add_case_labels(&one, it);
		label(&one, "outcome", told.status);
		value(&one, it->result ? clock_s(it->result->duration_ns) : 0);
	}
	begin(out, "assay_case_reruns", NULL,
	      "Executions that are not the case's result, by their outcome.");
	vec_each (&run->cases, it) {
		unsigned counts[OUTCOME_COUNT] = {0};
		vec_each (&it->tries, try_)
			counts[try_->outcome]++;
		for (int i = 0; i < OUTCOME_COUNT; i++) {
			if (it->sabotaged || counts[i] == 0)
				continue;
			struct sample one = sample(out, "assay_case_reruns");
			add_case_labels(&one, it);
			label(&one, "outcome", outcome_name((enum outcome)i));
			value(&one, counts[i]);
		}
	}
}

/* The tests of programs: how many of each outcome, and how long all took that told it. */
static void add_subs(const struct run *run, struct text *out)
{
	begin(out, "assay_case_subs", NULL, "Tests of a program's own, by outcome.");
	vec_each (&run->cases, it) {
		unsigned counts[OUTCOME_COUNT] = {0};
		if (it->sabotaged || !it->result || it->result->subs.count == 0)
			continue;
		vec_each (&it->result->subs, sub)
			counts[sub->outcome]++;
		for (int i = 0; i < OUTCOME_COUNT; i++) {
			struct sample one = sample(out, "assay_case_subs");
			add_case_labels(&one, it);
			label(&one, "outcome", outcome_name((enum outcome)i));
			value(&one, counts[i]);
		}
	}
	begin(out, "assay_sub_duration_seconds", "seconds",
	      "How long a program says that each of its tests took.");
	vec_each (&run->cases, it) {
		if (it->sabotaged || !it->result)
			continue;
		vec_each (&it->result->subs, sub) {
			if (sub->duration_ns == 0)
				continue;
			char line[16];
			(void)snprintf(line, sizeof line, "%u", sub->line);
			struct sample one = sample(out, "assay_sub_duration_seconds");
			add_case_labels(&one, it);
			label(&one, "sub", sub->name);
			label(&one, "line", line); /* names may come twice */
			label(&one, "outcome", outcome_name(sub->outcome));
			value(&one, clock_s(sub->duration_ns));
		}
	}
}

/* What cases measured: of each value the median. */
static void add_measures(const struct run *run, struct text *out)
{
	begin(out, "assay_measure", NULL,
	      "What a case measured, in the unit that the label tells.");
	vec_each (&run->cases, it) {
		if (it->sabotaged || !it->result)
			continue;
		vec_each (&it->result->measures, measure) {
			struct sample one = sample(out, "assay_measure");
			add_case_labels(&one, it);
			label(&one, "measure", measure->name);
			label(&one, "unit", measure->unit);
			label(&one, "better", measure_better_name(measure->better));
			value(&one, measure_typical(measure));
		}
	}
}

void report_openmetrics(const struct run *run, const struct judgement *judgement, struct text *out)
{
	add_run(run, judgement, out);
	add_left_out(run, out);
	add_phases(run, out);
	add_cells(run, out);
	add_cases(run, out);
	add_subs(run, out);
	add_measures(run, out);
	text_adds(out, "# EOF\n");
}
