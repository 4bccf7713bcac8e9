/* SPDX-License-Identifier: Apache-2.0 */
#include "host/run/late.h"

#include "base/clock.h"
#include "host/driver/steal.h"

#define LATE_SPAN_NS (5 * NS_PER_S) /* who ended sooner has hardly waited for anything */

/* A planted defect is there because the clean run did not skip: then what is missed is late as well. */
static bool may_be_late(const struct plan_item *item, enum outcome outcome)
{
	return outcome == OUTCOME_BROKEN ||
	       outcome == (item->sabotaged ? OUTCOME_SKIP : OUTCOME_FAIL);
}

void late_judge(const struct plan_item *item, unsigned stolen, struct result *result)
{
	if (!may_be_late(item, result->outcome) || result->is_fault ||
	    result->duration_ns < LATE_SPAN_NS || stolen < STEAL_TOO_MUCH)
		return;
	CLEAN_FREE char *said = xstrdup(result->message);
	result_set(result, OUTCOME_INFRA, STEAL_SENTENCE " (%s: %s)", stolen,
		   outcome_name(result->outcome), said);
}
