/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a run that several reports tell in the same words. */
#include "host/report/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/rate.h"

const char *words_outcome(const struct run_case *it)
{
	return it->result ? outcome_name(it->result->outcome) : "hole";
}

const char *words_message(const struct run_case *it)
{
	if (it->is_awaited)
		return "it has no result yet: the run is still going on";
	if (!it->result)
		return "it was selected but has no result: the run ended before it";
	return it->result->message[0] ? it->result->message : "no message";
}

static void count_execution(enum outcome outcome, unsigned *passed, unsigned *total)
{
	*passed += outcome == OUTCOME_PASS;
	*total += outcome == OUTCOME_PASS || outcome == OUTCOME_FAIL || outcome == OUTCOME_BROKEN;
}

const struct run_case *words_miss(const struct run *run, const struct run_case *it)
{
	const struct run_case *sabotaged =
		run->proves && it->result && it->result->outcome == OUTCOME_PASS
			? run_find(run, it->cell, it->id, true)
			: NULL;

	return sabotaged && (!sabotaged->result || sabotaged->result->outcome != OUTCOME_FAIL)
		       ? sabotaged
		       : NULL;
}

bool words_is_unknown(const struct run_case *sabotaged)
{
	return !sabotaged->result || sabotaged->result->outcome == OUTCOME_INFRA;
}

void words_tell(const struct run *run, const struct run_case *it, struct told *ret)
{
	const struct run_case *miss = words_miss(run, it);

	if (miss) {
		ret->outcome = words_is_unknown(miss) ? OUTCOME_INFRA : OUTCOME_FAIL;
		ret->status = "missed";
		(void)snprintf(ret->message, sizeof ret->message,
			       "with its defect planted (%s) it came out as %s", miss->sabotage,
			       words_outcome(miss));
		return;
	}
	bool is_silent =
		it->result && it->result->outcome == OUTCOME_PASS && !it->result->message[0];
	ret->outcome = it->result ? it->result->outcome : OUTCOME_INFRA;
	ret->status = words_outcome(it);
	(void)snprintf(ret->message, sizeof ret->message, "%s", is_silent ? "" : words_message(it));
}

const struct run_try *words_other_try(const struct run_case *it)
{
	vec_each (&it->tries, try_)
		if (it->result && try_->outcome != it->result->outcome)
			return try_;
	return NULL;
}

/* Its pass rate, and what was made of it, where it ran until it was sure. */
static void add_sure(const struct run_case *it, struct text *out)
{
	unsigned passed = 0, total = 0;
	struct rate_interval interval;

	if (!it->record || it->record->sure[0] == '\0')
		return;
	count_execution(it->result->outcome, &passed, &total);
	vec_each (&it->tries, try_)
		count_execution(try_->outcome, &passed, &total);
	rate_interval(passed, total, RATE_CONFIDENCE, &interval);
	(void)text_addf(out, " (%s: it passes ", it->record->sure);
	rate_add(out, &interval);
	(void)text_adds(out, " of the time)");
}

void words_tries(const struct run_case *it, struct text *out)
{
	const char *before = "";

	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
		unsigned count = it->result && it->result->outcome == (enum outcome)outcome;
		vec_each (&it->tries, try_)
			count += try_->outcome == (enum outcome)outcome;
		if (count == 0)
			continue;
		text_addf(out, "%s%u %s", before, count, outcome_name((enum outcome)outcome));
		before = ", ";
	}
	add_sure(it, out);
}

void words_place(const struct check_record *check, struct text *out)
{
	text_adds(out, check->file);
	if (check->file[0] && check->line > 0)
		text_addf(out, ":%u", check->line);
}

static void add_variants(const struct run_cell *cell, struct text *out)
{
	for (const char *at = cell->variants; *at; at += strspn(at, "\n")) {
		size_t length = strcspn(at, "\n");
		text_addf(out, ", %.*s", (int)length, at);
		at += length;
	}
}

const char *words_image(const struct run_cell *cell)
{
	if (cell->kernel_called[0] && !cell->image_format[0])
		return cell->kernel_called;
	return cell->image_called[0] ? cell->image_called : cell->image_name;
}

static bool has_kernel_in_image(const struct run_cell *cell)
{
	return cell->kernel_digest[0] && cell->image_format[0];
}

