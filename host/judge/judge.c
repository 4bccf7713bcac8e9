/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts. */
#include "host/judge/judge.h"

#include <string.h>

#include "base/text.h"
#include "wire/need.h"

static const char *const verdict_names[] = {
	[VERDICT_SHIP] = "ship",
	[VERDICT_BLOCK] = "block",
	[VERDICT_UNDECIDED] = "undecided",
};

static const char *const reason_names[] = {
	[REASON_FAIL] = "fail",		[REASON_HOLE] = "hole",
	[REASON_INFRA] = "infra",	[REASON_BROKEN] = "broken",
	[REASON_LEFT_OUT] = "left out", [REASON_NOTHING_PASSED] = "nothing passed",
	[REASON_MISSED] = "missed",	[REASON_UNPROVEN] = "unproven",
};

static const char *const proof_names[] = {
	[PROOF_PROVEN] = "proven",     [PROOF_MISSED] = "missed",   [PROOF_NOISY] = "noisy",
	[PROOF_UNPROVEN] = "unproven", [PROOF_SKIPPED] = "skipped", [PROOF_UNKNOWN] = "unknown",
};

const char *verdict_name(enum verdict verdict)
{
	return verdict_names[verdict];
}

const char *reason_name(enum reason_kind kind)
{
	return reason_names[kind];
}

const char *proof_name(enum proof proof)
{
	return proof_names[proof];
}

int verdict_exit_code(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_SHIP:
		return 0;
	case VERDICT_BLOCK:
		return 1;
	case VERDICT_UNDECIDED:
		return 2;
	}
	return 2;
}

/* ---- a run ---- */

/* The reason that a case gives, if any. */
static bool reason_of(const struct run_case *it, enum reason_kind *ret)
{
	if (!it->result) {
		*ret = REASON_HOLE;
		return true;
	}
	switch (it->result->outcome) {
	case OUTCOME_PASS:
	case OUTCOME_SKIP:
		return false;
	case OUTCOME_FAIL:
		*ret = REASON_FAIL;
		break;
	case OUTCOME_BROKEN:
		*ret = REASON_BROKEN;
		break;
	case OUTCOME_INFRA:
		*ret = REASON_INFRA;
		break;
	}
	if (!it->proven)
		*ret = REASON_UNPROVEN;
	return true;
}

static void add_reasons(const struct run *run, enum reason_kind wanted, struct reasons *reasons)
{
	vec_each (&run->cases, it) {
		enum reason_kind kind = REASON_FAIL;
		if (!it->sabotaged && reason_of(it, &kind) && kind == wanted)
			(void)vec_add(reasons, ((struct reason){.kind = kind, .it = it}));
	}
}

/* ---- a proof ---- */

static enum proof proof_of(const struct run_case *clean, const struct run_case *sabotaged)
{
	if (!clean->result || clean->result->outcome == OUTCOME_INFRA)
		return PROOF_UNKNOWN;
	/* What was never looked at because the image did not come up has not been tried. */
	if (clean->result->outcome == OUTCOME_SKIP)
		return strcmp(clean->result->need, NEED_BOOTED) == 0 ? PROOF_UNKNOWN
								     : PROOF_SKIPPED;
	if (clean->result->outcome != OUTCOME_PASS)
		return PROOF_NOISY;
	if (!sabotaged)
		return PROOF_UNPROVEN;
	if (!sabotaged->result)
		return PROOF_UNKNOWN;
	if (sabotaged->result->outcome == OUTCOME_FAIL)
		return PROOF_PROVEN;
	return sabotaged->result->outcome == OUTCOME_INFRA ? PROOF_UNKNOWN : PROOF_MISSED;
}

void judge_proof(const struct run *run, struct proof_lines *ret, unsigned counts[PROOF_COUNT])
{
	for (size_t i = 0; i < PROOF_COUNT; i++)
		counts[i] = 0;
	vec_each (&run->cases, it) {
		if (it->sabotaged)
			continue;
		struct proof_line line = {.clean = it,
					  .sabotaged = run_find(run, it->cell, it->id, true)};
		line.proof = proof_of(line.clean, line.sabotaged);
		counts[line.proof]++;
		(void)vec_add(ret, line);
	}
}

