/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether two groups of numbers differ, judged by their order alone: nothing is assumed of how they are distributed.
 *
 *	double p = ranks_p(before, 7, now, 7);
 *	struct ranks_ratio ratio;
 *	ranks_ratio(before, 7, now, 7, &ratio);       (now is so many times before, and surely between these)
 *
 * The test is that of Mann and Whitney (On a test of whether one of two random variables is stochastically larger than the
 * other, Annals of Mathematical Statistics 18, 1947), two-sided and exact: over all ways in which the ranks could have fallen
 * to the groups, with shared ranks for numbers that are equal. With 3 and 3 the least p is 0.1, with 5 and 5 0.008. The
 * estimate is that of Hodges and Lehmann (Estimates of location based on rank tests, same journal 34, 1963), of ratios.
 */
#ifndef ASSAY_HOST_JUDGE_RANKS_H
#define ASSAY_HOST_JUDGE_RANKS_H

#include <stddef.h>

#include "base/scope.h"

#define RANKS_MAX 50 /* of each group */

/* How probable it is that groups of which neither is larger differ so much, or more. Both have 1 to RANKS_MAX numbers. */
double ranks_p(const double *a, size_t n, const double *b, size_t m) NONNULL(1, 3);

struct ranks_ratio {
	double ratio; /* the median of all b / a */
	double low,
		high; /* it lies there with RANKS_CONFIDENCE; 0 and infinity where so few numbers cannot say */
};
#define RANKS_CONFIDENCE 0.99

/* Of numbers greater than 0. */
void ranks_ratio(const double *a, size_t n, const double *b, size_t m, struct ranks_ratio *ret)
	NONNULL(1, 3, 5);

/* The largest U that is still rarer than `alpha` on both sides together, -1: none is. For groups without equal numbers. */
long ranks_critical_u(size_t n, size_t m, double alpha);

#endif
