/* SPDX-License-Identifier: Apache-2.0 */
/* The sequential test against simulated cases of known rates, and against the exact probabilities of its ends. */
#include "host/run/sure.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/test.h"

#define TRIALS 2000
#define MOST   1000 /* executions */

struct ends {
	double good, bad, mean; /* shares; executions */
};

static bool passes(struct random *random, double rate)
{
	return (double)(random_next(random) >> 11) * 0x1p-53 < rate;
}

static struct ends simulate(double wanted, double rate, uint64_t seed)
{
	struct random random = {seed};
	struct ends ends = {0};

	for (int i = 0; i < TRIALS; i++) {
		enum sure_state state = SURE_OPEN;
		struct sure sure;
		int n = 0;
		sure_init(&sure, wanted);
		for (; state == SURE_OPEN && n < MOST; n++)
			state = sure_add(&sure, passes(&random, rate));
		ends.good += state == SURE_GOOD;
		ends.bad += state == SURE_BAD;
		ends.mean += n;
	}
	ends.good /= TRIALS;
	ends.bad /= TRIALS;
	ends.mean /= TRIALS;
	return ends;
}

/* The share of each number of failures after n executions, of those that still go on. */
static struct ends enumerate(double wanted, double rate)
{
	double *now = calloc(MOST + 2, sizeof *now), *next = calloc(MOST + 2, sizeof *next);
	struct ends ends = {0};
	struct sure fresh;

	EXPECT(now && next);
	sure_init(&fresh, wanted);
	now[0] = 1;
	for (int n = 1; n <= MOST; n++) {
		for (int failed = 0; failed <= n; failed++)
			next[failed] = now[failed] * rate +
				       (failed > 0 ? now[failed - 1] * (1 - rate) : 0);
		for (int failed = 0; failed <= n; failed++) {
			struct sure sure = fresh;
			sure.evidence = (n - failed) * sure.on_pass + failed * sure.on_other;
			ends.mean += next[failed] *
				     (sure_state(&sure) != SURE_OPEN || n == MOST ? n : 0);
			ends.good += sure_state(&sure) == SURE_GOOD ? next[failed] : 0;
			ends.bad += sure_state(&sure) == SURE_BAD ? next[failed] : 0;
			now[failed] = sure_state(&sure) == SURE_OPEN ? next[failed] : 0;
		}
	}
	free(now);
	free(next);
	return ends;
}

TEST(sure, keeps_its_errors)
{
	static const double wanted[] = {0.95, 0.99, 0.995};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		/* Wald's bounds are a little more than SURE_ERROR / (1 - SURE_ERROR). */
		EXPECT(enumerate(wanted[i], wanted[i]).bad < 0.053);
		EXPECT(enumerate(wanted[i], sure_bad_rate(wanted[i])).good < 0.053);
		EXPECT(enumerate(wanted[i], 1).good == 1);
		EXPECT(enumerate(wanted[i], 0).bad == 1);
	}
}

TEST(sure, simulated_cases_come_out_as_is_to_be_expected)
{
	static const double rates[] = {0, 0.5, 0.8, 0.9, 0.95, 0.97, 0.99, 0.999, 1};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		const struct ends got = simulate(0.99, rates[i], 100 + i);
		const struct ends want = enumerate(0.99, rates[i]);
		double sigma = sqrt(want.good * (1 - want.good) / TRIALS);
		EXPECT(fabs(got.good - want.good) <= 5 * sigma + 1e-9);
		EXPECT(fabs(got.bad - want.bad) <=
		       5 * sqrt(want.bad * (1 - want.bad) / TRIALS) + 1e-9);
		EXPECT(fabs(got.mean - want.mean) <= 0.1 * want.mean);
		EXPECT(got.good + got.bad > 0.999); /* hardly one is undecided */
	}
}

TEST(sure, is_quick_where_it_is_clear)
{
	struct sure sure;

	EXPECT_NUMBER(sure_passes_needed(0.99), 31);
	EXPECT_NUMBER(sure_passes_needed(0.999), 326);
	sure_init(&sure, 0.99);
	EXPECT(sure_add(&sure, false) == SURE_OPEN && sure_add(&sure, false) == SURE_BAD);
	sure_init(&sure, 0.99);
	for (unsigned i = 1; i < sure_passes_needed(0.99); i++)
		EXPECT(sure_add(&sure, true) == SURE_OPEN);
	EXPECT(sure_add(&sure, true) == SURE_GOOD);
	EXPECT(fabs(sure_bad_rate(0.99) - 0.9) < 1e-12);
}
