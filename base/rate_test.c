/* SPDX-License-Identifier: Apache-2.0 */
/* Intervals against the definition, which adds up the binomial distribution itself. */
#include "base/rate.h"

#include <errno.h>
#include <math.h>

#include "base/test.h"

static bool is_near(double got, double want, double by)
{
	return fabs(got - want) <= by;
}

TEST(rate, intervals_of_the_literature)
{
	static const struct {
		unsigned passed, total;
		double low, high;
	} known[] = {
		{0, 1, 0, 0.975},
		{1, 1, 0.025, 1},
		{0, 10, 0, 0.3084971},
		{10, 10, 0.6915029, 1},
		{5, 10, 0.1870860, 0.8129140},
		{17, 20, 0.6210732, 0.9679291},
		{1, 100, 0.0002531, 0.0544594},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct rate_interval interval;
		rate_interval(known[i].passed, known[i].total, 0.95, &interval);
		EXPECT(is_near(interval.low, known[i].low, 1e-6));
		EXPECT(is_near(interval.high, known[i].high, 1e-6));
	}
}

/* How probable so many or more are, and so many or fewer. */
static double at_least(unsigned passed, unsigned total, double rate)
{
	long double sum = 0,
		    term = powl(1 - (long double)rate, total); /* far below a double's least */

	for (unsigned i = 0; i <= total; i++) {
		if (i >= passed)
			sum += term;
		term *= (long double)(total - i) / (i + 1) * rate / (1 - (long double)rate);
	}
	return (double)sum;
}

TEST(rate, its_ends_are_where_the_tails_are)
{
	for (unsigned total = 1; total <= 120; total += 7)
		for (unsigned passed = 0; passed <= total; passed++) {
			struct rate_interval interval;
			rate_interval(passed, total, 0.9, &interval);
			EXPECT(interval.low >= 0 && interval.high <= 1);
			EXPECT(interval.low <= (double)passed / total &&
			       (double)passed / total <= interval.high);
			if (passed > 0)
				EXPECT(is_near(at_least(passed, total, interval.low), 0.05, 1e-7));
			if (passed < total)
				EXPECT(is_near(1 - at_least(passed + 1, total, interval.high), 0.05,
					       1e-7));
		}
}

TEST(rate, narrows_with_executions_and_holds_for_many)
{
	double before = 1;

	for (unsigned total = 10; total <= 1000000000U; total *= 10) {
		struct rate_interval interval;
		rate_interval(total / 10 * 9, total, 0.95, &interval);
		EXPECT(interval.low < 0.9 && interval.high > 0.9);
		EXPECT(interval.high - interval.low < before);
		before = interval.high - interval.low;
		if (total == 1000000000U)
			break;
	}
	EXPECT(before < 1e-4);
}

TEST(rate, of_nothing_is_anything)
{
	struct rate_interval interval;

	rate_interval(0, 0, 0.95, &interval);
	EXPECT(interval.low == 0 && interval.high == 1);
}

TEST(rate, is_read_and_told)
{
	CLEAN_TEXT struct text out = TEXT_INIT(256);
	double rate = 7;

	EXPECT(rate_parse("0.99", &rate) == 0 && is_near(rate, 0.99, 0));
	EXPECT(rate_parse("99.5%", &rate) == 0 && is_near(rate, 0.995, 1e-12));
	EXPECT(rate_parse("1", &rate) == 0 && rate == 1);
	static const char *const refused[] = {"",     "%",    "x",   "-1",   "1.5",
					      "101%", "0.9x", "nan", "9e-1 "};
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		EXPECT_NUMBER(rate_parse(refused[i], &rate), -EINVAL);
	rate_add(&out, &(struct rate_interval){0.6210732, 1});
	EXPECT_TEXT(out.buf, "62.1-100 %");
}
