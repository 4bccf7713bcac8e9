/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-384 (FIPS 180-4) of bytes that are all there: TPMs have registers of it. */
#ifndef ASSAY_KIT_SHA384_H
#define ASSAY_KIT_SHA384_H

#include <stddef.h>

#include "base/scope.h"

#define SHA384_BYTES 48

void sha384(const void *bytes, size_t length, unsigned char ret[SHA384_BYTES]) NONNULL(3);

#endif
