/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a result. */
#include "wire/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void result_init(struct result *result, const char *id)
{
	*result = (struct result){
		.outcome = OUTCOME_BROKEN, /* until somebody decides: nothing reported is broken */
		.evidence = TEXT_INIT(RESULT_EVIDENCE_MAX),
		.attempt = 1,
	};
	(void)snprintf(result->id, sizeof result->id, "%s", id);
}

void result_done(struct result *result)
{
	text_done(&result->evidence);
}

void result_set(struct result *result, enum outcome outcome, const char *format, ...)
{
	va_list args;

	result->outcome = outcome;
	va_start(args, format);
	(void)vsnprintf(result->message, sizeof result->message, format, args);
	va_end(args);
}
