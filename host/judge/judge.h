/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a run: a pure function over its results, and over what it is held against.
 *
 *	CLEAN_DONE(judgement) struct judgement judgement = {0};
 *	judge_run(run, &judgement);                                          (by the built-in rules alone)
 *	judge_by(run, &(struct judge_inputs){.gate = gate, .waivers = &waivers, .now_ns = now}, &judgement);
 *	puts(verdict_name(judgement.verdict));
 *
 * Everything that is not as it should be is a finding: a case's outcome, a hole, what is otherwise than in the baseline. The first
 * rule that fits a finding says what it does to the verdict: the gate's in their order, then the built-in ones. By these a failure
 * blocks. Where nothing fails, what could not be decided (infra, broken, a selected case without a result) leaves the verdict
 * undecided, and so does a cell that was asked for and left out, but by the user's own budget. Only proven cases gate - those that
 * have a planted defect under which they must fail - but a case without a result never ships, proven or not. A waiver that holds
 * takes a finding out of the verdict, and it is told. What no rule and no waiver changes: a run in which nothing passed that looks
 * at the subject does not ship, since that the host is well, and the image unchanged, says nothing of it.
 *
 * What a retest carries over from a run on the same image counts as if it were its own. What it carries over from another image is a
 * finding of its own: by the built-in rules it leaves the verdict undecided, since nobody has looked whether it holds of this one.
 *
 * The verdict on a run of `assay prove` is that on its cases; gates have no say in it, waivers do.
 *
 * The same inputs give the same verdict and the same reasons in the same order. Time is an input.
 */
#ifndef ASSAY_HOST_JUDGE_JUDGE_H
#define ASSAY_HOST_JUDGE_JUDGE_H

#include "base/vec.h"
#include "host/judge/gate.h"
#include "host/judge/noise.h"
#include "host/judge/waiver.h"
#include "host/store/run.h"

enum verdict { VERDICT_SHIP, VERDICT_BLOCK, VERDICT_UNDECIDED };

/* In the order in which reasons are told that do the same to the verdict. */
enum reason_kind {
	REASON_NEW_FAIL, /* and not in the baseline; only where a rule asks */
	REASON_FAIL,
	REASON_VALUE, /* a measured value is worse than in the baseline */
	REASON_HOLE,
	REASON_INFRA,
	REASON_BROKEN,
	REASON_SHARE,	 /* too many are broken, infra or holes; `it` is NULL */
	REASON_LEFT_OUT, /* a cell that the runbook asks for; `it` is NULL */
	REASON_CARRIED, /* of a retest: cases of `cell` passed on another image, and were not run on this one; `it` is NULL */
	REASON_COVER,	/* something that the gate wants is not covered; `it` is NULL */
	REASON_VANISHED, /* it was selected in the baseline: `before`; `it` is NULL */
	REASON_NEW_SKIP,
	REASON_SKIP,
	REASON_AGE,	    /* the run is too old; `it` is NULL */
	REASON_NO_BASELINE, /* a rule needs one; `it` is NULL */
	REASON_NO_VALUES,   /* a rule needs measured values, and none were compared; `it` is NULL */
	REASON_NO_CATALOGUE,   /* which cases have to be covered cannot be known; `it` is NULL */
	REASON_SIGN_OFF,       /* one is missing; `it` is NULL */
	REASON_NOTHING_PASSED, /* `it` is NULL */
	REASON_MISSED, /* of a proof: with its defect planted it did not fail; `it` is the sabotaged one */
	REASON_UNPROVEN, /* it did not pass but cannot gate: told, not counted */
	REASON_UNPROVEN_PASS,
	REASON_VALUE_DOUBT, /* a measured value may be worse: too little evidence among so many; told, not counted */
	REASON_WAIVED,	       /* `was` is what it is */
	REASON_WAIVER_EXPIRED, /* what it is for counts again; `it` is NULL */
	REASON_WAIVER_REMOVE,  /* its cases have passed so often that it should go; `it` is NULL */
	REASON_WAIVER_UNUSED,  /* it waived nothing; `it` is NULL */
};

