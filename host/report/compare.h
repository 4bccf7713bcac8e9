/* SPDX-License-Identifier: Apache-2.0 */
/* What is other in a run than in an earlier one, told in several formats; pure functions as those of report.h. */
#ifndef ASSAY_HOST_REPORT_COMPARE_H
#define ASSAY_HOST_REPORT_COMPARE_H

#include "base/text.h"
#include "host/judge/compare.h"

/* For the terminal: what got worse first, each with what it says now and what it said before. */
void compare_text(const struct run *before, const struct run *now,
		  const struct comparison *comparison, bool colour, struct text *out)
	NONNULL(1, 2, 3, 5);

/* One JSON object (assay-report(5)). */
void compare_json(const struct run *before, const struct run *now,
		  const struct comparison *comparison, struct text *out) NONNULL(1, 2, 3, 4);

/* For a comment on a pull request. */
void compare_markdown(const struct run *before, const struct run *now,
		      const struct comparison *comparison, struct text *out) NONNULL(1, 2, 3, 4);

#endif
