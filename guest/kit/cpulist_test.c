/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's lists of CPUs. */
#include "base/test.h"
#include "guest/kit/cpulist.h"

TEST(cpulist, steps_through_ranges)
{
	EXPECT_NUMBER(cpulist_next("0-2,5", -1), 0);
	EXPECT_NUMBER(cpulist_next("0-2,5", 2), 5);
	EXPECT_NUMBER(cpulist_next("0-2,5\n", 5), -1);
	EXPECT_NUMBER(cpulist_next("5,0-2", -1), 0);
	EXPECT_NUMBER(cpulist_next("", -1), -1);
}

TEST(cpulist, counts)
{
	EXPECT_NUMBER(cpulist_count("0"), 1);
	EXPECT_NUMBER(cpulist_count("0-3,8-11"), 8);
	EXPECT_NUMBER(cpulist_count(""), 0);
}

TEST(cpulist, nonsense_is_an_empty_list)
{
	EXPECT_NUMBER(cpulist_count("x"), 0);
	EXPECT_NUMBER(cpulist_count("3-1"), 0);
	EXPECT_NUMBER(cpulist_count("0-99999999999"), 0);
	EXPECT_NUMBER(cpulist_count("1-"), 0);
}
