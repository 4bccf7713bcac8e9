/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verbs judge a run by: gate, waivers, baseline, time. Read from what the command line names.
 *
 *	static const struct option_line options[] = { …, OPTIONS_JUDGE(struct arguments) };      (with a member `judge`)
 *	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
 *	r = judge_setup_make(&arguments.judge, run, &setup, e);
 *	judge_by(run, &setup.inputs, &judgement);
 *	r = judgement_keep(run, &judgement, &setup.inputs, e);
 */
#ifndef ASSAY_HOST_CLI_JUDGE_SETUP_H
#define ASSAY_HOST_CLI_JUDGE_SETUP_H

#include "base/option.h"
#include "host/catalog/catalog.h"
#include "host/judge/judge.h"

struct judge_arguments {
	const char *gate, *baseline, *at, *agent;
	struct text_list waivers, case_folders;
};

#define OPTIONS_JUDGE(S)                                                                           \
	OPTION_TEXT("agent", 0, S, judge.agent, "FILE",                                            \
		    "the agent binary, which knows what a suite has (else found by itself)"),      \
		OPTION_TEXT("baseline", 'b', S, judge.baseline, "RUN",                             \
			    "the earlier run that the gate compares with"),                        \
		OPTION_LIST("cases", 0, S, judge.case_folders, "FOLDER",                           \
			    "also the cases in FOLDER that are programs (repeatable)"),            \
		OPTION_TEXT("gate", 'g', S, judge.gate, "FILE",                                    \
			    "judge by this gate, see assay-gate(5) (else by the built-in rules)"), \
		OPTION_LIST(                                                                       \
			"waivers", 'w', S, judge.waivers, "FILE",                                  \
			"let through what FILE says, see assay-waivers(5) (repeatable); a gate "   \
			"that names its own allows no others")

#define OPTION_JUDGE_AT(S)                                                                         \
	OPTION_TEXT(                                                                               \
		"at", 0, S, judge.at, "TIME",                                                      \
		"judge as of that time, such as 2026-01-31 or 2026-01-31T12:00:00Z (else now)")

struct judge_setup {
	struct gate *gate;
	struct waivers waivers;
	struct run *baseline;
	struct catalog *catalog;
	struct sign_offs sign_offs; /* their lacks are owned */
	struct past_results history;
	struct worse_values values;
	struct judge_inputs inputs; /* points into the rest: do not move it */
};

/* Reads all of it. -EINVAL (blame user): what is wrong with the files has been printed to stderr. */
int judge_setup_make(const struct judge_arguments *arguments, const struct run *run,
		     struct judge_setup *ret, struct err *e) NONNULL(1, 2, 3, 4);
/* Reads all that there is without a run, for who judges later. -EINVAL (blame user): what is wrong has been printed to stderr. */
int judge_check(const struct judge_arguments *arguments, struct err *e) NONNULL(1, 2);
void judge_setup_done(struct judge_setup *setup) NONNULL(1);
DEFINE_CLEAN_DONE(judge_setup);
void judge_arguments_done(struct judge_arguments *arguments) NONNULL(1);
DEFINE_CLEAN_DONE(judge_arguments);

/* Adds it to the run's own list of judgements, which is only ever added to. */
#define JUDGEMENTS_FILE "judgements.jsonl"
int judgement_keep(const struct run *run, const struct judgement *judgement,
		   const struct judge_inputs *inputs, struct err *e) NONNULL(1, 2, 3, 4);

/* Adds what the kept runs say of the noise of measured values. That it cannot be known is a warning. */
void recall_noise(struct noises *noises) NONNULL(1);

/* Fills *ret with what the kept runs say of cases that are waived in this one. That it cannot be known is a warning. Of each case the
 * newest executions are read, until a waiver's row of passes has ended or is long enough for its removal. `path` is the store's, NULL:
 * the user's own. */
void recall_waived(const char *path, const struct waivers *waivers, const struct run *run,
		   struct past_results *ret) NONNULL(2, 3, 4);

/* "2026-01-31" (its begin) or "2026-01-31T12:00:00Z"; NULL is now. */
int parse_at(const char *at, uint64_t *ret_ns, struct err *e) NONNULL(2, 3);

/* The SHA-256 of a run's plan and journal. */
int run_digests(const struct run *run, char plan[SHA256_SIZE], char journal[SHA256_SIZE],
		struct err *e) NONNULL(1, 2, 3, 4);

/* The file in a run's folder that holds the hallmark of a sign-off. */
char *sign_off_path(const struct run *run, const char *name) NONNULL(1, 2);

#endif
