/* SPDX-License-Identifier: Apache-2.0 */
/* Two lower bounds. */
#include "host/plan/cover_bound.h"

#include <string.h>

#include "base/text.h"

/* Of each value of each column: the most tuples with it that one set of columns has. */
struct most {
	const struct cover_space *space;
	uint32_t *of, *here; /* at column * values_max + value */
};

static void count_set(struct most *most, const uint8_t *tuples, size_t set)
{
	const struct cover_space *space = most->space;
	const uint16_t *columns = space->members + set * space->ways;

	for (unsigned i = 0; i < space->ways; i++)
		memset(most->here + columns[i] * space->values_max, 0,
		       space->values[columns[i]] * sizeof *most->here);
	for (uint32_t t = space->offset[set]; t < space->offset[set + 1]; t++) {
		uint32_t index = t - space->offset[set];
		if (tuples[t] != COVER_COVERED)
			continue;
		for (unsigned i = space->ways; i-- > 0;) {
			uint16_t values = space->values[columns[i]];
			most->here[columns[i] * space->values_max + index % values]++;
			index /= values;
		}
	}
	for (unsigned i = 0; i < space->ways; i++)
		for (size_t v = 0; v < space->values[columns[i]]; v++) {
			size_t at = columns[i] * space->values_max + v;
			if (most->here[at] > most->of[at])
				most->of[at] = most->here[at];
		}
}

static uint64_t bound_by_columns(const struct cover_greedy *greedy)
{
	const struct cover_space *space = greedy->space;
	size_t size = space->column_count * space->values_max;
	CLEAN_FREE uint32_t *of = xnew(size * sizeof *of);
	CLEAN_FREE uint32_t *here = xnew(size * sizeof *here);
	struct most most = {.space = space, .of = of, .here = here};
	uint64_t bound = 0;

	for (size_t s = 0; s < space->set_count; s++)
		count_set(&most, greedy->tuples, s);
	for (size_t c = 0; c < space->column_count; c++) {
		uint64_t sum = 0;
		for (size_t v = 0; v < space->values[c]; v++)
			sum += of[c * space->values_max + v];
		if (sum > bound)
			bound = sum;
	}
	return bound;
}

uint64_t cover_bound_binary(size_t columns)
{
	for (uint64_t rows = 4;; rows++) {
		uint64_t half = (rows + 1) / 2, families = 1;
		/* C(rows - 1, half); it exceeds any number of columns long before it overflows. */
		for (uint64_t i = 1; i <= half; i++)
			families = families * (rows - 1 - half + i) / i;
		if (families >= columns)
			return rows;
	}
}

/* Where all tuples are wanted any two values of a column may stand for two values. */
static uint64_t bound_by_pairs(const struct cover_greedy *greedy)
{
	const struct cover_space *space = greedy->space;
	size_t columns = 0;
	uint64_t factor = 1;

	for (size_t c = 0; c < space->column_count; c++)
		columns += space->values[c] > 1;
	if (greedy->impossible + greedy->given > 0 || space->ways < 2 || columns < space->ways)
		return 0;
	for (unsigned i = 2; i < space->ways; i++)
		factor *= 2;
	return factor * cover_bound_binary(columns - (space->ways - 2));
}

uint64_t cover_bound(const struct cover_greedy *greedy)
{
	uint64_t columns = bound_by_columns(greedy), pairs = bound_by_pairs(greedy);

	return columns > pairs ? columns : pairs;
}
