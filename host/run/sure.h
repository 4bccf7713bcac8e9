/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a case in doubt passes as often as it should: a sequential test, which takes as many executions as it needs.
 *
 *	struct sure sure;
 *	sure_init(&sure, 0.99);
 *	while (sure_add(&sure, passes()) == SURE_OPEN)
 *		;
 *
 * It is Wald's sequential probability ratio test (Sequential tests of statistical hypotheses, Annals of Mathematical
 * Statistics 16, 1945) of "it passes at least so often" against "it fails ten times as often as that would allow, or more":
 * 99 % against 90 %. What passes at the one rate is taken for the other, and the other way round, with a probability of about
 * SURE_ERROR at most; rates between the two may come out either way. An execution that was the reason for the doubt is no part
 * of it: it was chosen because it failed.
 */
#ifndef ASSAY_HOST_RUN_SURE_H
#define ASSAY_HOST_RUN_SURE_H

#include <stdbool.h>

#include "base/scope.h"

#define SURE_ERROR 0.05

struct sure {
	double on_pass, on_other; /* what an execution adds to the evidence, which is a logarithm */
	double evidence;
};

enum sure_state {
	SURE_OPEN,
	SURE_GOOD, /* it passes as often as it should */
	SURE_BAD,  /* it does not */
};

/* The rate that is too low, where `good` is wanted. */
double sure_bad_rate(double good);

/* `good` is more than 0.9, and less than 1. */
void sure_init(struct sure *sure, double good) NONNULL(1);
enum sure_state sure_add(struct sure *sure, bool passed) NONNULL(1);
enum sure_state sure_state(const struct sure *sure) NONNULL(1);

/* How many that pass in a row are enough. */
unsigned sure_passes_needed(double good);

#endif
