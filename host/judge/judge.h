/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a run: a pure function over its results.
 *
 *	CLEAN_DONE(judgement) struct judgement judgement = {0};
 *	judge_run(run, &judgement);
 *	puts(verdict_name(judgement.verdict));
 *
 * A failure blocks. Where nothing fails, what could not be decided (infra, broken, a selected case without a result)
 * leaves the verdict undecided, and so does a cell that was asked for and left out, but by the user's own budget. Only proven cases gate - those that have a planted defect under which they must fail -
 * but a case without a result never ships, proven or not, and neither does a run in which nothing passed that looks at the
 * subject: that the host is well, and the image unchanged, says nothing of it. The verdict on a run of `assay prove` is that
 * on its cases.
 */
#ifndef ASSAY_HOST_JUDGE_JUDGE_H
#define ASSAY_HOST_JUDGE_JUDGE_H

#include "base/vec.h"
#include "host/store/run.h"

enum verdict { VERDICT_SHIP, VERDICT_BLOCK, VERDICT_UNDECIDED };

enum reason_kind {
	REASON_FAIL,
	REASON_HOLE,
	REASON_INFRA,
	REASON_BROKEN,
	REASON_LEFT_OUT,       /* a cell that the runbook asks for; `it` is NULL */
	REASON_NOTHING_PASSED, /* `it` is NULL */
	REASON_MISSED, /* of a proof: with its defect planted it did not fail; `it` is the sabotaged one */
	REASON_UNPROVEN, /* it did not pass but cannot gate: told, not counted */
};

struct reason {
	enum reason_kind kind;
	const struct run_case *it;
	const struct run_left_out *left_out; /* of REASON_LEFT_OUT */
};
DEFINE_VEC(reasons, struct reason);

struct judgement {
	enum verdict verdict;
	struct reasons reasons; /* those that made the verdict first */
};

void judge_run(const struct run *run, struct judgement *ret) NONNULL(1, 2);
void judgement_done(struct judgement *judgement) NONNULL(1);
DEFINE_CLEAN_DONE(judgement);

const char *verdict_name(enum verdict verdict); /* "ship", "block", "undecided" */
const char *reason_name(enum reason_kind kind); /* "fail", "hole", … */
int verdict_exit_code(enum verdict verdict);	/* 0, 1, 2 */

/* What `assay prove` found of one case. */
enum proof {
	PROOF_PROVEN,	/* clean it passed, sabotaged it failed */
	PROOF_MISSED,	/* sabotaged it did not fail */
	PROOF_NOISY,	/* clean it failed or broke */
	PROOF_UNPROVEN, /* it has no sabotage */
	PROOF_SKIPPED,	/* a need is not met here */
	PROOF_UNKNOWN,	/* infra, or no result */
};
#define PROOF_COUNT 6

struct proof_line {
	const struct run_case *clean, *sabotaged; /* sabotaged: NULL without a sabotage */
	enum proof proof;
};
DEFINE_VEC(proof_lines, struct proof_line);

/* Judges a run made by `assay prove`; adds a line per case. Returns the number of cases for each enum proof. */
void judge_proof(const struct run *run, struct proof_lines *ret, unsigned counts[PROOF_COUNT])
	NONNULL(1, 2, 3);
const char *proof_name(enum proof proof);

/* block when a case misses its sabotage or is noisy, undecided when something is unknown or nothing was proven. */
enum verdict proof_verdict(const unsigned counts[PROOF_COUNT]) NONNULL(1);

#endif
