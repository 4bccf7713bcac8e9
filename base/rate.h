/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often something comes out well, and how sure that is after so many executions.
 *
 *	struct rate_interval interval;
 *	rate_interval(17, 20, 0.95, &interval);         (0.621 … 0.968)
 *
 * The interval is the exact one of Clopper and Pearson (The use of confidence or fiducial limits illustrated in the case of the
 * binomial, Biometrika 26, 1934): whatever the true rate is, it lies in it at least as often as the confidence says, also for
 * few executions and for rates at the ends, where approximations promise too much.
 */
#ifndef ASSAY_BASE_RATE_H
#define ASSAY_BASE_RATE_H

#include <stddef.h>

#include "base/scope.h"
#include "base/text.h"

#define RATE_CONFIDENCE 0.95 /* what reports tell */

struct rate_interval {
	double low, high;
};

/* Two-sided. `passed` of `total`, which may be 0: nothing is known then, and it is 0 to 1. */
void rate_interval(unsigned passed, unsigned total, double confidence, struct rate_interval *ret)
	NONNULL(4);

/* Reads "0.99" or "99%". Returns 0, or -EINVAL when it is no number from 0 to 1. */
int rate_parse(const char *text, double *ret) NONNULL(1, 2);

/* Adds "62.1-96.8 %"; ends that are 0 or 100 are told without a fraction. */
void rate_add(struct text *out, const struct rate_interval *interval) NONNULL(1, 2);

#endif
