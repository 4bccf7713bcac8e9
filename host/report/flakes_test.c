/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of pass rates. */
#include "host/report/flakes.h"

#include <jansson.h>
#include <string.h>

#include "base/test.h"

static void fill(struct flakes *flakes)
{
	static const enum outcome outcomes[] = {OUTCOME_PASS, OUTCOME_FAIL, OUTCOME_PASS,
						OUTCOME_BROKEN};
	struct store_execution it = {.id = "net.answers",
				     .cell = {.sha256 = "0123456789abcdef",
					      .size = "small",
					      .firmware = "uefi",
					      .accel = "tcg",
					      .make = "",
					      .assay = "0.1.0",
					      .image = "os.qcow2",
					      .os = ""},
				     .run = "run-7",
				     .message = "no\033[31m answer"};

	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		it.outcome = outcomes[i];
		it.ended_ns = 1000000000ULL * i;
		EXPECT(flakes_add(flakes, &it));
	}
	it.id = "time.is_set";
	it.outcome = OUTCOME_INFRA;
	EXPECT(flakes_add(flakes, &it));
}

TEST(flakes_report, text)
{
	CLEAN_FLAKES struct flakes flakes = VEC_INIT(10);
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);

	fill(&flakes);
	flakes_text(&flakes, &out);
	EXPECT_TEXT(out.buf, "os.qcow2 (sha256 0123456789ab...), small, uefi, tcg, by assay 0.1.0\n"
			     "  net.answers: passes 2 of 3 (9.4-99.2 %), 1 broken\n"
			     "      differed last on 1970-01-01T00:00:02.000Z in run-7\n"
			     "      fails with: no?[31m answer\n"
			     "  time.is_set: neither passed nor failed, 1 infra\n");
}

TEST(flakes_report, json)
{
	CLEAN_FLAKES struct flakes flakes = VEC_INIT(10);
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);

	fill(&flakes);
	flakes_json(&flakes, &out);
	json_t *whole = json_loadb(out.buf, out.length, JSON_REJECT_DUPLICATES, NULL);
	const json_t *cases = json_object_get(whole, "cases"), *first = json_array_get(cases, 0),
		     *second = json_array_get(cases, 1);
	EXPECT_NUMBER((long long)json_array_size(cases), 2);
	EXPECT_TEXT(json_string_value(json_object_get(first, "state")), "differs");
	EXPECT_NUMBER(json_integer_value(json_object_get(first, "passed")), 2);
	EXPECT(json_real_value(json_object_get(first, "low")) < 0.1 &&
	       json_real_value(json_object_get(first, "high")) > 0.99);
	EXPECT_TEXT(json_string_value(json_object_get(first, "differed_run")), "run-7");
	EXPECT_TEXT(json_string_value(json_object_get(second, "state")), "unknown");
	EXPECT(json_object_get(second, "rate") == NULL);
	json_decref(whole);
}
