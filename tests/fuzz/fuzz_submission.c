/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions in the outbox: what is read comes back when it is written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/submit/submission.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_TEXT struct text text = TEXT_INIT(SUBMISSION_MAX * 8);
	struct submission it, again;
	struct err e = {0};

	if (size > SUBMISSION_MAX || submission_decode((const char *)data, size, &it, &e) < 0)
		return 0;
	submission_encode(&it, &text);
	if (submission_decode(text.buf, text.length, &again, &e) < 0 ||
	    strcmp(it.key, again.key) != 0 || strcmp(it.say, again.say) != 0)
		abort();
	return 0;
}
