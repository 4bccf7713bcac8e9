/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1 (FIPS 180-4) of bytes that are all there: OpenPGP names keys by it. */
#ifndef ASSAY_KIT_SHA1_H
#define ASSAY_KIT_SHA1_H

#include <stddef.h>

#include "base/scope.h"

#define SHA1_BYTES 20

void sha1(const void *bytes, size_t length, unsigned char ret[SHA1_BYTES]) NONNULL(3);

#endif
