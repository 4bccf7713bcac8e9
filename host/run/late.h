/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a case that waited in vain on a host which had no time for its machine. */
#ifndef ASSAY_HOST_RUN_LATE_H
#define ASSAY_HOST_RUN_LATE_H

#include "host/plan/plan.h"
#include "wire/result.h"

/*
 * The subject is not to blame for what did not come in time because the host gave its time to others: what would be a
 * fail of a case that is driven from outside (these wait), or broken, becomes infra, with what it said before. A case
 * in the guest that fails within its limit has seen what is there; a short one has not waited; and a sabotaged one
 * waits for what cannot come. `stolen` is as of steal_percent_since.
 */
void late_judge(const struct plan_item *item, uint64_t span_ns, unsigned stolen,
		struct result *result) NONNULL(1, 4);

#endif
