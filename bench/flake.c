/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `assay run --until-sure` and `assay flakes` make of cases whose pass rates are known: simulated, since no real case has a
 * known one. Usage: bench-flake [TRIALS] [RATE-PERCENT] [MOST]
 *
 * The first table is of cases in doubt: a share of them is told to pass, the rest to be flaky or to fail, after so many executions
 * on average; of the rows at or above the rate what does not pass is told wrongly, of those at or below ten times as many
 * failures what passes. The second has how often the interval of a pass rate holds the true one. Exits with 1 when the errors are
 * more than what the manual says.
 */
#include <math.h>
#include <stdio.h>

#include "base/random.h"
#include "base/rate.h"
#include "base/text.h"
#include "host/run/sure.h"

#define ERROR_PROMISED 0.055 /* Wald's bound for 5 %, and what chance adds in 20000 trials */
#define COVER_PROMISED 0.945

struct bench {
	long long trials, percent, most;
	double wanted;
	struct random random;
	bool is_bad;
};

static bool passes(struct bench *bench, double rate)
{
	return (double)(random_next(&bench->random) >> 11) * 0x1p-53 < rate;
}

/* ---- in doubt ---- */

struct told {
	long long good, bad, open, executions;
};

static void decide(struct bench *bench, double rate, struct told *told)
{
	enum sure_state state = SURE_OPEN;
	struct sure sure;

	sure_init(&sure, bench->wanted);
	for (long long n = 0; n < bench->most && state == SURE_OPEN; n++) {
		state = sure_add(&sure, passes(bench, rate));
		told->executions++;
	}
	told->good += state == SURE_GOOD;
	told->bad += state == SURE_BAD;
	told->open += state == SURE_OPEN;
}

static void print_doubt(struct bench *bench, double rate)
{
	struct told told = {0};

	for (long long i = 0; i < bench->trials; i++)
		decide(bench, rate, &told);
	double trials = (double)bench->trials;
	double wrong = rate >= bench->wanted			     ? (double)told.bad / trials
		       : rate <= sure_bad_rate(bench->wanted) + 1e-9 ? (double)told.good / trials
								     : NAN;
	printf("%8.2f %%  %8.2f %%  %8.2f %%  %8.2f %%  %8.1f  ", rate * 100,
	       (double)told.good / trials * 100, (double)told.bad / trials * 100,
	       (double)told.open / trials * 100, (double)told.executions / trials);
	if (isnan(wrong))
		printf("either may be\n");
	else
		printf("%8.2f %%\n", wrong * 100);
	bench->is_bad |= wrong > ERROR_PROMISED;
}

static void print_doubts(struct bench *bench)
{
	double bad = sure_bad_rate(bench->wanted);
	const double rates[] = {0,
				0.5,
				fmax(0, bad - (1 - bad)),
				bad,
				(bad + bench->wanted) / 2,
				bench->wanted,
				1 - (1 - bench->wanted) / 10,
				1};

	printf("A case in doubt, wanted %.2f %%, at most %lld executions, %lld trials each:\n",
	       bench->wanted * 100, bench->most, bench->trials);
	printf("   passes   told passes   told not  undecided  executions  told wrongly\n");
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		print_doubt(bench, rates[i]);
}

/* ---- the interval ---- */

static void print_cover(struct bench *bench, unsigned executions, double rate)
{
	long long covered = 0;
	double width = 0;

	for (long long i = 0; i < bench->trials; i++) {
		struct rate_interval interval;
		unsigned passed = 0;
		for (unsigned n = 0; n < executions; n++)
			passed += passes(bench, rate);
		rate_interval(passed, executions, RATE_CONFIDENCE, &interval);
		covered += interval.low <= rate && rate <= interval.high;
		width += interval.high - interval.low;
	}
	double share = (double)covered / (double)bench->trials;
	printf("%8.1f %%  %10u  %8.2f %%  %8.1f %%\n", rate * 100, executions, share * 100,
	       width / (double)bench->trials * 100);
	bench->is_bad |= share < COVER_PROMISED;
}

static void print_covers(struct bench *bench)
{
	static const double rates[] = {0.5, 0.9, 0.99};
	static const unsigned executions[] = {5, 20, 100};

	printf("\nThe 95 %% interval of a pass rate:\n   passes   executions   holds it   its width\n");
	for (size_t i = 0; i < ARRAY_LEN(rates); i++)
		for (size_t j = 0; j < ARRAY_LEN(executions); j++)
			print_cover(bench, executions[j], rates[i]);
}

static bool take(int argc, char **argv, int at, long long least, long long most, long long *ret)
{
	return argc <= at || number_parse(argv[at], least, most, ret) == 0;
}

int main(int argc, char **argv)
{
	struct bench bench = {.trials = 20000, .percent = 99, .most = 10000, .random = {1}};

	if (!take(argc, argv, 1, 1000, 10000000, &bench.trials) ||
	    !take(argc, argv, 2, 95, 99, &bench.percent) ||
	    !take(argc, argv, 3, 1, 1000000, &bench.most)) {
		(void)fprintf(stderr, "usage: %s [TRIALS] [RATE-PERCENT] [MOST]\n", argv[0]);
		return 64;
	}
	bench.wanted = (double)bench.percent / 100;
	print_doubts(&bench);
	print_covers(&bench);
	return bench.is_bad;
}
