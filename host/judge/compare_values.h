/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measured values of two runs, held against each other.
 *
 *	compare_values(before, now, &comparison.pairs, noises, &values);
 *	vec_each (&values, it)
 *		if (it->verdict == VALUE_WORSE)
 *			...it->ratio.ratio times as much, it->p...
 *
 * A value has changed when two things hold: chance alone would hardly order the numbers so (the exact test of Mann and
 * Whitney, p below VALUE_P, and q below VALUE_Q among all values of the comparison), and the change is large enough to matter: more than VALUE_FLOOR, and more than VALUE_NOISE_TIMES
 * the noise that the history of that value has (host/judge/noise.h). One number stands for each machine, so samples that share one are
 * no evidence; fewer than VALUE_LEAST machines on a side cannot say anything, and nor can other hosts, accelerators or units.
 * Only executions that passed count.
 *
 * Where many values are compared, chance has more of them: q is p as Benjamini and Hochberg adjust it (Controlling the false discovery
 * rate, Journal of the Royal Statistical Society B 57, 1995). Of the values that are told to have changed no more than VALUE_Q are
 * expected not to have, and in a comparison in which none has, hardly ever one is told. What that asks of a single value among many
 * is evidence of more machines, and `why` says of how many.
 */
#ifndef ASSAY_HOST_JUDGE_COMPARE_VALUES_H
#define ASSAY_HOST_JUDGE_COMPARE_VALUES_H

#include "host/judge/noise.h"
#include "host/judge/ranks.h"
#include "host/store/run.h"

#define VALUE_P		  0.01
#define VALUE_Q		  0.05
#define VALUE_LEAST	  5    /* machines on each side */
#define VALUE_FLOOR	  0.05 /* of a change that matters */
#define VALUE_NOISE_TIMES 2

/* In the order in which they are told. */
enum value_verdict {
	VALUE_WORSE,
	VALUE_UNCERTAIN, /* it cannot be said; `why` tells */
	VALUE_BETTER,
	VALUE_SAME, /* surely no change that matters */
};
#define VALUE_VERDICT_COUNT (VALUE_SAME + 1)

struct value_change {
	enum value_verdict verdict;
	const struct run_case *before,
		*now;		       /* borrowed; NULL: it was measured in the other run alone */
	const struct measure *measure; /* its name, unit and direction; borrowed */
	unsigned count_before, count_now; /* machines */
	double typical_before, typical_now;
	/* Where both have VALUE_LEAST machines: */
	bool is_judged;
	struct ranks_ratio ratio; /* now is so many times before */
	double p, q, margin;	  /* margin 0.1: what is within 10 % does not matter */
	char why[160];		  /* of VALUE_UNCERTAIN */
	bool is_suspected;	  /* of VALUE_UNCERTAIN: it would be worse, were it the only one */
};
DEFINE_VEC(value_changes, struct value_change);

/* A cell of one run and its like in the other; -1: it has none. */
struct cell_pair {
	int before, now;
};
DEFINE_VEC(cell_pairs, struct cell_pair);

/* `noises` may be NULL: then the floor alone says what matters. The runs have to outlive *ret, which is sorted by verdict, cell,
 * id and name. */
void compare_values(const struct run *before, const struct run *now, const struct cell_pairs *pairs,
		    const struct noises *noises, struct value_changes *ret) NONNULL(1, 2, 3, 5);

const char *value_verdict_name(enum value_verdict verdict); /* "worse", "uncertain", … */

#endif
