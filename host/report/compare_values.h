/* SPDX-License-Identifier: Apache-2.0 */
/* The measured values of a comparison, as parts of its reports. Pure. */
#ifndef ASSAY_HOST_REPORT_COMPARE_VALUES_H
#define ASSAY_HOST_REPORT_COMPARE_VALUES_H

#include "host/judge/compare.h"

/* Nothing, where neither run has measured anything. Those that are the same are only counted. */
void compare_values_text(const struct run *before, const struct run *now,
			 const struct comparison *comparison, bool colour, struct text *out)
	NONNULL(1, 2, 3, 5);
void compare_values_markdown(const struct run *before, const struct run *now,
			     const struct comparison *comparison, struct text *out)
	NONNULL(1, 2, 3, 4);
/* The members `value_counts` and `values` of the comparison's object; all of them. */
void compare_values_json(const struct comparison *comparison, struct text *out) NONNULL(1, 2);

#endif
