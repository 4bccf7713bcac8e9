/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials of cases for which one file is not what it was; those of audit cases over an offline tree, each in a copy of this
 * process with a limit of time and of memory: what a case does there stays there.
 *
 *	struct mutation_trial trials[] = {{.def = def, .mutation = MUTATION_EMPTIED, .path = "/etc/fstab"}, …};
 *	r = mutation_run(tree, trials, count, &setup, e);
 *	if (trials[0].has_ended && trials[0].outcome != OUTCOME_PASS) ...        (noticed)
 */
#ifndef ASSAY_BENCH_MUTATION_TRIAL_H
#define ASSAY_BENCH_MUTATION_TRIAL_H

#include "base/err.h"
#include "guest/kit/mutation.h"
#include "guest/kit/trial.h"

struct mutation_trial {
	const struct case_def *def;
	enum mutation mutation;
	const char *path; /* borrowed; NULL with MUTATION_NONE */

	/* How it ended. */
	bool has_ended; /* else the process was lost, and `status` says how (waitpid(2)) */
	int status;
	enum outcome outcome;
	char message[160];
	/* With MUTATION_NONE: "c/etc/passwd\0-/etc/shadow\0", what mutation_files told, 'c' for content. Owned. */
	char *files;
	size_t files_length;
};

struct mutation_setup {
	uint64_t seed;
	unsigned jobs; /* copies at once */
	unsigned limit_s;
	const char *parameters; /* as in trial_setup */
};

#define MUTATION_JOBS_MAX 16

/* Keeps a copy of what there is to mutate. */
void mutation_trial_set_files(struct mutation_trial *trial, const char *files, size_t length)
	NONNULL(1);

/* Runs them all. Fails only when a copy cannot be made, or a mutation cannot be planted. */
int mutation_run(struct tree *tree, struct mutation_trial *trials, size_t count,
		 const struct mutation_setup *setup, struct err *e) NONNULL(1, 4, 5);

#endif
