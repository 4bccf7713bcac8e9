/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is other in a run than in an earlier one: a pure function over both.
 *
 *	CLEAN_DONE(comparison) struct comparison comparison = {0};
 *	compare_runs(baseline, run, &comparison);
 *	vec_each (&comparison.changes, change)
 *		printf("%s %s\n", change_name(change->kind), (change->now ? change->now : change->before)->id);
 *
 * Cells are paired that have the same size, firmware, CPU model, variants and architecture; among those the ones that
 * are most alike: the same image, one of that name, one of that system. So a candidate is compared with the release before it, whatever
 * its file is called. A cell that has no partner has appeared or vanished with all its cases.
 */
#ifndef ASSAY_HOST_JUDGE_COMPARE_H
#define ASSAY_HOST_JUDGE_COMPARE_H

#include "base/vec.h"
#include "host/judge/compare_values.h"
#include "host/store/run.h"

/* In the order in which they are told. */
enum change_kind {
	CHANGE_WORSE,	  /* it fails, and did not */
	CHANGE_UNDECIDED, /* it has no result that says anything, and had one */
	CHANGE_SKIPPED,	  /* it is skipped, and was tried */
	CHANGE_VANISHED,  /* it was selected, and is no more */
	CHANGE_STILL,	  /* it fails, as before */
	CHANGE_BETTER,	  /* it passes, and did not */
	CHANGE_APPEARED,  /* it was not selected, and is */
	CHANGE_NONE,
};
#define CHANGE_COUNT (CHANGE_NONE + 1)

struct change {
	enum change_kind kind;
	const struct run_case *before, *now; /* NULL: it is not in that run */
	bool says_other;		     /* CHANGE_STILL: the reason is another than before */
};
DEFINE_VEC(changes, struct change);

struct comparison {
	struct cell_pairs pairs;
	struct changes changes;	       /* by kind, then cell, then id; without CHANGE_NONE */
	unsigned counts[CHANGE_COUNT]; /* of all cases */
	struct value_changes values;   /* all that both runs have measured */
	unsigned value_counts[VALUE_VERDICT_COUNT];
};

/* Both runs have to outlive the comparison. Sabotaged executions are no part of it. Measured values are judged without their
 * history. */
void compare_runs(const struct run *before, const struct run *now, struct comparison *ret)
	NONNULL(1, 2, 3);
/* The same, with what is known of the noise of measured values. */
void compare_runs_by_noise(const struct run *before, const struct run *now,
			   const struct noises *noises, struct comparison *ret) NONNULL(1, 2, 4);
void comparison_done(struct comparison *comparison) NONNULL(1);
DEFINE_CLEAN_DONE(comparison);

const char *change_name(enum change_kind kind); /* "worse", "undecided", … */

/* 1: something fails that did not (also what has appeared and fails at once), or a measured value got worse; 2: something is no longer decided or tried
 * that was; else 0. */
int comparison_exit_code(const struct comparison *comparison) NONNULL(1);

#endif
