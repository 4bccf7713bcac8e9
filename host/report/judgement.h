/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A judgement with its reasons and their evidence, as `assay judge` tells it: pure functions.
 *
 *	judgement_text(run, &judgement, &inputs, true, &page);
 */
#ifndef ASSAY_HOST_REPORT_JUDGEMENT_H
#define ASSAY_HOST_REPORT_JUDGEMENT_H

#include "base/text.h"
#include "host/judge/judge.h"

#define JUDGEMENT_SCHEMA 1

/* For the terminal. `inputs`: what it was judged by. */
void judgement_text(const struct run *run, const struct judgement *judgement,
		    const struct judge_inputs *inputs, bool colour, struct text *out)
	NONNULL(1, 2, 3, 5);

/* One JSON object on one line, without a line break (assay-report(5)). */
void judgement_json(const struct run *run, const struct judgement *judgement,
		    const struct judge_inputs *inputs, struct text *out) NONNULL(1, 2, 3, 4);

#endif
