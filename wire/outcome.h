/* SPDX-License-Identifier: Apache-2.0 */
/* The five outcomes. They are five different words because a gate must not blame the subject for the host's fault. */
#ifndef ASSAY_WIRE_OUTCOME_H
#define ASSAY_WIRE_OUTCOME_H

#include "base/scope.h"

enum outcome {
	OUTCOME_PASS,
	OUTCOME_FAIL, /* the subject is at fault */
	OUTCOME_SKIP, /* a declared need is not met; the need is named */
	OUTCOME_BROKEN, /* the case could not decide: its set-up failed, it timed out, it checked nothing */
	OUTCOME_INFRA, /* the host or Assay is at fault */
};
#define OUTCOME_COUNT 5

/* "pass", "fail", "skip", "broken", "infra". */
const char *outcome_name(enum outcome outcome);

/* The outcome of that name; -EINVAL when there is none. */
int outcome_parse(const char *name, enum outcome *ret) NONNULL(1, 2);

#endif
