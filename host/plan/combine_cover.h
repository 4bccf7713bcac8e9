/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations in which every so many items of different axes meet: axes and constraints as a covering array's model. */
#ifndef ASSAY_HOST_PLAN_COMBINE_COVER_H
#define ASSAY_HOST_PLAN_COMBINE_COVER_H

#include "host/plan/combine.h"

/* Adds the rows to `into`, those that must be there first. Errors as cover_find(). */
int combine_cover(const struct combine_request *request, struct combine *into, struct err *e)
	NONNULL(1, 2, 3);

#endif
