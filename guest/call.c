/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the verb of a call, and answering. */
#include "guest/call.h"

#include <stdio.h>
#include <string.h>

#include "guest/bundle_folder.h"
#include "guest/program_folder.h"

#define TIMEOUT_DEFAULT_S 300 /* programs are slow without acceleration */

static const struct call_verb *find_in(const struct call_verb *verbs, const char *name)
{
	for (; verbs->name; verbs++) {
		if (strcmp(verbs->name, name) == 0)
			return verbs;
	}
	return NULL;
}

static const struct call_verb *find_verb(const char *name)
{
	const struct call_verb *const tables[] = {
		call_device_verbs,  call_file_verbs,   call_system_verbs, call_power_verbs,
		call_program_verbs, call_volume_verbs, call_bundle_verbs};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		const struct call_verb *verb = find_in(tables[i], name);
		if (verb)
			return verb;
	}
	return NULL;
}

/* The fields of a call, as terminated copies in `memory`, which is as long as the frame with room for the terminators. */
static int read_call(const struct frame *frame, struct call *call, char *memory, struct err *e)
{
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		bool is_argument = field.key == FIELD_TEXT || field.key == FIELD_BYTES;
		if (field.key == FIELD_TIMEOUT)
			call->timeout_s = (unsigned)field_value(&field);
		if (field.key != FIELD_NAME && !is_argument)
			continue;
		if (is_argument && call->argument_count == CALL_ARGUMENTS_MAX)
			return err_set(e, BLAME_HOST, E2BIG, "more than %d arguments",
				       CALL_ARGUMENTS_MAX);
		memcpy(memory, field.bytes, field.length);
		memory[field.length] = '\0';
		if (is_argument) {
			call->lengths[call->argument_count] = field.length;
			call->arguments[call->argument_count++] = memory;
		} else {
			call->verb = memory;
		}
		memory += field.length + 1;
	}
	return r;
}

static int run_call(struct call *call)
{
	const struct call_verb *verb = find_verb(call->verb);

	if (!verb) {
		(void)text_addf(call->reply, "the agent knows no verb \"%s\"", call->verb);
		return ENOSYS;
	}
	if ((int)call->argument_count < verb->least || (int)call->argument_count > verb->most) {
		(void)text_addf(call->reply, "usage: %s %s", verb->name, verb->arguments);
		return EINVAL;
	}
	return verb->run(call);
}

void call_answer(const struct frame *frame, struct text *out, call_after_fn **ret_after)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(CALL_REPLY_MAX);
	struct call call = {.verb = "", .timeout_s = TIMEOUT_DEFAULT_S, .reply = &reply};
	/* A field takes five bytes more in the frame than its content: enough for all the terminators. */
	CLEAN_FREE char *memory = xnew(frame->length + 1);
	struct err e = {0};
	int code = -read_call(frame, &call, memory, &e);

	if (code == 0)
		code = run_call(&call);
	else
		(void)text_adds(&reply, e.text);
	if (reply.overflowed)
		code = EMSGSIZE;
	frame_open(out, FRAME_REPLY);
	field_number(out, FIELD_CODE, (uint64_t)code);
	field_bytes(out, FIELD_TEXT, reply.buf, reply.length);
	frame_close(out);
	*ret_after = call_take_after();
}
