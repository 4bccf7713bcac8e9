/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), by the processor's instructions where it has them.
 *
 *	unsigned char digest[SHA256_BYTES];
 *	sha256("abc", 3, digest);
 *
 * Of bytes that lie in several places:
 *
 *	struct sha256 sum;
 *	sha256_begin(&sum);
 *	sha256_add(&sum, "a", 1);
 *	sha256_add(&sum, "bc", 2);
 *	sha256_end(&sum, digest);
 */
#ifndef ASSAY_KIT_SHA256_H
#define ASSAY_KIT_SHA256_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

#define SHA256_BYTES 32
#define SHA256_BLOCK 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* of all that was added */
	unsigned char block[SHA256_BLOCK];
	bool by_instructions;
};

void sha256_begin(struct sha256 *sum) NONNULL(1);
void sha256_add(struct sha256 *sum, const void *bytes, size_t length) NONNULL(1);
void sha256_end(struct sha256 *sum, unsigned char ret[SHA256_BYTES]) NONNULL(1, 2);

void sha256(const void *bytes, size_t length, unsigned char ret[SHA256_BYTES]) NONNULL(3);

#endif
