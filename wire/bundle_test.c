/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of tests, and the names of suites. */
#include "base/test.h"
#include "wire/bundle.h"

TEST(bundle, knows_its_suites)
{
	enum bundle_suite suite;

	EXPECT_NUMBER(bundle_suite_parse("ltp", &suite), 0);
	EXPECT_TEXT(bundle_suite_name(suite), "ltp");
	EXPECT_NUMBER(bundle_suite_parse("kselftest", &suite), 0);
	EXPECT_TEXT(bundle_suite_name(suite), "kselftest");
	EXPECT_NUMBER(bundle_suite_parse("lpt", &suite), -EINVAL);
}

TEST(bundle, adds_limits_up)
{
	const struct bundle_limit limit = {.body_s = 40, .run_s = 60, .rounds = 3};

	EXPECT_NUMBER(bundle_limit_s(&limit, false, 1), 300);
	EXPECT_NUMBER(bundle_limit_s(&limit, true, 1), 660);
	EXPECT_NUMBER(bundle_limit_s(&limit, false, 10), 1380);
}
