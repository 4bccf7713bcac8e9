/* SPDX-License-Identifier: Apache-2.0 */
/* Pass rates over the history, for people and as JSON. Pure; both take them sorted (flakes_sort). */
#ifndef ASSAY_HOST_REPORT_FLAKES_H
#define ASSAY_HOST_REPORT_FLAKES_H

#include "host/judge/flake.h"

void flakes_text(const struct flakes *flakes, struct text *out) NONNULL(1, 2);
void flakes_json(const struct flakes *flakes, struct text *out) NONNULL(1, 2);

#endif
