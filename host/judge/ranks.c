/* SPDX-License-Identifier: Apache-2.0 */
#include "host/judge/ranks.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/text.h"
#include "wire/measure.h"

/* ---- the distribution of rank sums ---- */

/* In how many ways so many of the ranks have that sum; chosen[count * (sum_max + 1) + sum]. */
struct ways {
	double *chosen;
	size_t sum_max;
};

static void ways_count(struct ways *ways, const unsigned *ranks, size_t total, size_t wanted)
{
	size_t width = 1;

	for (size_t i = 0; i < total; i++)
		width += ranks[i];
	ways->sum_max = width - 1;
	ways->chosen = xnew((wanted + 1) * width * sizeof *ways->chosen);
	ways->chosen[0] = 1;
	for (size_t i = 0; i < total; i++)
		for (size_t count = wanted; count > 0; count--)
			for (size_t sum = width; sum-- > ranks[i];)
				ways->chosen[count * width + sum] +=
					ways->chosen[(count - 1) * width + sum - ranks[i]];
}

/* The share of ways with a sum as far from the middle, or farther. */
static double share_beyond(const struct ways *ways, size_t wanted, double middle, double distance)
{
	const double *row = ways->chosen + wanted * (ways->sum_max + 1);
	double beyond = 0, all = 0;

	for (size_t sum = 0; sum <= ways->sum_max; sum++) {
		all += row[sum];
		if (fabs((double)sum - middle) >= distance - 0.5)
			beyond += row[sum];
	}
	return beyond / all;
}

/* ---- the test ---- */

/* Ranks that are shared are halves: all are counted twice. */
struct ranked {
	double number;
	bool is_first; /* of the first group */
	unsigned rank; /* twice */
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static void rank(struct ranked *all, size_t total)
{
	qsort(all, total, sizeof *all, compare_ranked);
	for (size_t from = 0, to; from < total; from = to) {
		for (to = from + 1; to < total && all[to].number == all[from].number;)
			to++;
		for (size_t i = from; i < to; i++)
			all[i].rank = (unsigned)(from + to + 1); /* first and last, added up */
	}
}

double ranks_p(const double *a, size_t n, const double *b, size_t m)
{
	struct ranked all[2 * RANKS_MAX] = {0};
	unsigned ranks[2 * RANKS_MAX];
	size_t total = n + m, sum = 0;
	struct ways ways;

	assert(n > 0 && m > 0 && n <= RANKS_MAX && m <= RANKS_MAX);
	for (size_t i = 0; i < total; i++)
		all[i] = (struct ranked){.number = i < n ? a[i] : b[i - n], .is_first = i < n};
	rank(all, total);
	for (size_t i = 0; i < total; i++) {
		ranks[i] = all[i].rank;
		sum += all[i].is_first ? all[i].rank : 0;
	}
	ways_count(&ways, ranks, total, n);
	double middle = (double)(n * (total + 1));
	double p = share_beyond(&ways, n, middle, fabs((double)sum - middle));
	free(ways.chosen);
	return p;
}

long ranks_critical_u(size_t n, size_t m, double alpha)
{
	unsigned ranks[2 * RANKS_MAX];
	struct ways ways;
	double all = 0, below = 0;
	long critical = -1;

	assert(n > 0 && m > 0 && n <= RANKS_MAX && m <= RANKS_MAX);
	for (size_t i = 0; i < n + m; i++)
		ranks[i] = (unsigned)i + 1;
	ways_count(&ways, ranks, n + m, n);
	const double *row = ways.chosen + n * (ways.sum_max + 1);
	for (size_t sum = 0; sum <= ways.sum_max; sum++)
		all += row[sum];
	/* U is the rank sum less the least that can be. */
	for (size_t u = 0; u <= n * m; u++) {
		below += row[n * (n + 1) / 2 + u];
		if (2 * below / all > alpha * (1 + 1e-12))
			break;
		critical = (long)u;
	}
	free(ways.chosen);
	return critical;
}

/* ---- the estimate ---- */

static int compare_numbers(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void ranks_ratio(const double *a, size_t n, const double *b, size_t m, struct ranks_ratio *ret)
{
	size_t count = n * m, at = 0;
	CLEAN_FREE double *ratios = xnew((count + 1) * sizeof *ratios);
	long critical = ranks_critical_u(n, m, 1 - RANKS_CONFIDENCE);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < m; j++)
			ratios[at++] = b[j] / a[i];
	qsort(ratios, count, sizeof *ratios, compare_numbers);
	*ret = (struct ranks_ratio){.low = 0, .high = INFINITY};
	if (critical >= 0) {
		ret->low = ratios[critical];
		ret->high = ratios[count - 1 - (size_t)critical];
	}
	ret->ratio = median_of(ratios, count);
}
