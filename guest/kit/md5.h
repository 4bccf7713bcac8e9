/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5 (RFC 1321), in which dpkg records the content of packages' files: against accidents, not against attackers.
 *
 *	struct md5 md5;
 *	md5_begin(&md5);
 *	md5_add(&md5, bytes, length);
 *	md5_end(&md5, hex);
 */
#ifndef ASSAY_KIT_MD5_H
#define ASSAY_KIT_MD5_H

#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define MD5_HEX_SIZE 33

struct md5 {
	uint32_t state[4];
	uint64_t length;
	unsigned char block[64];
};

void md5_begin(struct md5 *md5) NONNULL(1);
void md5_add(struct md5 *md5, const void *bytes, size_t length) NONNULL(1);
/* The digest in hexadecimal digits. */
void md5_end(struct md5 *md5, char ret[MD5_HEX_SIZE]) NONNULL(1, 2);

#endif