void words_where(const struct run *run, const struct run_case *it, struct text *out)
{
	if (run->cells.count < 2 || it->cell >= run->cells.count)
		return;
	const struct run_cell *cell = &run->cells.items[it->cell];
	text_addf(out, "%s, ", words_image(cell));
	if (has_kernel_in_image(cell) && cell->kernel_called[0])
		text_addf(out, "kernel %s, ", cell->kernel_called);
	text_addf(out, "%s%s%s%s%s", cell->size_name, cell->firmware[0] ? ", " : "", cell->firmware,
		  cell->host[0] ? ", " : "", cell->host);
	add_variants(cell, out);
	if (cell->is_like_other)
		text_addf(out, ", cell %u", cell->index);
}

/* ", on old (/opt/qemu/bin/qemu-system-x86_64, QEMU 7.2.22, pc-i440fx-7.2)" */
static void add_host(const struct run_cell *cell, struct text *out)
{
	const char *before = " (";

	if (!cell->host[0])
		return;
	text_addf(out, ", on %s", cell->host);
	if (cell->qemu[0]) {
		text_addf(out, "%s%s", before, cell->qemu);
		before = ", ";
	}
	if (cell->qemu_version[0]) {
		text_addf(out, "%sQEMU %s", before, cell->qemu_version);
		before = ", ";
	}
	if (cell->machine[0]) {
		text_addf(out, "%s%s", before, cell->machine);
		before = ", ";
	}
	text_adds(out, before[0] == ',' ? ")" : "");
}

void words_cell(const struct run_cell *cell, struct text *out)
{
	if (cell->os_name[0])
		text_addf(out, "%s, ", cell->os_name);
	text_addf(out, "%s (%u CPU%s, %u MiB)", cell->size_name, cell->cpus,
		  cell->cpus == 1 ? "" : "s", cell->mem_mib);
	if (cell->stand_in[0])
		text_addf(out, ", a stand-in with %s", cell->stand_in);
	if (cell->firmware[0])
		text_addf(out, ", %s", cell->firmware);
	if (cell->accel[0])
		text_addf(out, ", %s", cell->accel);
	if (has_kernel_in_image(cell))
		text_addf(out, ", kernel %s", cell->kernel_release);
	add_host(cell, out);
	add_variants(cell, out);
}

void words_counts(const struct run_tally *tally, const char *holes, struct text *out)
{
	static const char *const past[OUTCOME_COUNT] = {
		[OUTCOME_PASS] = "passed",   [OUTCOME_FAIL] = "failed", [OUTCOME_SKIP] = "skipped",
		[OUTCOME_BROKEN] = "broken", [OUTCOME_INFRA] = "infra",
	};
	const char *before = ": ";

	text_addf(out, "%u case%s", tally->total, tally->total == 1 ? "" : "s");
	for (size_t i = 0; i < OUTCOME_COUNT; i++) {
		if (tally->outcomes[i] == 0)
			continue;
		text_addf(out, "%s%u %s", before, tally->outcomes[i], past[i]);
		before = ", ";
	}
	if (tally->holes)
		text_addf(out, "%s%u %s", before, tally->holes, holes);
}

static const char *hole_words(const struct run *run)
{
	return run->is_going ? "still to come" : "without a result";
}

void words_tally(const struct run *run, struct text *out)
{
	struct run_tally tally;

	run_tally(run, &tally);
	words_counts(&tally, hole_words(run), out);
}

/* What the plan itself answers was not run. */
static unsigned count_run_again(const struct run *run)
{
	unsigned count = 0;

	vec_each (&run->cases, it)
		count += !it->sabotaged && !it->carried && strcmp(it->way, "skip") != 0 &&
			 strcmp(it->way, "broken") != 0;
	return count;
}

void words_retest(const struct run *run, struct text *out)
{
	struct run_tally tally;

	run_tally(run, &tally);
	text_addf(out, "A retest of %s: %u run again, %u carried over", run->retests,
		  count_run_again(run), tally.carried);
	if (tally.foreign == tally.carried && tally.carried > 0)
		text_adds(out, " from another image");
	else if (tally.foreign > 0)
		text_addf(out, ", %u of them from another image", tally.foreign);
}

void words_origin(const struct run_carried *carried, struct text *out)
{
	text_addf(out, "run %s, on the image with SHA-256 %.12s…", carried->run, carried->sha256);
}

void words_cell_tally(const struct run *run, unsigned cell, struct run_tally *ret)
{
	size_t first = 0, count = run->cases.count;

	*ret = (struct run_tally){0};
	while (count > 0) { /* they are sorted by their cells */
		size_t half = count / 2;
		bool is_before = run->cases.items[first + half].cell < cell;
		first = is_before ? first + half + 1 : first;
		count = is_before ? count - half - 1 : half;
	}
	for (; first < run->cases.count && run->cases.items[first].cell == cell; first++) {
		const struct run_case *it = &run->cases.items[first];
		if (it->sabotaged)
			continue;
		ret->total++;
		if (it->result)
			ret->outcomes[it->result->outcome]++;
		else
			ret->holes++;
	}
}

