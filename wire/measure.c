/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NAME_FIRST "abcdefghijklmnopqrstuvwxyz"
#define NAME_REST  NAME_FIRST "0123456789_."
#define UNIT_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%/"
#define LINE_MARK  "# measured:"
#define LINE_MAX_  256

static bool is_name(const char *name)
{
	return name[0] && strchr(NAME_FIRST, name[0]) && name[strspn(name, NAME_REST)] == '\0' &&
	       strlen(name) < MEASURE_NAME_SIZE;
}

static bool is_unit(const char *unit)
{
	return unit[0] && unit[strspn(unit, UNIT_CHARS)] == '\0' &&
	       strlen(unit) < MEASURE_UNIT_SIZE;
}

static struct measure *find(const struct measures *measures, const char *name)
{
	vec_each (measures, it)
		if (strcmp(it->name, name) == 0)
			return it;
	return NULL;
}

const struct measure *measures_find(const struct measures *measures, const char *name)
{
	return find(measures, name);
}

static struct measure *add(struct measures *measures, const char *name, const char *unit,
			   enum measure_better better)
{
	struct measure measure = {.better = better};

	(void)snprintf(measure.name, sizeof measure.name, "%s", name);
	(void)snprintf(measure.unit, sizeof measure.unit, "%s", unit);
	return vec_add(measures, measure) ? &measures->items[measures->count - 1] : NULL;
}

int measures_add(struct measures *measures, const char *name, const char *unit,
		 enum measure_better better, double sample)
{
	if (!is_name(name) || !is_unit(unit) || !isfinite(sample))
		return -EINVAL;
	struct measure *measure = find(measures, name);
	if (measure && (measure->better != better || strcmp(measure->unit, unit) != 0))
		return -EINVAL;
	if (!measure)
		measure = add(measures, name, unit, better);
	if (!measure || measure->count == MEASURE_SAMPLES_MAX)
		return -E2BIG;
	measure->samples[measure->count++] = sample;
	return 0;
}

void measures_copy(struct measures *to, const struct measures *from)
{
	*to = (struct measures)MEASURES_INIT;
	vec_each (from, it)
		(void)vec_add(to, *it);
}

static int compare_numbers(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double median_of(double *numbers, size_t count)
{
	if (count == 0)
		return NAN;
	qsort(numbers, count, sizeof *numbers, compare_numbers);
	return count % 2 ? numbers[count / 2] : numbers[count / 2 - 1] / 2 + numbers[count / 2] / 2;
}

double measure_typical(const struct measure *measure)
{
	double sorted[MEASURE_SAMPLES_MAX];

	memcpy(sorted, measure->samples, sizeof sorted);
	return median_of(sorted, measure->count);
}

static const char *const better_names[] = {
	[MEASURE_LOWER] = "lower",
	[MEASURE_HIGHER] = "higher",
};

const char *measure_better_name(enum measure_better better)
{
	return better_names[better];
}

int measure_better_parse(const char *name, enum measure_better *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(better_names); i++)
		if (strcmp(name, better_names[i]) == 0) {
			*ret = (enum measure_better)i;
			return 0;
		}
	return -EINVAL;
}

/* ---- a program's line ---- */

enum { WORD_NAME, WORD_NUMBER, WORD_UNIT, WORD_BETTER, WORD_COUNT_ };

/* Cuts it into words; true when they are as many as there have to be. */
static bool split(char *line, char *words[WORD_COUNT_])
{
	char *rest = NULL;

	for (int i = 0; i < WORD_COUNT_; i++)
		if (!(words[i] = strtok_r(i == 0 ? line : NULL, " \t\r", &rest)))
			return false;
	return strtok_r(NULL, " \t\r", &rest) == NULL;
}

static int refuse(struct text *why, const char *what, const char *word)
{
	(void)text_addf(why, "'%.60s' is no %s", word, what);
	return -EINVAL;
}

static int add_words(struct measures *measures, char *const words[WORD_COUNT_], struct text *why)
{
	enum measure_better better;
	char *end;
	double number = strtod(words[WORD_NUMBER], &end);

	if (!is_name(words[WORD_NAME]))
		return refuse(why, "name (a-z, 0-9, _ and .)", words[WORD_NAME]);
	if (*end != '\0' || !isfinite(number) || strpbrk(words[WORD_NUMBER], "xXnN"))
		return refuse(why, "number", words[WORD_NUMBER]);
	if (!is_unit(words[WORD_UNIT]))
		return refuse(why, "unit", words[WORD_UNIT]);
	if (measure_better_parse(words[WORD_BETTER], &better) < 0)
		return refuse(why, "direction: it is lower or higher, what is better",
			      words[WORD_BETTER]);
	int r = measures_add(measures, words[WORD_NAME], words[WORD_UNIT], better, number);
	if (r == -E2BIG)
		(void)text_addf(why, "there are more than %d values, or %d samples of one",
				MEASURES_MAX, MEASURE_SAMPLES_MAX);
	else if (r < 0)
		(void)text_addf(why, "'%.60s' had another unit or direction before",
				words[WORD_NAME]);
	return r < 0 ? -EINVAL : 1;
}

int measures_take_line(struct measures *measures, const char *line, size_t length, struct text *why)
{
	const size_t mark = strlen(LINE_MARK);
	char copy[LINE_MAX_], *words[WORD_COUNT_];

	if (length < mark || memcmp(line, LINE_MARK, mark) != 0)
		return 0;
	if (length - mark < sizeof copy && !memchr(line, '\0', length)) {
		memcpy(copy, line + mark, length - mark);
		copy[length - mark] = '\0';
		if (split(copy, words))
			return add_words(measures, words, why);
	}
	(void)text_addf(why, "it is not `%s NAME NUMBER UNIT lower|higher`", LINE_MARK);
	return -EINVAL;
}
