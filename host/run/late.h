/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a case that waited in vain on a host which had no time for its machine. */
#ifndef ASSAY_HOST_RUN_LATE_H
#define ASSAY_HOST_RUN_LATE_H

#include "host/plan/plan.h"
#include "wire/result.h"

/*
 * The subject is not to blame for what did not come in time because the host gave its time to others: what would be a
 * fail, or broken, of a case that itself took long becomes infra, with what it said before. A short one has hardly waited
 * for anything; a fault that the kernel told of was not awaited; and a sabotaged case fails because it waits for what cannot come,
 * though what plants the defect may be late as well: then it is broken, or skips what it did not skip without the defect. `stolen` is
 * as of steal_percent_since.
 */
void late_judge(const struct plan_item *item, unsigned stolen, struct result *result) NONNULL(1, 3);

#endif
