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
		.subs = VEC_INIT(RESULT_SUBS_MAX),
		.measures = MEASURES_INIT,
		.attempt = 1,
	};
	(void)snprintf(result->id, sizeof result->id, "%s", id);
}

void result_done(struct result *result)
{
	text_done(&result->evidence);
	vec_each (&result->subs, sub) {
		free(sub->name);
		free(sub->message);
	}
	vec_done(&result->subs);
	result->sub_bytes = 0;
	result->subs_cut = 0;
	vec_done(&result->measures);
}

void result_add_sub(struct result *result, const struct sub_result *sub)
{
	size_t bytes = strlen(sub->name) + strlen(sub->message);
	struct sub_result copy = *sub;

	if (result->subs.count == RESULT_SUBS_MAX ||
	    result->sub_bytes + bytes > RESULT_SUB_BYTES_MAX) {
		result->subs_cut++;
		return;
	}
	copy.name = xstrdup(sub->name);
	copy.message = xstrdup(sub->message);
	result->sub_bytes += bytes;
	(void)vec_add(&result->subs, copy);
}

void result_copy_subs(struct result *to, const struct result *from)
{
	to->subs = (struct sub_results)VEC_INIT(RESULT_SUBS_MAX);
	to->sub_bytes = 0;
	to->subs_cut = from->subs_cut;
	vec_each (&from->subs, sub)
		result_add_sub(to, sub);
}

void result_set(struct result *result, enum outcome outcome, const char *format, ...)
{
	va_list args;

	result->outcome = outcome;
	va_start(args, format);
	(void)vsnprintf(result->message, sizeof result->message, format, args);
	va_end(args);
}
