/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What LTP's metadata/ltp.json says of its tests: how long each may take, and which faults it guards against.
 *
 *	CLEANUP(ltp_metadata) struct ltp_metadata *metadata = ltp_metadata_parse(json, length, "ltp.json", e);
 *	ltp_metadata_limit(metadata, "fcntl35_64", "fcntl35_64 -i 3", &limit);
 */
#ifndef ASSAY_HOST_BUNDLE_LTP_METADATA_H
#define ASSAY_HOST_BUNDLE_LTP_METADATA_H

#include "base/err.h"
#include "base/text.h"
#include "wire/bundle.h"

#define LTP_METADATA_MAX (16U << 20)

struct ltp_metadata;

/* -EBADMSG (blame user), with the place: it is no such file. */
int ltp_metadata_parse(const char *path, const char *json, size_t length, struct ltp_metadata **ret,
		       struct err *e) NONNULL(1, 2, 4, 5);
void ltp_metadata_free(struct ltp_metadata *metadata);
DEFINE_CLEANUP(ltp_metadata);

/* How long a test may take, by its own words, else as LTP has it for its kind. `metadata` may be NULL. */
void ltp_metadata_limit(const struct ltp_metadata *metadata, const char *tag, const char *command,
			struct bundle_limit *ret) NONNULL(2, 3, 4);
/* Adds the CVEs and commits that it guards, "CVE-2016-7117, linux-git 34b88a68f26a"; nothing when none are told. */
void ltp_metadata_fixes(const struct ltp_metadata *metadata, const char *tag, const char *command,
			struct text *out) NONNULL(2, 3, 4);

#endif
