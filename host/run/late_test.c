/* SPDX-License-Identifier: Apache-2.0 */
/* Who is blamed for what came too late. */
#include "host/run/late.h"

#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/steal.h"

#define LONG_NS	 (60 * NS_PER_S)
#define SHORT_NS (1 * NS_PER_S)

static bool is_fault;

static enum outcome judged(enum outcome outcome, bool sabotaged, uint64_t span_ns, unsigned stolen)
{
	const struct plan_item item = {.sabotaged = sabotaged};
	struct result result = {0};

	result_set(&result, outcome, "no login prompt");
	result.duration_ns = span_ns;
	result.is_fault = is_fault;
	late_judge(&item, stolen, &result);
	enum outcome after = result.outcome;
	EXPECT(strstr(result.message, "no login prompt"));
	EXPECT((after == outcome) == !strstr(result.message, "of the processor time"));
	result_done(&result);
	return after;
}

TEST(late, busy_host_is_blamed)
{
	EXPECT_NUMBER(judged(OUTCOME_FAIL, false, LONG_NS, 90), OUTCOME_INFRA);
	EXPECT_NUMBER(judged(OUTCOME_FAIL, false, LONG_NS, STEAL_TOO_MUCH), OUTCOME_INFRA);
	EXPECT_NUMBER(judged(OUTCOME_BROKEN, false, LONG_NS, 90), OUTCOME_INFRA);
	EXPECT_NUMBER(judged(OUTCOME_BROKEN, true, LONG_NS, 90), OUTCOME_INFRA);
	EXPECT_NUMBER(judged(OUTCOME_SKIP, true, LONG_NS, 90), OUTCOME_INFRA);
}

TEST(late, what_busyness_does_not_explain_stays)
{
	EXPECT_NUMBER(judged(OUTCOME_FAIL, false, LONG_NS, STEAL_TOO_MUCH - 1), OUTCOME_FAIL);
	EXPECT_NUMBER(judged(OUTCOME_FAIL, false, SHORT_NS, 90), OUTCOME_FAIL);
	EXPECT_NUMBER(judged(OUTCOME_FAIL, true, LONG_NS, 90), OUTCOME_FAIL);
	is_fault = true;
	EXPECT_NUMBER(judged(OUTCOME_FAIL, false, LONG_NS, 90), OUTCOME_FAIL);
	is_fault = false;
	EXPECT_NUMBER(judged(OUTCOME_PASS, false, LONG_NS, 99), OUTCOME_PASS);
	EXPECT_NUMBER(judged(OUTCOME_SKIP, false, LONG_NS, 99), OUTCOME_SKIP);
	EXPECT_NUMBER(judged(OUTCOME_INFRA, false, LONG_NS, 99), OUTCOME_INFRA);
}
