/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the QEMU guest agent's answers. */
#include "host/cases/host_qga_reply.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define DELIMITER 0xff

static json_t *load(const char *line, size_t length)
{
	json_error_t why;

	return json_loadb(line, length, JSON_REJECT_DUPLICATES, &why);
}

static void take_words(struct qga_reply *reply, const char *words)
{
	(void)snprintf(reply->words, sizeof reply->words, "%s", words);
}

static void take_value(struct qga_reply *reply, const json_t *value)
{
	CLEAN_FREE char *json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	take_words(reply, json ? json : "");
	if (json_is_integer(value)) {
		reply->kind = QGA_NUMBER;
		reply->number = json_integer_value(value);
	} else if (json_is_string(value)) {
		reply->kind = QGA_WORD;
		take_words(reply, json_string_value(value));
	}
}

/* There is exactly one of "return" and "error". */
static bool take_answer(struct qga_reply *reply, const json_t *answer)
{
	const json_t *value = json_object_get(answer, "return");
	const json_t *error = json_object_get(answer, "error");
	const char *why = json_string_value(json_object_get(error, "desc"));

	*reply = (struct qga_reply){.kind = error ? QGA_REFUSAL : QGA_OTHER};
	if (value && !error)
		take_value(reply, value);
	else if (why && !value)
		take_words(reply, why);
	else
		return false;
	return true;
}

int qga_reply_read(const char *line, size_t length, struct qga_reply *ret, struct err *e)
{
	struct qga_reply reply;

	if (length > QGA_LINE_MAX)
		return err_set(e, BLAME_GUEST, EMSGSIZE,
			       "the QEMU guest agent's answer is longer than %d bytes",
			       QGA_LINE_MAX);
	json_t *answer = load(line, length);
	bool is_read = take_answer(&reply, answer);
	json_decref(answer);
	if (!is_read)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "what the QEMU guest agent says is no answer: %.*s",
			       length < 200 ? (int)length : 200, line);
	*ret = reply;
	return 0;
}

bool qga_reply_member(const char *line, size_t length, const char *name, char *buf, size_t size)
{
	json_t *answer = length <= QGA_LINE_MAX ? load(line, length) : NULL;
	const char *words =
		json_string_value(json_object_get(json_object_get(answer, "return"), name));

	if (words)
		(void)snprintf(buf, size, "%s", words);
	json_decref(answer);
	return words != NULL;
}

bool qga_reply_is_sync(const char *line, size_t length, long long number)
{
	const char *delimiter = memrchr(line, DELIMITER, length);
	struct qga_reply reply;
	struct err e = {0};

	if (!delimiter)
		return false;
	length -= (size_t)(delimiter + 1 - line);
	return qga_reply_read(delimiter + 1, length, &reply, &e) == 0 && reply.kind == QGA_NUMBER &&
	       reply.number == number;
}
