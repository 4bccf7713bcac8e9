/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with a case in doubt: it runs again and again, on a fresh machine each time, until it is known whether it
 * passes as often as the plan wants (host/run/sure.h), or the budget of all such executions is used up.
 *
 * In doubt is what did not pass, what passed only at a later try, and what the plan says has come out in both ways before. What
 * is made of it:
 *
 *	passes often enough          pass, whatever the first one said
 *	passes, but not so often     fail (broken where none failed): "flaky"
 *	never passes                 fail, or broken
 *	not known in the end         what it was; and broken where it did pass here, but has not always before
 */
#ifndef ASSAY_HOST_RUN_UNTIL_SURE_H
#define ASSAY_HOST_RUN_UNTIL_SURE_H

#include "host/run/internal.h"

/* How the executions of an item have come out so far. */
struct executions {
	unsigned count; /* with those of which nothing is known */
	unsigned outcomes[OUTCOME_COUNT];
	bool differs; /* a try failed or broke, and a later one passed */
};

/* True when the plan wants that of the item, and `kept`, which would be its result, is in doubt. */
bool is_in_doubt(const struct seat *seat, const struct plan_item *item,
		 const struct executions *executions, const struct record *kept)
	NONNULL(1, 2, 3, 4);

/* Takes the record that would be the result; gives the one that is, and tells all others. NULL: it ended with the run. */
struct record *run_until_sure(struct seat *seat, const struct plan_item *item,
			      struct executions *executions, struct record *kept)
	NONNULL(1, 2, 3, 4);

#endif