enum verdict proof_verdict(const unsigned counts[PROOF_COUNT])
{
	if (counts[PROOF_MISSED] + counts[PROOF_NOISY] > 0)
		return VERDICT_BLOCK;
	if (counts[PROOF_UNKNOWN] > 0 || counts[PROOF_PROVEN] == 0)
		return VERDICT_UNDECIDED;
	return VERDICT_SHIP;
}

static void add_line(const struct proof_line *line, struct reasons *reasons)
{
	enum reason_kind kind;

	if (line->proof == PROOF_MISSED)
		(void)vec_add(reasons,
			      ((struct reason){.kind = REASON_MISSED, .it = line->sabotaged}));
	if (line->proof != PROOF_NOISY && line->proof != PROOF_UNKNOWN)
		return;
	if (reason_of(line->clean, &kind))
		(void)vec_add(reasons, ((struct reason){.kind = kind, .it = line->clean}));
	else if (line->sabotaged && reason_of(line->sabotaged, &kind))
		(void)vec_add(reasons, ((struct reason){.kind = kind, .it = line->sabotaged}));
}

/* A run of `assay prove`: what blocks comes first. */
static void judge_proving(const struct run *run, struct judgement *ret)
{
	struct proof_lines lines = VEC_INIT(run->cases.count + 1);
	unsigned counts[PROOF_COUNT];

	judge_proof(run, &lines, counts);
	ret->verdict = proof_verdict(counts);
	for (int blocks = 1; blocks >= 0; blocks--)
		vec_each (&lines, line)
			if (blocks == (line->proof == PROOF_MISSED || line->proof == PROOF_NOISY))
				add_line(line, &ret->reasons);
	if (counts[PROOF_PROVEN] == 0 && ret->reasons.count == 0)
		(void)vec_add(&ret->reasons, ((struct reason){.kind = REASON_NOTHING_PASSED}));
	vec_done(&lines);
}

/* ---- a run ---- */

/* A case that looks at the subject. */
static bool has_passed(const struct run_case *it)
{
	return it->result && it->result->outcome == OUTCOME_PASS && !it->sabotaged &&
	       !has_prefix(it->id, "host.");
}

static bool anything_passed(const struct run *run)
{
	vec_each (&run->cases, it)
		if (has_passed(it))
			return true;
	return false;
}

/* What was selected and is in no cell has no result either. A row that has to be there is no budget's to drop. */
static void add_left_out(const struct run *run, struct reasons *reasons)
{
	vec_each (&run->left_out, it)
		if (!it->asked || it->must)
			(void)vec_add(reasons,
				      ((struct reason){.kind = REASON_LEFT_OUT, .left_out = it}));
}

void judge_run(const struct run *run, struct judgement *ret)
{
	static const enum reason_kind order[] = {REASON_FAIL, REASON_HOLE, REASON_INFRA,
						 REASON_BROKEN};

	*ret = (struct judgement){.reasons =
					  VEC_INIT(2 * run->cases.count + run->left_out.count + 1)};
	if (run->proves) {
		judge_proving(run, ret);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		add_reasons(run, order[i], &ret->reasons);
		if (order[i] == REASON_FAIL && ret->reasons.count > 0)
			ret->verdict = VERDICT_BLOCK;
	}
	add_left_out(run, &ret->reasons);
	if (ret->reasons.count > 0 && ret->verdict != VERDICT_BLOCK)
		ret->verdict = VERDICT_UNDECIDED;
	if (ret->verdict == VERDICT_SHIP && !anything_passed(run)) {
		ret->verdict = VERDICT_UNDECIDED;
		(void)vec_add(&ret->reasons, ((struct reason){.kind = REASON_NOTHING_PASSED}));
	}
	add_reasons(run, REASON_UNPROVEN, &ret->reasons);
}

void judgement_done(struct judgement *judgement)
{
	vec_done(&judgement->reasons);
}
