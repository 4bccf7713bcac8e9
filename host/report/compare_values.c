/* SPDX-License-Identifier: Apache-2.0 */
#include "host/report/compare_values.h"

#include <math.h>

#include "base/json.h"
#include "host/report/escape.h"
#include "host/report/words.h"

static const struct {
	const char *heading, *colour;
} kinds[VALUE_VERDICT_COUNT] = {
	[VALUE_WORSE] = {"Measured worse", "1;31"},
	[VALUE_UNCERTAIN] = {"Measured, and nothing can be said", "1;33"},
	[VALUE_BETTER] = {"Measured better", "1;32"},
	[VALUE_SAME] = {"Measured the same", "1"},
};

static const struct run_case *told(const struct value_change *change)
{
	return change->now ? change->now : change->before;
}

/* "109 MB/s, was 212 (0.51 times, 0.48 to 0.55 with 99 %; p 0.0006, q 0.003, 7 and 7 machines; what is within 5 % does not matter)" */
static void add_numbers(const struct value_change *change, struct text *out)
{
	if (change->count_now > 0)
		(void)text_addf(out, "%.4g %s", change->typical_now, change->measure->unit);
	if (change->count_before > 0)
		(void)text_addf(out, "%swas %.4g%s%s", change->count_now > 0 ? ", " : "",
				change->typical_before, change->count_now > 0 ? "" : " ",
				change->count_now > 0 ? "" : change->measure->unit);
	if (change->is_judged)
		(void)text_addf(
			out,
			" (%.3g times, %.3g to %.3g with %g %%; p %.2g, q %.2g, %u and %u machines; "
			"what is within %.3g %% does not matter)",
			change->ratio.ratio, change->ratio.low, change->ratio.high,
			RANKS_CONFIDENCE * 100, change->p, change->q, change->count_now,
			change->count_before, change->margin * 100);
}

/* "boot.settles_in_time userspace", and where there are several cells in which. */
static void add_name(const struct run *before, const struct run *now,
		     const struct value_change *change, struct text *out)
{
	CLEAN_TEXT struct text where = TEXT_INIT(1024);

	words_where(change->now ? now : before, told(change), &where);
	(void)text_addf(out, "%s %s", told(change)->id, change->measure->name);
	if (where.length > 0)
		(void)text_addf(out, " (%s)", where.buf);
}

static void add_value_text(const struct run *before, const struct run *now,
			   const struct value_change *change, struct text *out)
{
	CLEAN_TEXT struct text name = TEXT_INIT(2048), numbers = TEXT_INIT(1024);

	add_name(before, now, change, &name);
	add_numbers(change, &numbers);
	(void)text_adds(out, "  ");
	escape_terminal(out, name.buf, false);
	(void)text_adds(out, "\n");
	if (numbers.length > 0)
		(void)text_addf(out, "      is     %s\n", numbers.buf);
	if (change->why[0])
		(void)text_addf(out, "      but    %s\n", change->why);
}

static void add_same(const struct comparison *comparison, struct text *out)
{
	if (comparison->value_counts[VALUE_SAME] > 0)
		(void)text_addf(out, "\n%u measured value%s the same\n",
				comparison->value_counts[VALUE_SAME],
				comparison->value_counts[VALUE_SAME] == 1 ? " is" : "s are");
}

void compare_values_text(const struct run *before, const struct run *now,
			 const struct comparison *comparison, bool colour, struct text *out)
{
	enum value_verdict last = VALUE_SAME;

	vec_each (&comparison->values, change) {
		if (change->verdict == VALUE_SAME)
			continue;
		if (change->verdict != last)
			(void)text_addf(
				out, colour ? "\n\033[%sm%s\033[0m (%u)\n" : "\n%.0s%s (%u)\n",
				kinds[change->verdict].colour, kinds[change->verdict].heading,
				comparison->value_counts[change->verdict]);
		last = change->verdict;
		add_value_text(before, now, change, out);
	}
	add_same(comparison, out);
}

void compare_values_markdown(const struct run *before, const struct run *now,
			     const struct comparison *comparison, struct text *out)
{
	enum value_verdict last = VALUE_SAME;

	vec_each (&comparison->values, change) {
		CLEAN_TEXT struct text name = TEXT_INIT(2048), numbers = TEXT_INIT(1024);
		if (change->verdict == VALUE_SAME)
			continue;
		if (change->verdict != last)
			(void)text_addf(out, "\n### %s (%u)\n\n| value | is | |\n|---|---|---|\n",
					kinds[change->verdict].heading,
					comparison->value_counts[change->verdict]);
		last = change->verdict;
		add_name(before, now, change, &name);
		add_numbers(change, &numbers);
		(void)text_adds(out, "| ");
		escape_markdown(out, name.buf);
		(void)text_adds(out, " | ");
		escape_markdown(out, numbers.length > 0 ? numbers.buf : "");
		(void)text_adds(out, " | ");
		escape_markdown(out, change->why);
		(void)text_adds(out, " |\n");
	}
	add_same(comparison, out);
}

/* ---- JSON ---- */

static void add_double(struct text *out, const char *key, double number)
{
	json_key(out, key);
	json_double(out, number); /* what is not finite becomes null */
}

static void add_judged(const struct value_change *change, struct text *out)
{
	add_double(out, "ratio", change->ratio.ratio);
	add_double(out, "low", change->ratio.low);
	add_double(out, "high", change->ratio.high);
	add_double(out, "p", change->p);
	add_double(out, "q", change->q);
	add_double(out, "margin", change->margin);
}

static void add_side(struct text *out, const char *key, const struct run_case *it, unsigned count,
		     double typical)
{
	if (!it)
		return;
	json_key(out, key);
	json_open(out, '{');
	json_member_number(out, "cell", it->cell);
	json_member_number(out, "machines", count);
	if (count > 0)
		add_double(out, "typical", typical);
	json_close(out, '}');
}

static void add_value_json(const struct value_change *change, struct text *out)
{
	json_open(out, '{');
	json_member(out, "id", told(change)->id);
	json_member(out, "name", change->measure->name);
	json_member(out, "unit", change->measure->unit);
	json_member(out, "better", measure_better_name(change->measure->better));
	json_member(out, "change", value_verdict_name(change->verdict));
	add_side(out, "before", change->before, change->count_before, change->typical_before);
	add_side(out, "now", change->now, change->count_now, change->typical_now);
	if (change->is_judged)
		add_judged(change, out);
	if (change->why[0])
		json_member(out, "why", change->why);
	json_close(out, '}');
}

void compare_values_json(const struct comparison *comparison, struct text *out)
{
	json_key(out, "value_counts");
	json_open(out, '{');
	for (int verdict = 0; verdict < VALUE_VERDICT_COUNT; verdict++)
		json_member_number(out, value_verdict_name((enum value_verdict)verdict),
				   comparison->value_counts[verdict]);
	json_close(out, '}');
	json_key(out, "values");
	json_open(out, '[');
	vec_each (&comparison->values, change)
		add_value_json(change, out);
	json_close(out, ']');
}
