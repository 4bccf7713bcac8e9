/* SPDX-License-Identifier: Apache-2.0 */
/* Keyrings, which lie in images. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kit/openpgp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct openpgp_key key;
	size_t length = 0, at = 0;
	unsigned char *ring = openpgp_ring(data, size, &length);

	if (!ring || length > size)
		abort();
	for (size_t before = 0; openpgp_next(ring, length, &at, &key) > 0; before = at)
		if (at <= before || at > length || strlen(key.fingerprint) % 40 % 64 != 0)
			abort();
	free(ring);
	return 0;
}
