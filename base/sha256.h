/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of bytes in memory, as text (files: host/image/digest.h).
 *
 *	char digest[SHA256_SIZE];
 *	puts(sha256_text(bytes, length, digest));
 */
#ifndef ASSAY_BASE_SHA256_H
#define ASSAY_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define SHA256_SIZE 65 /* 64 hex digits and the end */

/* Writes the digest in lower case and returns buf. */
const char *sha256_text(const void *bytes, size_t length, char buf[SHA256_SIZE]) NONNULL(3);

/* True for 64 hex digits in lower case. */
bool is_sha256(const char *text) NONNULL(1);

#endif
