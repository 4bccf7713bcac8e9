/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a service: a status in two bytes, and what it says. Nothing but its own form is a yes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/submit/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
	struct answer answer;

	if (size < 2 || size - 2 > HTTP_ANSWER_MAX)
		return 0;
	http.end = HTTP_ANSWERED;
	http.status = (unsigned)(data[0] << 8 | data[1]) % 1000;
	(void)text_add(&http.body, (const char *)data + 2, size - 2);
	answer_read(&http, &answer);
	if ((answer.kind == ANSWER_TAKEN) != (answer.id[0] != '\0') ||
	    (answer.kind == ANSWER_TAKEN && (http.status < 200 || http.status > 299)))
		abort();
	for (const char *at = answer.say; *at; at++)
		if ((unsigned char)*at < ' ')
			abort();
	return 0;
}
