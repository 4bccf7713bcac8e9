/* SPDX-License-Identifier: Apache-2.0 */
/* What bench-mutation prints. */
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/json.h"
#include "bench/mutation_bench.h"

/* ---- for people ---- */

static void print_lost(const struct bench *bench, const struct mutation_trial *trial,
		       struct text *out)
{
	char how[64];

	if (!trial->has_ended)
		(void)text_addf(out, "LOST  %s  %s %s: the process %s\n",
				subject_of(bench, trial)->id, trial->path ? trial->path : "",
				mutation_name(trial->mutation),
				child_status_text(trial->status, how, sizeof how));
}

static void print_subject(const struct subject *subject, struct text *out)
{
	(void)text_addf(out, "%-52s", subject->id);
	if (!is_judged(subject)) {
		(void)text_addf(out, " %s\n",
				subject->clean->has_ended ? outcome_name(subject->clean->outcome)
							  : "lost");
		return;
	}
	(void)text_addf(out, " %4u", subject->files);
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		const struct tally *tally = &subject->tallies[m];
		char cell[32] = "-";
		if (tally->trials > 0)
			(void)snprintf(cell, sizeof cell, "%u/%u", tally->noticed, tally->trials);
		(void)text_addf(out, " %9s", cell);
	}
	if (subject->files_left_out > 0)
		(void)text_addf(out, "  (of %u files)", subject->files + subject->files_left_out);
	(void)text_adds(out, "\n");
}

static void print_open_files(const struct bench *bench, struct text *out)
{
	vec_each (&bench->trials, trial)
		if (is_open_file(bench, trial))
			(void)text_addf(out, "UNNOTICED  %s  %s  %s\n",
					subject_of(bench, trial)->id,
					mutation_name(trial->mutation), trial->path);
}

static void print_open(const struct bench *bench, struct text *out)
{
	if (bench->guest) {
		print_open_files(bench, out);
		return;
	}
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			if (is_open(bench, &bench->subjects[i], m))
				(void)text_addf(out, "UNNOTICED  %s  %s\n", bench->subjects[i].id,
						mutation_name(m));
}

/* What a line accepts of a case that passes here: nothing is read of it any more, or all of it is noticed. */
static void print_if_needless(const struct bench *bench, const struct accepted_line *line,
			      struct text *out)
{
	unsigned trials = 0, passed = 0;
	bool is_asked = false;

	for (size_t i = 0; i < bench->count; i++)
		is_asked |= is_judged(&bench->subjects[i]) &&
			    strcmp(bench->subjects[i].id, line->id) == 0;
	vec_each (&bench->trials, trial) {
		bool is_meant = accepted_is_about(line, subject_of(bench, trial)->id,
						  trial->mutation, trial->path);
		trials += is_meant;
		passed += is_meant && !is_noticed(trial);
	}
	if (is_asked && passed == 0)
		(void)text_addf(out, "accepted, but %s here: %s  %s\n",
				trials > 0 ? "noticed" : "not read", line->id, line->files);
}

/* What is accepted and yet noticed here; on another image it may not be. */
static void print_needless(const struct bench *bench, struct text *out)
{
	if (bench->guest) {
		vec_each (&bench->accepted, line)
			print_if_needless(bench, line, out);
		return;
	}
	for (size_t i = 0; i < bench->count; i++)
		for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
			if (bench->subjects[i].tallies[m].noticed > 0 &&
			    is_judged(&bench->subjects[i]) &&
			    accepted_reason(&bench->accepted, bench->subjects[i].id, m, NULL))
				(void)text_addf(out, "accepted, but noticed here: %s  %s\n",
						bench->subjects[i].id, mutation_name(m));
}

static void print_unnoticed_files(const struct bench *bench, struct text *out)
{
	vec_each (&bench->trials, trial) {
		const struct subject *subject = subject_of(bench, trial);
		if (is_judged(subject) && !is_noticed(trial))
			(void)text_addf(out, "passes  %s  %s  %s\n", subject->id,
					mutation_name(trial->mutation), trial->path);
	}
}

void mutation_print(const struct bench *bench, struct text *out)
{
	for (size_t i = 0; i < bench->count; i++)
		print_lost(bench, &bench->cleans[i], out);
	vec_each (&bench->trials, trial)
		print_lost(bench, trial, out);
	(void)text_addf(out, "%-52s %4s", "noticed/mutated", "files");
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++)
		(void)text_addf(out, " %9s", mutation_name(m));
	(void)text_adds(out, "\n");
	for (size_t i = 0; i < bench->count; i++)
		print_subject(&bench->subjects[i], out);
	if (bench->arguments.unnoticed)
		print_unnoticed_files(bench, out);
	print_needless(bench, out);
	print_open(bench, out);
	(void)text_addf(
		out,
		"%zu cases, %zu mutated trials in %.1f s: %u lost, %u unnoticed and not accepted\n",
		bench->count, bench->trials.count, clock_s(bench->duration_ns), bench->lost,
		bench->open);
}

/* ---- for programs ---- */

static void add_trial_json(const struct mutation_trial *trial, struct text *out)
{
	char how[64];

	json_open(out, '{');
	json_member(out, "mutation", mutation_name(trial->mutation));
	json_member(out, "path", trial->path);
	if (trial->has_ended)
		json_member(out, "outcome", outcome_name(trial->outcome));
	else
		json_member(out, "lost", child_status_text(trial->status, how, sizeof how));
	if (trial->has_ended && trial->message[0])
		json_member(out, "message", trial->message);
	json_close(out, '}');
}

static void add_tallies_json(const struct bench *bench, const struct subject *subject,
			     struct text *out)
{
	json_key(out, "mutations");
	json_open(out, '{');
	for (enum mutation m = MUTATION_EMPTIED; m < MUTATION_COUNT; m++) {
		const char *reason = accepted_reason(&bench->accepted, subject->id, m, NULL);
		json_key(out, mutation_name(m));
		json_open(out, '{');
		json_member_number(out, "trials", subject->tallies[m].trials);
		json_member_number(out, "noticed", subject->tallies[m].noticed);
		if (reason)
			json_member(out, "accepted", reason);
		json_key(out, "ok");
		json_bool(out, !is_open(bench, subject, m));
		json_close(out, '}');
	}
	json_close(out, '}');
}

static void add_subject_json(const struct bench *bench, const struct subject *subject,
			     struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", subject->id);
	json_member(out, "clean",
		    subject->clean->has_ended ? outcome_name(subject->clean->outcome) : "lost");
	json_member_number(out, "files", subject->files);
	json_member_number(out, "files_left_out", subject->files_left_out);
	add_tallies_json(bench, subject, out);
	json_key(out, "trials");
	json_open(out, '[');
	vec_each (&bench->trials, trial)
		if (trial->def == subject->def)
			add_trial_json(trial, out);
	json_close(out, ']');
	json_close(out, '}');
}

void mutation_print_json(const struct bench *bench, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "seed", (long long)bench->setup.seed);
	json_member_number(out, "lost", bench->lost);
	json_member_number(out, "unnoticed", bench->open);
	json_key(out, "cases");
	json_open(out, '[');
	for (size_t i = 0; i < bench->count; i++)
		add_subject_json(bench, &bench->subjects[i], out);
	json_close(out, ']');
	json_close(out, '}');
	(void)text_adds(out, "\n");
}
