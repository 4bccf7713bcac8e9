/* SPDX-License-Identifier: Apache-2.0 */
/* gzip from nobody knows where: it is unpacked up to the maximum, or refused. */
#include <stdint.h>
#include <stdlib.h>

#include "guest/kit/gunzip.h"

#define UNPACKED_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text out = TEXT_INIT(UNPACKED_MAX);

	(void)gunzip(data, size, &out);
	if (out.length > UNPACKED_MAX)
		abort();
	return 0;
}
