/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts: what a run shows, and what follows from it. */
#include "host/judge/judge.h"

#include <string.h>

#include "base/text.h"
#include "host/judge/judging.h"
#include "wire/need.h"

static const char *const verdict_names[] = {
	[VERDICT_SHIP] = "ship",
	[VERDICT_BLOCK] = "block",
	[VERDICT_UNDECIDED] = "undecided",
};

static const char *const reason_names[] = {
	[REASON_NEW_FAIL] = "new fail",
	[REASON_FAIL] = "fail",
	[REASON_VALUE] = "value",
	[REASON_HOLE] = "hole",
	[REASON_INFRA] = "infra",
	[REASON_BROKEN] = "broken",
	[REASON_SHARE] = "share",
	[REASON_LEFT_OUT] = "left out",
	[REASON_CARRIED] = "carried",
	[REASON_COVER] = "not covered",
	[REASON_VANISHED] = "vanished",
	[REASON_NEW_SKIP] = "new skip",
	[REASON_SKIP] = "skip",
	[REASON_AGE] = "too old",
	[REASON_NO_BASELINE] = "no baseline",
	[REASON_NO_VALUES] = "no values",
	[REASON_NO_CATALOGUE] = "no catalogue",
	[REASON_SIGN_OFF] = "no sign-off",
	[REASON_NOTHING_PASSED] = "nothing passed",
	[REASON_MISSED] = "missed",
	[REASON_UNPROVEN] = "unproven",
	[REASON_VALUE_DOUBT] = "value in doubt",
	[REASON_UNPROVEN_PASS] = "unproven pass",
	[REASON_WAIVED] = "waived",
	[REASON_WAIVER_EXPIRED] = "waiver expired",
	[REASON_WAIVER_REMOVE] = "remove waiver",
	[REASON_WAIVER_UNUSED] = "waiver unused",
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

bool reason_is_failure(const struct reason *reason)
{
	return reason->was == REASON_FAIL || reason->was == REASON_NEW_FAIL ||
	       reason->was == REASON_VALUE;
}

/* ---- what a case shows ---- */

static enum reason_kind kind_of_outcome(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_FAIL:
		return REASON_FAIL;
	case OUTCOME_INFRA:
		return REASON_INFRA;
	case OUTCOME_BROKEN:
		return REASON_BROKEN;
	case OUTCOME_SKIP:
		return REASON_SKIP;
	case OUTCOME_PASS:
		break;
	}
	return REASON_UNPROVEN_PASS;
}

static enum effect built_in_effect(enum reason_kind kind)
{
	switch ((int)kind) {
	case REASON_FAIL:
		return EFFECT_BLOCK;
	case REASON_SKIP:
	case REASON_UNPROVEN_PASS:
		return EFFECT_NONE;
	case REASON_UNPROVEN:
		return EFFECT_TELL;
	default:
		return EFFECT_UNDECIDED;
	}
}

