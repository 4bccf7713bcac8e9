/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of kernel releases, as people write them: ">= 6.1, < 6.12". A bound says as much as it has numbers: 6.12 is the whole series,
 * 6.12.3 one release of it, 6.1.0-25 one of Debian's, 6.13-rc2 a candidate, which comes before 6.13.
 *
 *	CLEAN_TEXT struct text why = TEXT_INIT(200);
 *	if (!release_range_is_right(range, &why)) …
 *	if (release_range_has(">= 6.1, < 6.12", "6.1.0-25-amd64")) …
 */
#ifndef ASSAY_HOST_JUDGE_RELEASE_RANGE_H
#define ASSAY_HOST_JUDGE_RELEASE_RANGE_H

#include "base/text.h"

#define RELEASE_RANGE_MAX 200 /* bytes of one */

/* False adds what is wrong with it. */
bool release_range_is_right(const char *range, struct text *why) NONNULL(1, 2);
/* True when the release, as uname -r says it, holds all bounds. One that is not known ("") is in no range. */
bool release_range_has(const char *range, const char *release) NONNULL(1, 2);

#endif
