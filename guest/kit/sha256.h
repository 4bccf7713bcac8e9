/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of bytes that are all there.
 *
 *	unsigned char digest[SHA256_BYTES];
 *	sha256("abc", 3, digest);
 */
#ifndef ASSAY_KIT_SHA256_H
#define ASSAY_KIT_SHA256_H

#include <stddef.h>

#include "base/scope.h"

#define SHA256_BYTES 32

void sha256(const void *bytes, size_t length, unsigned char ret[SHA256_BYTES]) NONNULL(3);

#endif
