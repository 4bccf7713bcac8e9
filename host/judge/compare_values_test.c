/* SPDX-License-Identifier: Apache-2.0 */
/* Measured values of two runs: what is a change, what is none, and of what nothing can be said. */
#include "host/judge/compare_values.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/test.h"
#include "host/judge/compare.h"

static const char plan[] =
	"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"x\",\"sha256\":\"1\"},\"size\":{\"name\":\"s\"},"
	"\"firmware\":\"uefi\",\"accel\":\"tcg\",\"cases\":[{\"id\":\"a.one\",\"kind\":\"guest\",\"priority\":\"P1\"}]}]}";

/* A journal in which one case has measured its value on so many machines, some samples on each. */
struct side {
	double middle, noise;
	unsigned machines, samples;
	const char *unit, *better, *host, *outcome;
};
static const struct side usual = {100, 0.03, 7, 1, "s", "lower", "h", "pass"};

static double normal(struct random *random)
{
	double u = ((double)(random_next(random) >> 11) + 1) * 0x1p-53;
	double v = (double)(random_next(random) >> 11) * 0x1p-53;

	return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static struct run *make_run(const struct side *side, struct random *random)
{
	CLEAN_TEXT struct text journal = TEXT_INIT(1U << 20);
	struct run *run = NULL;
	struct err e = {0};

	text_addf(&journal, "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"detail\":\"%s\"}\n",
		  side->host);
	for (unsigned i = 0; i < side->machines; i++) {
		text_addf(
			&journal,
			"{\"type\":\"result\",\"id\":\"a.one\",\"outcome\":\"%s\",\"name\":\"m%u\",\"attempt\":%u%s,"
			"\"measures\":[{\"name\":\"span\",\"unit\":\"%s\",\"better\":\"%s\",\"samples\":[",
			side->outcome, i, i + 1,
			i + 1 < side->machines ? ",\"superseded\":true" : "", side->unit,
			side->better);
		for (unsigned j = 0; j < side->samples; j++)
			text_addf(&journal, "%s%.17g", j ? "," : "",
				  side->middle * exp(side->noise * normal(random)));
		text_adds(&journal, "]}]}\n");
	}
	EXPECT_NUMBER(run_parse(plan, strlen(plan), journal.buf, journal.length, &run, &e), 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

/* The one value that both have, copied. */
static struct value_change compare(const struct side *before, const struct side *now,
				   struct random *random, const struct noises *noises)
{
	CLEANUP(run) struct run *old = make_run(before, random), *new = make_run(now, random);
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	struct value_change change = {.verdict = VALUE_SAME};

	compare_runs_by_noise(old, new, noises, &comparison);
	EXPECT_NUMBER(comparison.values.count, 1);
	if (comparison.values.count == 1) {
		change = comparison.values.items[0];
		EXPECT_NUMBER(comparison.value_counts[change.verdict], 1);
		if (comparison.counts[CHANGE_WORSE] == 0)
			EXPECT_NUMBER(comparison_exit_code(&comparison),
				      change.verdict == VALUE_WORSE);
	}
	return change;
}

TEST(compare_values, twice_as_much_is_found)
{
	struct random random = {1};
	struct side twice = usual;

	twice.middle = 200;
	struct value_change change = compare(&usual, &twice, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "worse");
	EXPECT(change.is_judged && change.p < 0.001 && fabs(change.ratio.ratio - 2) < 0.2);
	EXPECT(change.ratio.low > 1.8 && change.ratio.high < 2.2);
	EXPECT_NUMBER(change.count_before, 7);
	change = compare(&twice, &usual, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "better");
	struct side rate = usual, half = usual;
	rate.better = half.better = "higher";
	half.middle = 50;
	change = compare(&rate, &half, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "worse");
}

/* However noisy, of 200 pairs each: 5 machines see a doubling, and without one hardly any pair is told to differ. */
TEST(compare_values, errors_are_as_stated)
{
	static const double noises[] = {0.01, 0.03, 0.1};
	struct random random = {2};

	for (size_t i = 0; i < ARRAY_LEN(noises); i++) {
		struct side same = usual, twice = usual;
		unsigned found = 0, wrong = 0;
		same.noise = twice.noise = noises[i];
		same.machines = twice.machines = 5;
		twice.middle = 200;
		for (int pair = 0; pair < 200; pair++) {
			struct value_change change = compare(&same, &same, &random, NULL);
			wrong += change.verdict == VALUE_WORSE || change.verdict == VALUE_BETTER;
			found += compare(&same, &twice, &random, NULL).verdict == VALUE_WORSE;
		}
		EXPECT(wrong <= 7); /* 2 are to be expected, 7 of 200 come once in 500 times */
		EXPECT(found >= 198);
	}
}

TEST(compare_values, what_does_not_matter_is_the_same)
{
	struct random random = {3};
	struct side little = usual, quiet = usual;

	quiet.noise = little.noise = 0.001;
	little.middle = 102;
	struct value_change change = compare(&quiet, &little, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "same"); /* though p is small */
	EXPECT(change.p < 0.001 && change.margin == VALUE_FLOOR);
}

TEST(compare_values, of_too_little_nothing_is_said)
{
	struct random random = {4};
	struct side few = usual, far = usual, other = usual;

	far.middle = 1000;
	few.machines = 4;
	struct value_change change = compare(&far, &few, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "uncertain");
	EXPECT_TEXT(change.why, "7 and 4 machines have measured it, 5 and 5 are needed");
	EXPECT(!change.is_judged && change.typical_before > 900 && change.typical_now < 110);
	/* Many samples on one machine are one. */
	few.machines = 1;
	few.samples = 60;
	change = compare(&far, &few, &random, NULL);
	EXPECT_NUMBER(change.count_now, 1);
	other.unit = "ms";
	change = compare(&usual, &other, &random, NULL);
	EXPECT_TEXT(change.why, "it had another unit or direction before");
	other = usual;
	other.host = "elsewhere";
	change = compare(&usual, &other, &random, NULL);
	EXPECT_TEXT(change.why, "the runs were made on different hosts");
	other = usual;
	other.middle = 0;
	change = compare(&usual, &other, &random, NULL);
	EXPECT(strstr(change.why, "not all numbers are above 0") != NULL);
	other = usual;
	other.noise = 0.5;
	change = compare(&other, &other, &random, NULL);
	EXPECT_TEXT(value_verdict_name(change.verdict), "uncertain");
	EXPECT(strstr(change.why, "times what it was, by these numbers") != NULL);
}

TEST(compare_values, what_failed_has_measured_nothing)
{
	struct random random = {5};
	struct side failed = usual;

	failed.outcome = "fail";
	CLEANUP(run)
	struct run *old = make_run(&failed, &random), *new = make_run(&failed, &random);
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	compare_runs(old, new, &comparison);
	EXPECT_NUMBER(comparison.values.count, 0);
	struct value_change change = compare(&failed, &usual, &random, NULL);
	EXPECT_TEXT(change.why, "it was measured now only");
	change = compare(&usual, &failed, &random, NULL);
	EXPECT_TEXT(change.why, "it was measured before only");
}

/* ---- many values at once ---- */

#define VALUES 20

/* Runs of so many cases, each with a value: those before `changed` are `times` as much. */
static struct run *make_many(unsigned machines, unsigned changed, double times,
			     struct random *random)
{
	CLEAN_TEXT struct text plan_ = TEXT_INIT(1U << 20), journal = TEXT_INIT(1U << 20);
	struct run *run = NULL;
	struct err e = {0};

	text_adds(
		&plan_,
		"{\"schema\":1,\"run\":\"r\",\"cells\":[{\"image\":{\"name\":\"x\",\"sha256\":\"1\"},"
		"\"size\":{\"name\":\"s\"},\"accel\":\"tcg\",\"cases\":[");
	text_adds(&journal, "{\"type\":\"begin\",\"schema\":1,\"wall_ns\":1,\"detail\":\"h\"}\n");
	for (unsigned i = 0; i < VALUES; i++) {
		text_addf(&plan_, "%s{\"id\":\"a.c%02u\",\"kind\":\"guest\",\"priority\":\"P1\"}",
			  i ? "," : "", i);
		for (unsigned j = 0; j < machines; j++)
			text_addf(
				&journal,
				"{\"type\":\"result\",\"id\":\"a.c%02u\",\"outcome\":\"pass\",\"name\":\"m%u\","
				"\"attempt\":%u%s,\"measures\":[{\"name\":\"x\",\"unit\":\"s\",\"better\":\"lower\","
				"\"samples\":[%.17g]}]}\n",
				i, j, j + 1, j + 1 < machines ? ",\"superseded\":true" : "",
				(i < changed ? times : 1) * 100 * exp(0.1 * normal(random)));
	}
	text_adds(&plan_, "]}]}");
	EXPECT_NUMBER(run_parse(plan_.buf, plan_.length, journal.buf, journal.length, &run, &e), 0);
	EXPECT_TEXT(e.text, "");
	return run;
}

struct discoveries {
	unsigned right, wrong; /* told to be worse or better */
	unsigned alone;	       /* wrong ones, had each value been the only one */
};

static struct discoveries discover(unsigned machines, unsigned changed, double times,
				   struct random *random)
{
	CLEANUP(run) struct run *old = make_many(machines, 0, 1, random);
	CLEANUP(run) struct run *new = make_many(machines, changed, times, random);
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	struct discoveries found = {0};

	compare_runs(old, new, &comparison);
	EXPECT_NUMBER(comparison.values.count, VALUES);
	vec_each (&comparison.values, change) {
		bool is_changed = change->now < new->cases.items + changed; /* they are sorted */
		bool is_told = change->verdict == VALUE_WORSE || change->verdict == VALUE_BETTER;
		found.right += is_told && is_changed;
		found.wrong += is_told && !is_changed;
		found.alone += !is_changed && change->p < VALUE_P &&
			       fabs(log(change->ratio.ratio)) > log1p(VALUE_FLOOR);
		EXPECT(change->q >= change->p && change->q <= 1);
	}
	return found;
}

/* 20 values with a noise of 10 %, none of which has changed. */
TEST(compare_values, chance_among_many_is_told_to_be_none)
{
	static const unsigned machines[] = {5, 7, 10};
	struct random random = {7};

	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		unsigned any = 0, any_alone = 0;
		for (int pair = 0; pair < 80; pair++) {
			struct discoveries found = discover(machines[i], 0, 1, &random);
			any += found.wrong > 0;
			any_alone += found.alone > 0;
		}
		EXPECT(any <= 7);	/* 4 are a twentieth */
		EXPECT(any_alone >= 6); /* each for itself it would be one in eight */
	}
}

/* Some of them by 1.5 times: they are found, and of what is told hardly anything is wrong. */
TEST(compare_values, what_has_changed_among_many_is_found)
{
	static const struct {
		unsigned machines, changed;
	} rows[] = {{7, 1}, {7, 5}, {5, 5}, {10, 10}};
	struct random random = {8};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double share = 0; /* of what is told, wrong; 0 where nothing is */
		unsigned right = 0;
		for (int pair = 0; pair < 40; pair++) {
			struct discoveries found =
				discover(rows[i].machines, rows[i].changed, 1.5, &random);
			right += found.right;
			if (found.wrong > 0)
				share += (double)found.wrong / (found.wrong + found.right);
		}
		EXPECT(right * 10 >= rows[i].changed * 40 * 9);
		EXPECT(share / 40 <= VALUE_Q + 0.02);
	}
}

/* One among twenty on five machines: no order of so few is rare enough. */
TEST(compare_values, how_many_machines_could_tell_is_said)
{
	struct random random = {9};
	CLEANUP(run) struct run *old = make_many(5, 0, 1, &random);
	CLEANUP(run) struct run *new = make_many(5, 1, 3, &random);
	CLEAN_DONE(comparison) struct comparison comparison = {0};

	compare_runs(old, new, &comparison);
	const struct value_change *change = NULL;
	vec_each (&comparison.values, it)
		if (strcmp(it->now->id, "a.c00") == 0)
			change = it;
	EXPECT(change && change->verdict == VALUE_UNCERTAIN && change->p < VALUE_P);
	if (change)
		EXPECT_TEXT(change->why, "among 20 values chance alone may have it so (q 0.16); 6 "
					 "machines on each side can tell");
}

/* ---- the noise of the history ---- */

static void add(struct noises *noises, const char *image, const char *run, double sample)
{
	const struct store_sample it = {
		.id = "a.one",
		.name = "span",
		.unit = "s",
		.cell = {.sha256 = image, .size = "s", .firmware = "uefi", .accel = "tcg"},
		.run = run,
		.host = "h",
		.sample = sample};

	EXPECT(noises_add(noises, &it));
}

TEST(noise, is_what_runs_on_one_image_differ_by)
{
	CLEAN_NOISES struct noises noises = VEC_INIT(10);
	const struct noise_key key = {"a.one", "span", "s", "s", "uefi", "tcg", "h"};
	const struct noise_key other = {"a.one", "span", "s", "s", "uefi", "kvm", "h"};

	add(&noises, "1", "r1", 90);
	add(&noises, "1", "r2", 99);
	add(&noises, "1", "r2", 101);
	add(&noises, "1", "r3", 110);
	add(&noises, "2", "r4", 5000); /* another image: no noise, but a change */
	add(&noises, "3", "r5", 200);
	add(&noises, "3", "r6", 220);
	noises_end(&noises);
	const struct noise *noise = noises_find(&noises, &key);
	EXPECT(noise && noise->runs == 5);
	if (noise) /* the distances: 0, 4.8 %, 4.8 %, 9.5 %, 10.5 % */
		EXPECT(fabs(log1p(noise->relative) - 1.4826 * log(220.0 / 200) / 2) < 1e-9);
	EXPECT(noises_find(&noises, &other) == NULL);
}

TEST(compare_values, a_noisy_history_asks_for_more)
{
	CLEAN_NOISES struct noises noises = VEC_INIT(10);
	struct random random = {6};
	struct side more = usual;

	for (unsigned i = 0; i < 8; i++) {
		char run[8];
		(void)snprintf(run, sizeof run, "r%u", i);
		add(&noises, "1", run, i % 2 ? 80 : 120);
	}
	noises_end(&noises);
	more.middle = 130;
	EXPECT_TEXT(value_verdict_name(compare(&usual, &more, &random, NULL).verdict), "worse");
	struct value_change change = compare(&usual, &more, &random, &noises);
	EXPECT(change.verdict != VALUE_WORSE && change.margin > 0.5);
	more.middle = 300;
	change = compare(&usual, &more, &random, &noises);
	EXPECT_TEXT(value_verdict_name(change.verdict), "worse");
}