struct reason {
	enum reason_kind kind, was; /* `was`: the same as `kind`, but of REASON_WAIVED */
	enum effect effect;
	const struct run_case *it;
	const struct run_case *before;	     /* the same case in the baseline, where that matters */
	const struct run_left_out *left_out; /* of REASON_LEFT_OUT */
	const struct run_cell *cell;	     /* of REASON_CARRIED */
	struct yaml_place rule;		     /* of the gate, with its path; line 0: built in */
	const struct waiver *waiver; /* of REASON_WAIVED…, and one that has expired; NULL: none */
	char *text;		     /* a sentence, for what no case says; NULL: none */
};
DEFINE_VEC(reasons, struct reason);

/* What became of each waiver. */
struct waiver_use {
	const struct waiver *waiver;
	unsigned used;	 /* findings that it took out of the verdict */
	unsigned missed; /* findings that it would have taken out, had it not expired */
	unsigned cases;	 /* results that it is for, whatever they say */
	unsigned
		passes; /* in a row, the newest last: this run's and those before, of which no more are read than removal takes */
};
DEFINE_VEC(waiver_uses, struct waiver_use);

struct judgement {
	enum verdict verdict;
	struct reasons reasons;	 /* those that made the verdict first */
	struct waiver_uses uses; /* of every waiver, in their order */
	uint64_t now_ns;	 /* at which it was judged */
};

/* A measured value that is worse than in the baseline, as the comparison of values found it. */
struct worse_value {
	const struct run_case *it;
	bool is_doubtful; /* it would be, were it the only one that was compared */
	char *text;	  /* owned; a sentence with the value's name and both values */
};
DEFINE_VEC(worse_values, struct worse_value);

/* Adds those that are worse in `now`; their texts are the caller's, see worse_values_done. `noises` may be NULL. Returns how many values
 * could be compared at all. */
size_t worse_values_find(const struct run *before, const struct run *now,
			 const struct noises *noises, struct worse_values *ret) NONNULL(1, 2, 4);
void worse_values_done(struct worse_values *values) NONNULL(1);

/* Whether somebody whose hallmark the gate wants has signed: found out by who can read hallmarks. */
struct sign_off {
	const char *name;
	char *lack; /* a clause that says what is wrong with it; NULL: it holds */
};
DEFINE_VEC(sign_offs, struct sign_off);

/* What a case came to in an earlier run that is kept. */
struct past_result {
	char run[128], id[CASE_ID_SIZE], image[256], os[128], sha256[SHA256_SIZE], size[64];
	char arch[32], filesystem[32], kernel[96]; /* "": not known */
	uint64_t ended_ns;			   /* wall clock */
	enum outcome outcome;
};
DEFINE_VEC(past_results, struct past_result);

/* What a run is held against. All of it is borrowed, and has to outlive the judgement. */
struct judge_inputs {
	const struct gate *gate;       /* NULL: the built-in rules alone */
	const struct waivers *waivers; /* NULL: none */
	const struct run *baseline;    /* NULL: none */
	const struct catalog *catalog; /* NULL: then a gate that names cases leaves it undecided */
	const struct worse_values *values; /* NULL: they were not compared */
	const struct sign_offs *sign_offs; /* NULL: none */
	const struct past_results
		*history; /* of earlier runs, in any order: the newest of each case; NULL: none */
	uint64_t now_ns;  /* wall clock: the time at which things expire */
};

void judge_run(const struct run *run, struct judgement *ret) NONNULL(1, 2);
void judge_by(const struct run *run, const struct judge_inputs *inputs, struct judgement *ret)
	NONNULL(1, 2, 3);
void judgement_done(struct judgement *judgement) NONNULL(1);
DEFINE_CLEAN_DONE(judgement);

const char *verdict_name(enum verdict verdict); /* "ship", "block", "undecided" */
const char *reason_name(enum reason_kind kind); /* "fail", "left out", … */
/* True for what says that the subject has failed: such reasons are never told together. */
bool reason_is_failure(const struct reason *reason) NONNULL(1);
int verdict_exit_code(enum verdict verdict); /* 0, 1, 2 */

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
