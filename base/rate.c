/* SPDX-License-Identifier: Apache-2.0 */
/* Exact intervals of a binomial rate. */
#include "base/rate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TERMS_MAX                                                                                  \
	1000 /* of the continued fraction: it needs about the square root of the number of executions */
#define HALVINGS   60 /* of the unit interval: finer than a double's steps near 1 */
#define TINY	   1e-300
#define NEGLIGIBLE 1e-14

static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign); /* lgamma() keeps the sign for all threads */
}

static double not_zero(double x)
{
	return fabs(x) < TINY ? TINY : x;
}

/* The continued fraction of the incomplete beta function, by Lentz's method (Abramowitz and Stegun, 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), h = d;

	for (int m = 1; m <= TERMS_MAX; m++) {
		const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		const double terms[] = {even, odd};
		double step = 1;
		for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
			d = 1 / not_zero(1 + terms[i] * d);
			c = not_zero(1 + terms[i] / c);
			step = d * c;
			h *= step;
		}
		if (fabs(step - 1) < NEGLIGIBLE)
			break;
	}
	return h;
}

/* The share of a beta distribution below x. */
static double beta_below(double a, double b, double x)
{
	if (x <= 0)
		return 0;
	if (x >= 1)
		return 1;
	double front =
		exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	/* It converges quickly on its own side of the mean only. */
	return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
					 : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* Where the share below is `share`. */
static double beta_quantile(double a, double b, double share)
{
	double low = 0, high = 1;

	for (int i = 0; i < HALVINGS; i++) {
		double middle = (low + high) / 2;
		if (beta_below(a, b, middle) < share)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}

void rate_interval(unsigned passed, unsigned total, double confidence, struct rate_interval *ret)
{
	double tail = (1 - confidence) / 2;

	ret->low = passed == 0 ? 0 : beta_quantile(passed, total - passed + 1.0, tail);
	ret->high = passed >= total ? 1 : beta_quantile(passed + 1.0, total - passed, 1 - tail);
}

int rate_parse(const char *text, double *ret)
{
	char *end;

	if (strspn(text, "0123456789.") == 0)
		return -EINVAL;
	double number = strtod(text, &end);
	if (strcmp(end, "%") == 0)
		number /= 100;
	else if (*end != '\0')
		return -EINVAL;
	if (!(number >= 0 && number <= 1))
		return -EINVAL;
	*ret = number;
	return 0;
}

static void add_percent(struct text *out, double rate)
{
	bool is_end = rate <= 0 || rate >= 1;

	(void)text_addf(out, "%.*f", is_end ? 0 : 1, rate * 100);
}

void rate_add(struct text *out, const struct rate_interval *interval)
{
	add_percent(out, interval->low);
	(void)text_adds(out, "-");
	add_percent(out, interval->high);
	(void)text_adds(out, " %");
}