const char *words_worst(const struct run_tally *tally)
{
	static const enum outcome worst_first[] = {OUTCOME_FAIL, OUTCOME_BROKEN, OUTCOME_INFRA};

	for (size_t i = 0; i < ARRAY_LEN(worst_first); i++)
		if (tally->outcomes[worst_first[i]] > 0)
			return outcome_name(worst_first[i]);
	if (tally->holes > 0)
		return "hole";
	return outcome_name(tally->outcomes[OUTCOME_PASS] > 0 ? OUTCOME_PASS : OUTCOME_SKIP);
}

void words_measure(const struct measure *measure, struct text *out)
{
	double low = measure->samples[0], high = low;

	for (unsigned i = 1; i < measure->count; i++) {
		low = measure->samples[i] < low ? measure->samples[i] : low;
		high = measure->samples[i] > high ? measure->samples[i] : high;
	}
	text_addf(out, "%s %.4g %s", measure->name, measure_typical(measure), measure->unit);
	if (measure->count > 1)
		text_addf(out, " (of %u: %.4g to %.4g)", measure->count, low, high);
}

void words_measures(const struct measures *measures, struct text *out)
{
	vec_each (measures, it) {
		(void)text_adds(out, it == measures->items ? "" : ", ");
		words_measure(it, out);
	}
}

void words_measures_json(const struct measures *measures, struct text *out)
{
	if (measures->count == 0)
		return;
	json_key(out, "measures");
	json_open(out, '[');
	vec_each (measures, it) {
		json_open(out, '{');
		json_member(out, "name", it->name);
		json_member(out, "unit", it->unit);
		json_member(out, "better", measure_better_name(it->better));
		json_key(out, "typical");
		json_double(out, measure_typical(it));
		json_key(out, "samples");
		json_open(out, '[');
		for (unsigned i = 0; i < it->count; i++)
			json_double(out, it->samples[i]);
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
}

uint64_t words_span_ns(const struct run *run)
{
	return run->ended_ns > 0 ? run->worked_ns : 0;
}

void words_ending(const struct run *run, struct text *out)
{
	if (run->is_going)
		text_adds(out, "This run is still going on");
	else if (run->ended_ns == 0)
		text_adds(out, "This run did not end by itself");
	else if (strcmp(run->ending, "done") != 0)
		text_addf(out, "It ended early: %s", run->ending);
}

static int compare_needs(const void *a, const void *b)
{
	const struct need_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->need, y->need);
}

static void count_need(struct need_counts *counts, const char *need)
{
	vec_each (counts, it) {
		if (strcmp(it->need, need) == 0) {
			it->count++;
			return;
		}
	}
	(void)vec_add(counts, ((struct need_count){need, 1}));
}

void words_skips(const struct run *run, struct need_counts *ret)
{
	*ret = (struct need_counts)VEC_INIT(run->cases.count + 1);
	vec_each (&run->cases, it)
		if (!it->sabotaged && it->result && it->result->outcome == OUTCOME_SKIP)
			count_need(ret, it->result->need[0] ? it->result->need : "(not named)");
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_needs);
}

void words_phases(const struct run *run, struct phase_sums *ret)
{
	*ret = (struct phase_sums)VEC_INIT(100);
	vec_each (&run->phases, phase) {
		struct phase_sum *sum = NULL;
		vec_each (ret, it)
			if (strcmp(it->name, phase->name) == 0)
				sum = it;
		if (sum) {
			sum->span_ns += phase->span_ns;
			sum->count += phase->count;
			continue;
		}
		(void)vec_add(ret, ((struct phase_sum){phase->name, phase->span_ns, phase->count}));
	}
}

static int by_duration(const void *a, const void *b)
{
	const struct run_case *const *x = a, *const *y = b;
	uint64_t x_ns = (*x)->result->duration_ns, y_ns = (*y)->result->duration_ns;

	return x_ns != y_ns ? (x_ns < y_ns ? 1 : -1) : strcmp((*x)->id, (*y)->id);
}

void words_longest(const struct run *run, size_t count, struct long_cases *ret)
{
	*ret = (struct long_cases)VEC_INIT(100000);
	vec_each (&run->cases, it)
		if (it->result && !it->carried && it->result->duration_ns >= NS_PER_S)
			(void)vec_add(ret, it);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, by_duration);
	if (ret->count > count)
		ret->count = count;
}
