/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking gzip (RFC 1952, RFC 1951): the agent is static and has no library for the one file that it needs this for. */
#ifndef ASSAY_KIT_GUNZIP_H
#define ASSAY_KIT_GUNZIP_H

#include "base/text.h"

/* Adds the unpacked content of one gzip member. -EBADMSG: it is not gzip, damaged or cut short; -EMSGSIZE: larger than the
 * text's maximum. The checksum is compared. */
int gunzip(const void *packed, size_t length, struct text *out) NONNULL(1, 3);

#endif
