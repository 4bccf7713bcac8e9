/* SPDX-License-Identifier: Apache-2.0 */
/* What a retest carries over from runs on other images: it says nothing of this one, unless the gate takes it for enough. */
#include "base/text.h"
#include "host/judge/judging.h"

/* By the built-in rules a pass on another image is none. */
static enum effect effect_of(const struct judging *judging, const struct run_case *it,
			     const struct gate_rule **ret_rule)
{
	const struct finding finding = {
		.kind = REASON_CARRIED, .it = it, .built_in = EFFECT_UNDECIDED};

	return judging_effect(judging, &finding, ret_rule);
}

bool judging_counts(const struct judging *judging, const struct run_case *it)
{
	const struct gate_rule *rule;

	return !run_case_is_of_other_image(judging->run, it) ||
	       effect_of(judging, it, &rule) == EFFECT_TELL;
}

static void tell(struct judging *judging, const struct run_cell *cell, const struct gate_rule *rule,
		 unsigned count)
{
	struct reason reason = {.kind = REASON_CARRIED, .effect = EFFECT_UNDECIDED, .cell = cell};

	if (rule) {
		reason.effect = (enum effect)rule->outcome.number;
		reason.rule = judging_place(judging, &rule->map);
	}
	reason.text = xasprintf("%u case%s of %s %s not run on this image (SHA-256 %.12s…), but "
				"only on an earlier one",
				count, count == 1 ? "" : "s", cell->image_name,
				count == 1 ? "was" : "were", cell->image_digest);
	judging_tell(judging, reason);
}

/* `counts` is by rule; the last is of what none fits. */
static void find_in_cell(struct judging *judging, const struct run_cell *cell, unsigned *counts,
			 size_t rules)
{
	size_t all;
	const struct run_case *cases = run_cases_of(judging->run, cell->index, &all);

	for (size_t i = 0; i < all; i++) {
		const struct gate_rule *rule = NULL;
		if (cases[i].sabotaged || !run_case_is_of_other_image(judging->run, &cases[i]))
			continue;
		(void)effect_of(judging, &cases[i], &rule);
		counts[rule ? (size_t)(rule - judging->inputs->gate->rules.items) : rules]++;
	}
	for (size_t i = 0; i <= rules; i++) {
		if (counts[i] > 0)
			tell(judging, cell,
			     i < rules ? &judging->inputs->gate->rules.items[i] : NULL, counts[i]);
		counts[i] = 0;
	}
}

void judging_carried(struct judging *judging)
{
	const struct gate *gate = judging->inputs->gate;
	const size_t rules = gate ? gate->rules.count : 0;
	CLEAN_FREE unsigned *counts = xnew((rules + 1) * sizeof *counts);

	vec_each (&judging->run->cells, cell)
		find_in_cell(judging, cell, counts, rules);
}
