/* SPDX-License-Identifier: Apache-2.0 */
/* The names of outcomes, kinds and isolations, and the life of a result. */
#include <string.h>

#include "base/test.h"
#include "wire/case_info.h"
#include "wire/result.h"

TEST(outcome, names_are_read_back)
{
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		enum outcome outcome = OUTCOME_INFRA;
		EXPECT_NUMBER(outcome_parse(outcome_name((enum outcome)i), &outcome), 0);
		EXPECT_NUMBER(outcome, i);
	}
	enum outcome untouched = OUTCOME_SKIP;
	EXPECT_NUMBER(outcome_parse("passed", &untouched), -EINVAL);
	EXPECT_NUMBER(untouched, OUTCOME_SKIP);
	EXPECT_TEXT(outcome_name((enum outcome)99), "unknown");
}

TEST(case_info, names_are_read_back)
{
	enum case_kind kind;
	enum case_isolation isolation;
	enum sabotage_kind sabotage;
	enum case_priority priority;

	EXPECT(case_kind_parse(case_kind_name(CASE_KIND_PERF), &kind) == 0 &&
	       kind == CASE_KIND_PERF);
	EXPECT(case_isolation_parse("cold", &isolation) == 0 && isolation == ISOLATION_COLD);
	EXPECT(sabotage_kind_parse(sabotage_kind_name(SABOTAGE_MACHINE), &sabotage) == 0 &&
	       sabotage == SABOTAGE_MACHINE);
	EXPECT(case_priority_parse("P3", &priority) == 0 && priority == P3);
	EXPECT_NUMBER(case_priority_parse("P5", &priority), -EINVAL);
	EXPECT_NUMBER(case_priority_parse("P10", &priority), -EINVAL);
	EXPECT_NUMBER(case_kind_parse("", &kind), -EINVAL);
	EXPECT_NUMBER(case_isolation_parse("none", &isolation), -EINVAL);
	EXPECT_NUMBER(sabotage_kind_parse("?", &sabotage), -EINVAL);
}

TEST(case_info, limits_have_defaults)
{
	struct case_info info = {.area = "time", .name = "goes_on", .kind = CASE_KIND_AUDIT};
	char id[CASE_ID_SIZE];

	EXPECT_TEXT(case_id(&info, id), "time.goes_on");
	EXPECT(case_timeout_s(&info) > 0);
	info.timeout_s = 7;
	EXPECT_NUMBER(case_timeout_s(&info), 7);
}

TEST(result, is_broken_until_somebody_decides)
{
	CLEAN_DONE(result) struct result result;

	result_init(&result, "a.b");
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
	EXPECT_NUMBER(result.attempt, 1);
	result_set(&result, OUTCOME_FAIL, "%d is %s", 1, "odd");
	EXPECT_NUMBER(result.outcome, OUTCOME_FAIL);
	EXPECT_TEXT(result.message, "1 is odd");
	EXPECT_NUMBER(text_addf(&result.evidence, "x"), 0);
}
