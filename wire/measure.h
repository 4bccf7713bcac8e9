/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a case measures: a value with a name, a unit and the direction that is better, once or several times in one execution.
 *
 *	struct measures measures = MEASURES_INIT;
 *	measures_add(&measures, "throughput", "MB/s", MEASURE_HIGHER, 112.5);
 *	measures_add(&measures, "throughput", "MB/s", MEASURE_HIGHER, 109.1);
 *	measure_typical(measures.items);        (110.8: what this execution says)
 *
 * Samples of one execution share its machine and its moment, so however many they are they count as one: their median.
 */
#ifndef ASSAY_WIRE_MEASURE_H
#define ASSAY_WIRE_MEASURE_H

#include <stdbool.h>

#include "base/text.h"
#include "base/vec.h"

#define MEASURES_MAX	    32 /* of one execution */
#define MEASURE_SAMPLES_MAX 64 /* of each */
#define MEASURE_NAME_SIZE   48
#define MEASURE_UNIT_SIZE   16

enum measure_better { MEASURE_LOWER, MEASURE_HIGHER };

struct measure {
	char name[MEASURE_NAME_SIZE]; /* [a-z][a-z0-9_.]* */
	char unit[MEASURE_UNIT_SIZE]; /* "s", "MiB", "MB/s", "count" … */
	enum measure_better better;
	double samples[MEASURE_SAMPLES_MAX]; /* finite, in the order in which they were taken */
	unsigned count;
};
DEFINE_VEC(measures, struct measure);
#define MEASURES_INIT VEC_INIT(MEASURES_MAX)

/* Adds a sample. -EINVAL: no such name or unit can be, the number is not finite, or the same name has another unit or
 * direction; -E2BIG: more than the maxima. */
int measures_add(struct measures *measures, const char *name, const char *unit,
		 enum measure_better better, double sample) NONNULL(1, 2, 3);
/* Copies those of another; `to` has none that is its own. */
void measures_copy(struct measures *to, const struct measures *from) NONNULL(1, 2);
const struct measure *measures_find(const struct measures *measures, const char *name)
	NONNULL(1, 2);

/* The median of its samples. */
double measure_typical(const struct measure *measure) NONNULL(1);
/* Of any numbers; sorts them. */
double median_of(double *numbers, size_t count) NONNULL(1);

const char *measure_better_name(enum measure_better better); /* "lower", "higher" */
int measure_better_parse(const char *name, enum measure_better *ret) NONNULL(1, 2);

/*
 * Takes a line that a program prints, "# measured: NAME NUMBER UNIT lower|higher". 1: it is one, and was added; 0: it is
 * another line; -EINVAL: it means to be one, and *why says what is wrong.
 */
int measures_take_line(struct measures *measures, const char *line, size_t length, struct text *why)
	NONNULL(1, 2, 4);

#endif
