/* SPDX-License-Identifier: Apache-2.0 */
/* Bisections as they are kept: what is read comes back when it is written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/bisect/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(bisect) struct bisect bisect = BISECT_INIT, again = BISECT_INIT;
	CLEAN_TEXT struct text one = TEXT_INIT(BISECT_JSON_MAX), other = TEXT_INIT(BISECT_JSON_MAX);
	struct err e = {0};

	if (bisect_decode((const char *)data, size, &bisect, &e) < 0)
		return 0;
	vec_each (&bisect.tries, it)
		if (strchr(it->run, '/') || it->passed > it->total)
			abort();
	bisect_encode(&bisect, &one);
	if (bisect_decode(one.buf, one.length, &again, &e) < 0)
		abort();
	bisect_encode(&again, &other);
	if (strcmp(one.buf, other.buf) != 0)
		abort();
	return 0;
}
