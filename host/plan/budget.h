/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which combinations fit into a time: what must be there first, then whatever brings the most pairs of items together that
 * have not met yet. The least valuable ones are left out.
 *
 *	CLEAN_FREE bool *kept = xnew(combine->count);
 *	uint64_t used_ns = budget_choose(combine, costs, budget_ns, kept);
 */
#ifndef ASSAY_HOST_PLAN_BUDGET_H
#define ASSAY_HOST_PLAN_BUDGET_H

#include "host/plan/combine.h"

/* How long one takes that cannot be run: it is never kept, and brings nothing together. */
#define BUDGET_NEVER UINT64_MAX

/* What one takes: a part of its own, and one that is paid once by all of which `shares` is the same index. */
struct budget_cost {
	uint64_t own_ns, shared_ns;
	size_t shares;
};

/* Sets for each combination whether it fits; what must be there does in any case. Gives the time of all that do, which is more
 * than the budget when what must be there alone takes longer. */
uint64_t budget_choose(const struct combine *combine, const struct budget_cost *costs,
		       uint64_t budget_ns, bool *ret_kept) NONNULL(1, 2, 4);

/* Gives combinations by their value, the most valuable first; `ret` has room for all. */
void budget_order(const struct combine *combine, size_t *ret) NONNULL(1, 2);

#endif