/* False: it is as it should be. */
static bool find_in_case(const struct run_case *it, struct finding *ret)
{
	enum reason_kind kind = it->result ? kind_of_outcome(it->result->outcome) : REASON_HOLE;

	if (kind == REASON_UNPROVEN_PASS && it->proven)
		return false;
	if (it->result && !it->proven && kind != REASON_SKIP && kind != REASON_UNPROVEN_PASS)
		kind = REASON_UNPROVEN;
	*ret = (struct finding){.kind = kind, .it = it, .built_in = built_in_effect(kind)};
	return true;
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

/* True when the line has shown something. */
static bool find_in_line(const struct proof_line *line, struct finding *ret)
{
	if (line->proof == PROOF_MISSED) {
		*ret = (struct finding){.kind = REASON_MISSED, .it = line->sabotaged};
		return true;
	}
	if (find_in_case(line->clean, ret) && ret->kind != REASON_SKIP &&
	    ret->kind != REASON_UNPROVEN_PASS)
		return true;
	return line->sabotaged && find_in_case(line->sabotaged, ret) && ret->kind != REASON_SKIP;
}

static void judge_line(struct judging *judging, const struct proof_line *line)
{
	bool blocks = line->proof == PROOF_MISSED || line->proof == PROOF_NOISY;
	struct finding finding;

	if (!blocks && line->proof != PROOF_UNKNOWN)
		return;
	if (!find_in_line(line, &finding)) {
		judging->never_ships = true; /* it was not tried, and no result says so */
		return;
	}
	finding.built_in = blocks ? EFFECT_BLOCK : EFFECT_UNDECIDED;
	judging_find(judging, &finding);
}

static void tell_that_nothing_passed(struct judging *judging)
{
	judging_tell(judging, (struct reason){.kind = REASON_NOTHING_PASSED,
					      .effect = EFFECT_UNDECIDED,
					      .text = xstrdup("nothing passed, so nothing is known "
							      "of this image")});
}

/* A run of `assay prove`. */
static void judge_proving(struct judging *judging)
{
	struct proof_lines lines = VEC_INIT(judging->run->cases.count + 1);
	unsigned counts[PROOF_COUNT];

	judge_proof(judging->run, &lines, counts);
	vec_each (&lines, line)
		judge_line(judging, line);
	if (counts[PROOF_PROVEN] == 0)
		judging->never_ships = true;
	if (counts[PROOF_PROVEN] == 0 && judging->ret->reasons.count == 0)
		tell_that_nothing_passed(judging);
	vec_done(&lines);
}

/* ---- a run ---- */

/* A case that looks at the subject. */
static bool has_passed(const struct run *run, const struct run_case *it)
{
	return it->result && it->result->outcome == OUTCOME_PASS && !it->sabotaged &&
	       !has_prefix(it->id, "host.") && !run_case_is_of_other_image(run, it);
}

static bool anything_passed(const struct run *run)
{
	vec_each (&run->cases, it)
		if (has_passed(run, it))
			return true;
	return false;
}

/* What was selected and is in no cell has no result either. A row that has to be there is no budget's to drop. */
static void find_left_out(struct judging *judging)
{
	vec_each (&judging->run->left_out, it)
		judging_find(judging,
			     &(struct finding){.kind = REASON_LEFT_OUT,
					       .left_out = it,
					       .built_in = !it->asked || it->must ? EFFECT_UNDECIDED
										  : EFFECT_NONE});
}

static void find_vanished(struct judging *judging)
{
	if (!judging->is_compared)
		return;
	vec_each (&judging->comparison.changes, change) {
		if (change->kind != CHANGE_VANISHED)
			continue;
		CLEAN_FREE char *text =
			xasprintf("%s was selected in the baseline %s, and is not in this run",
				  change->before->id, judging->inputs->baseline->id);
		judging_find(judging, &(struct finding){.kind = REASON_VANISHED,
							.before = change->before,
							.built_in = EFFECT_NONE,
							.text = text});
	}
}

static void find_values(struct judging *judging)
{
	if (!judging->inputs->values)
		return;
	vec_each (judging->inputs->values, value)
		judging_find(judging,
			     &(struct finding){
				     .kind = value->is_doubtful ? REASON_VALUE_DOUBT : REASON_VALUE,
				     .it = value->it,
				     .built_in = value->is_doubtful ? EFFECT_TELL : EFFECT_NONE,
				     .text = value->text});
}

static void find_cases(struct judging *judging)
{
	struct finding finding;

	vec_each (&judging->run->cases, it) {
		if (it->sabotaged || run_case_is_of_other_image(judging->run, it) ||
		    !find_in_case(it, &finding))
			continue;
		const struct change *change =
			judging->changes ? judging->changes[it - judging->run->cases.items] : NULL;
		finding.before = change ? change->before : NULL;
		judging_find(judging, &finding);
	}
}

static void judge_cells(struct judging *judging)
{
	find_cases(judging);
	judging_carried(judging);
	find_left_out(judging);
	find_vanished(judging);
	find_values(judging);
	judging_cover(judging);
}

/* ---- both ---- */

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static const struct run_case *case_of(const struct reason *reason)
{
	return reason->it ? reason->it : reason->before;
}

static int compare_reason_cases(const struct reason *a, const struct reason *b)
{
	const struct run_case *x = case_of(a), *y = case_of(b);

	if (!x || !y)
		return (x != NULL) - (y != NULL);
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	int order = strcmp(x->id, y->id);
	return order ? order : (int)x->sabotaged - (int)y->sabotaged;
}

/* No two reasons are told in an order that depends on where they were found. */
static int compare_reasons(const void *left, const void *right)
{
	const struct reason *a = left, *b = right;

	if (a->effect != b->effect)
		return a->effect < b->effect ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int order = compare_reason_cases(a, b);
	if (order == 0 && a->left_out && b->left_out && a->left_out != b->left_out)
		order = a->left_out < b->left_out ? -1 : 1; /* as the plan has them */
	if (order == 0)
		order = compare_texts(a->waiver ? a->waiver->id : NULL,
				      b->waiver ? b->waiver->id : NULL);
	return order ? order : compare_texts(a->text, b->text);
}

static enum verdict verdict_of(const struct judging *judging)
{
	bool is_undecided = judging->never_ships;

	vec_each (&judging->ret->reasons, reason) {
		if (reason->effect == EFFECT_BLOCK)
			return VERDICT_BLOCK;
		is_undecided = is_undecided || reason->effect == EFFECT_UNDECIDED;
	}
	return is_undecided ? VERDICT_UNDECIDED : VERDICT_SHIP;
}

void judge_by(const struct run *run, const struct judge_inputs *inputs, struct judgement *ret)
{
	struct judge_inputs own = *inputs;
	struct judging judging = {.run = run, .inputs = &own, .ret = ret};

	if (run->proves) { /* no gate has a say in what a case is worth */
		own.gate = NULL;
		own.baseline = NULL;
	}
	judging_init(&judging);
	if (run->proves)
		judge_proving(&judging);
	else
		judge_cells(&judging);
	if (!run->proves && verdict_of(&judging) == VERDICT_SHIP && !anything_passed(run))
		tell_that_nothing_passed(&judging);
	judging_tell_waivers(&judging);
	ret->verdict = verdict_of(&judging);
	if (ret->reasons.count > 0)
		qsort(ret->reasons.items, ret->reasons.count, sizeof *ret->reasons.items,
		      compare_reasons);
	judging_done(&judging);
}

void judge_run(const struct run *run, struct judgement *ret)
{
	judge_by(run, &(struct judge_inputs){0}, ret);
}

void judgement_done(struct judgement *judgement)
{
	vec_each (&judgement->reasons, reason)
		free(reason->text);
	vec_done(&judgement->reasons);
	vec_done(&judgement->uses);
}
