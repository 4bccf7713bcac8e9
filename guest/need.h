/* SPDX-License-Identifier: Apache-2.0 */
/* Judging what a case needs of the guest it runs in. */
#ifndef ASSAY_GUEST_NEED_H
#define ASSAY_GUEST_NEED_H

#include "guest/kit/tree.h"
#include "wire/need.h"
#include "wire/result.h"

/*
 * Judges the needs of a case on the system whose root is `tree`. True when all are met. Else `result` says which one is not:
 * outcome skip, or broken when nobody knows the kind. Needs that the host judges count as met.
 */
bool needs_are_met(const char *needs, struct tree *tree, struct result *result) NONNULL(2, 3);

/* True when there is a checker here for that kind. */
bool need_has_checker(const char *kind) NONNULL(1);

#endif
