/* SPDX-License-Identifier: Apache-2.0 */
/* Measured values that a gate can ask about: from the comparison of two runs. */
#include <string.h>

#include "base/text.h"
#include "host/judge/compare.h"
#include "host/judge/judge.h"

static char *describe(const struct value_change *change)
{
	return xasprintf("%s is %.4g %s, was %.4g (%.3g times; p %.2g, %u and %u machines)%s%s",
			 change->measure->name, change->typical_now, change->measure->unit,
			 change->typical_before, change->ratio.ratio, change->p, change->count_now,
			 change->count_before, change->is_suspected ? "; " : "",
			 change->is_suspected ? change->why : "");
}

size_t worse_values_find(const struct run *before, const struct run *now,
			 const struct noises *noises, struct worse_values *ret)
{
	CLEAN_DONE(comparison) struct comparison comparison = {0};
	size_t judged = 0;

	compare_runs_by_noise(before, now, noises, &comparison);
	vec_each (&comparison.values, change) {
		judged += change->verdict != VALUE_UNCERTAIN;
		if ((change->verdict != VALUE_WORSE && !change->is_suspected) || !change->now)
			continue;
		struct worse_value value = {change->now, change->is_suspected, describe(change)};
		if (!vec_add(ret, value))
			free(value.text);
	}
	return judged;
}

void worse_values_done(struct worse_values *values)
{
	vec_each (values, value)
		free(value->text);
	vec_done(values);
}
