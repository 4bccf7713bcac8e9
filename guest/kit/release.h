/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tree's os-release says, dates, and until when something is supported.
 *
 *	long long end = policy_end_of_life(t, "openssl", "3.0");
 *	if (end > 0 && end < date_today(t)) ...
 */
#ifndef ASSAY_KIT_RELEASE_H
#define ASSAY_KIT_RELEASE_H

#include "guest/kit/case.h"

/* The content of os-release; NULL when there is none. */
const char *release_text(struct trial *t) NONNULL(1);

/* "2026-06-30" as a number that can be compared: 20260630; -1 when it is no date. */
long long date_number(const char *text) NONNULL(1);
/* Today, or the day that the plan judges for. */
long long date_today(struct trial *t) NONNULL(1);

/* The last day of a branch by the policy's table eol: the text of the date; NULL when the table does not have that branch. Skips
 * the case when it has none of that product. "8" of the table fits 8 and 8.10, not 80. */
const char *policy_end_of_life(struct trial *t, const char *product, const char *version)
	NONNULL(1, 2, 3);
/* The same as a check. */
void policy_check_end_of_life(struct trial *t, const char *product, const char *version)
	NONNULL(1, 2, 3);

#endif
