/* SPDX-License-Identifier: Apache-2.0 */
/* Measured values: what is taken, and what is not. */
#include "wire/measure.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/test.h"

TEST(measure, samples_of_a_name_go_together)
{
	struct measures measures = MEASURES_INIT, copy;

	EXPECT_NUMBER(measures_add(&measures, "boot.kernel", "s", MEASURE_LOWER, 1.5), 0);
	EXPECT_NUMBER(measures_add(&measures, "rate", "MB/s", MEASURE_HIGHER, 30), 0);
	EXPECT_NUMBER(measures_add(&measures, "rate", "MB/s", MEASURE_HIGHER, 10), 0);
	EXPECT_NUMBER(measures_add(&measures, "rate", "MB/s", MEASURE_HIGHER, 40), 0);
	EXPECT_NUMBER(measures.count, 2);
	const struct measure *rate = measures_find(&measures, "rate");
	EXPECT(rate && rate->count == 3 && rate->samples[1] == 10 && measure_typical(rate) == 30);
	EXPECT_NUMBER(measures_add(&measures, "rate", "MB/s", MEASURE_HIGHER, 20), 0);
	EXPECT(measure_typical(measures_find(&measures, "rate")) == 25);
	measures_copy(&copy, &measures);
	vec_done(&measures);
	EXPECT(copy.count == 2 && copy.items[1].count == 4);
	EXPECT(measures_find(&copy, "other") == NULL);
	vec_done(&copy);
}

TEST(measure, refuses_what_cannot_be)
{
	static const struct {
		const char *name, *unit;
		double sample;
	} rows[] = {{"", "s", 1},    {"Boot", "s", 1},	   {"a b", "s", 1},
		    {"1a", "s", 1},  {"a", "", 1},	   {"a", "m s", 1},
		    {"a", "s", NAN}, {"a", "s", INFINITY}, {"a", "0123456789abcdef", 1}};
	struct measures measures = MEASURES_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		EXPECT_NUMBER(measures_add(&measures, rows[i].name, rows[i].unit, MEASURE_LOWER,
					   rows[i].sample),
			      -EINVAL);
	EXPECT_NUMBER(measures_add(&measures, "a", "s", MEASURE_LOWER, 1), 0);
	EXPECT_NUMBER(measures_add(&measures, "a", "ms", MEASURE_LOWER, 1), -EINVAL);
	EXPECT_NUMBER(measures_add(&measures, "a", "s", MEASURE_HIGHER, 1), -EINVAL);
	for (unsigned i = 1; i < MEASURE_SAMPLES_MAX; i++)
		EXPECT_NUMBER(measures_add(&measures, "a", "s", MEASURE_LOWER, 1), 0);
	EXPECT_NUMBER(measures_add(&measures, "a", "s", MEASURE_LOWER, 1), -E2BIG);
	for (unsigned i = 1; i < MEASURES_MAX; i++) {
		char name[8];
		(void)snprintf(name, sizeof name, "b%u", i);
		EXPECT_NUMBER(measures_add(&measures, name, "s", MEASURE_LOWER, 1), 0);
	}
	EXPECT_NUMBER(measures_add(&measures, "c", "s", MEASURE_LOWER, 1), -E2BIG);
	vec_done(&measures);
}

TEST(measure, lines_of_programs)
{
	static const struct {
		const char *line, *why;
		int r;
	} rows[] = {
		{"# measured: rate 12.5 MB/s higher", "", 1},
		{"# measured:\trate  1e3  MB/s higher\r", "", 1},
		{"# measured rate", "", 0},
		{"ok 1 - measured: rate", "", 0},
		{"# measured: rate 12.5 MB/s", "it is not `# measured: NAME", -EINVAL},
		{"# measured: rate 12.5 MB/s higher x", "it is not", -EINVAL},
		{"# measured: Rate 12.5 MB/s higher", "'Rate' is no name", -EINVAL},
		{"# measured: rate 12,5 MB/s higher", "'12,5' is no number", -EINVAL},
		{"# measured: rate nan MB/s higher", "'nan' is no number", -EINVAL},
		{"# measured: rate 0x10 MB/s higher", "'0x10' is no number", -EINVAL},
		{"# measured: rate 1 MB-s higher", "'MB-s' is no unit", -EINVAL},
		{"# measured: rate 1 MB/s more", "'more' is no direction", -EINVAL},
		{"# measured: rate 1 MB/s lower", "another unit or direction", -EINVAL},
	};
	struct measures measures = MEASURES_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_TEXT struct text why = TEXT_INIT(1024);
		EXPECT_NUMBER(
			measures_take_line(&measures, rows[i].line, strlen(rows[i].line), &why),
			rows[i].r);
		EXPECT(rows[i].why[0] == '\0' ? why.length == 0
					      : why.buf && strstr(why.buf, rows[i].why) != NULL);
	}
	EXPECT(measures.count == 1 && measures.items[0].count == 2 &&
	       measures.items[0].samples[1] == 1000);
	vec_done(&measures);
}
