/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of the console a host case has provoked itself. */
#include "host/cases/host_expect.h"

#include "base/test.h"

TEST(host_expect, case_expects_a_pattern_everywhere)
{
	struct expectations x = {.count = 0};

	EXPECT(expectations_cover(&x, "oops,kernel-panic", "kernel-panic", 1));
	EXPECT(!expectations_cover(&x, "oops,kernel-panic", "kernel", 1));
	EXPECT(!expectations_cover(&x, NULL, "oops", 1));
}

TEST(host_expect, span_expects_a_pattern_between_its_marks)
{
	struct expectations x = {.count = 0};

	EXPECT(expectations_open(&x, "io-error", 100));
	EXPECT(expectations_cover(&x, NULL, "io-error", 1000));
	expectations_close(&x, 200);
	EXPECT(!expectations_cover(&x, NULL, "io-error", 100));
	EXPECT(expectations_cover(&x, NULL, "io-error", 101));
	EXPECT(expectations_cover(&x, NULL, "io-error", 200));
	EXPECT(!expectations_cover(&x, NULL, "io-error", 201));
	EXPECT(!expectations_cover(&x, NULL, "oops", 150));
}

TEST(host_expect, next_span_ends_the_one_before)
{
	struct expectations x = {.count = 0};

	EXPECT(expectations_open(&x, "oops", 10));
	EXPECT(expectations_open(&x, "io-error", 20));
	EXPECT(expectations_cover(&x, NULL, "oops", 20));
	EXPECT(!expectations_cover(&x, NULL, "oops", 21));
	EXPECT(expectations_cover(&x, NULL, "io-error", 21));
}

TEST(host_expect, spans_have_a_maximum)
{
	struct expectations x = {.count = 0};

	for (unsigned i = 0; i < HOST_SPANS_MAX; i++)
		EXPECT(expectations_open(&x, "oops", i));
	EXPECT(!expectations_open(&x, "oops", HOST_SPANS_MAX));
}
