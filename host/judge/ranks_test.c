/* SPDX-License-Identifier: Apache-2.0 */
/* The rank test against its published tables, by its symmetries, and by simulation. */
#include "host/judge/ranks.h"

#include <math.h>
#include <stdint.h>

#include "base/random.h"
#include "base/test.h"

static bool is_near(double got, double want)
{
	return fabs(got - want) < 1e-9;
}

/* The two-sided tables that every textbook has. */
TEST(ranks, critical_values_are_those_of_the_tables)
{
	static const struct {
		size_t n, m;
		long at_5, at_1;
	} rows[] = {{3, 3, -1, -1},   {4, 4, 0, -1},	{5, 5, 2, 0},	   {5, 8, 6, 2},
		    {6, 6, 5, 2},     {7, 7, 8, 4},	{8, 8, 13, 7},	   {10, 10, 23, 16},
		    {10, 15, 39, 29}, {15, 15, 64, 51}, {20, 20, 127, 105}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		EXPECT_NUMBER(ranks_critical_u(rows[i].n, rows[i].m, 0.05), rows[i].at_5);
		EXPECT_NUMBER(ranks_critical_u(rows[i].n, rows[i].m, 0.01), rows[i].at_1);
		EXPECT_NUMBER(ranks_critical_u(rows[i].m, rows[i].n, 0.05), rows[i].at_5);
	}
}

TEST(ranks, small_groups_exactly)
{
	const double low[] = {1, 2, 3, 4, 5, 6, 7}, high[] = {11, 12, 13, 14, 15, 16, 17};
	const double mixed[] = {1.5, 2.5, 9, 10, 11};

	EXPECT(is_near(ranks_p(low, 1, high, 1), 1));
	EXPECT(is_near(ranks_p(low, 3, high, 3), 2.0 / 20));
	EXPECT(is_near(ranks_p(low, 4, high, 4), 2.0 / 70));
	EXPECT(is_near(ranks_p(low, 5, high, 5), 2.0 / 252));
	EXPECT(is_near(ranks_p(high, 7, low, 7), 2.0 / 3432));
	/* U is 7 of 25: 87 of 252 ways are no less odd. */
	EXPECT(is_near(ranks_p(low, 5, mixed, 5), 2 * 39.0 / 252));
	EXPECT(is_near(ranks_p(low, 5, low, 5), 1));
}

/* Of equal numbers only the order between unequal ones says something. */
TEST(ranks, equal_numbers_share_their_ranks)
{
	const double same[] = {5, 5, 5, 5, 5}, ones[] = {1, 1, 1, 1, 1}, most[] = {1, 1, 1, 1, 5};

	EXPECT(is_near(ranks_p(same, 5, same, 5), 1));
	EXPECT(is_near(ranks_p(ones, 5, same, 5), 2.0 / 252));
	/* Four fives would do as well: 6 of 10 are fives; by hand 2 * C(6,5) / 252 … of all ways. */
	EXPECT(is_near(ranks_p(most, 5, same, 5), 2 * 6.0 / 252));
}

static double normal(struct random *random)
{
	double u = ((double)(random_next(random) >> 11) + 1) * 0x1p-53;
	double v = (double)(random_next(random) >> 11) * 0x1p-53;

	return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static void draw(struct random *random, double middle, double noise, double *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		numbers[i] = middle * exp(noise * normal(random));
}

TEST(ranks, without_a_difference_p_is_as_rare_as_it_says)
{
	struct random random = {7};
	unsigned below_1 = 0, below_5 = 0;
	double a[8], b[8];

	for (int i = 0; i < 4000; i++) {
		draw(&random, 100, 0.1, a, 7);
		draw(&random, 100, 0.1, b, 8);
		double p = ranks_p(a, 7, b, 8);
		EXPECT(is_near(p, ranks_p(b, 8, a, 7)));
		below_1 += p < 0.01;
		below_5 += p < 0.05;
	}
	EXPECT(below_1 <= 4000 * 0.01 + 5 * sqrt(4000 * 0.01));
	EXPECT(below_5 <= 4000 * 0.05 + 5 * sqrt(4000 * 0.05));
	EXPECT(below_5 > 4000 * 0.02); /* and not rarer than that */
}

TEST(ranks, ratios_hold_the_true_one)
{
	struct random random = {8};
	unsigned held = 0;
	double a[7], b[7];

	for (int i = 0; i < 1000; i++) {
		struct ranks_ratio ratio;
		draw(&random, 100, 0.1, a, 7);
		draw(&random, 130, 0.1, b, 7);
		ranks_ratio(a, 7, b, 7, &ratio);
		EXPECT(ratio.low <= ratio.ratio && ratio.ratio <= ratio.high);
		held += ratio.low <= 1.3 && 1.3 <= ratio.high;
	}
	EXPECT(held >= 980); /* of 1000, with 99 % */
	const double one[] = {2}, other[] = {3};
	struct ranks_ratio ratio;
	ranks_ratio(one, 1, other, 1, &ratio);
	EXPECT(is_near(ratio.ratio, 1.5) && ratio.low <= 0 && isinf(ratio.high));
}

TEST(ranks, the_largest_groups)
{
	double a[RANKS_MAX], b[RANKS_MAX];

	for (size_t i = 0; i < RANKS_MAX; i++) {
		a[i] = (double)i;
		b[i] = (double)i + 1000;
	}
	double p = ranks_p(a, RANKS_MAX, b, RANKS_MAX);
	EXPECT(p > 0 && p < 1e-25);
	EXPECT(ranks_critical_u(RANKS_MAX, RANKS_MAX, 0.01) > 800);
}
