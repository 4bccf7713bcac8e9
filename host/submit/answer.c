/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a service judged. */
#include "host/submit/answer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

/* Letters as they are; what steers a terminal, and secrets that come back, are not kept. */
static void say(struct answer *answer, const char *words)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(4 * ANSWER_SAY_SIZE);

	for (const char *at = words; *at && plain.length < 2 * ANSWER_SAY_SIZE; at++)
		(void)text_add(&plain, (unsigned char)*at < ' ' || *at == '\x7f' ? " " : at, 1);
	secret_hide(&plain);
	/* Not in the middle of a character. */
	size_t length = plain.length < sizeof answer->say ? plain.length : sizeof answer->say - 1;
	while (length < plain.length && length > 0 &&
	       ((unsigned char)plain.buf[length] & 0xc0) == 0x80)
		length--;
	memcpy(answer->say, plain.buf, length);
	answer->say[length] = '\0';
}

static bool is_id(const char *id)
{
	size_t length = id ? strlen(id) : 0;

	if (length == 0 || length >= ANSWER_ID_SIZE || secret_is_in(id, length))
		return false;
	for (const char *at = id; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return true;
}

/* NULL: it is no JSON object. */
static json_t *parse(const struct text *body)
{
	json_t *object = json_loadb(body->buf, body->length, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

/* Status 2xx. */
static void read_consent(const struct http_answer *http, const json_t *object, struct answer *ret)
{
	const char *status = json_string_value(json_object_get(object, "status"));
	const char *id = json_string_value(json_object_get(object, "id"));
	const char *message = json_string_value(json_object_get(object, "message"));
	CLEAN_TEXT struct text words = TEXT_INIT(ANSWER_SAY_SIZE);

	if (status && strcmp(status, "ok") == 0 && is_id(id)) {
		ret->kind = ANSWER_TAKEN;
		memcpy(ret->id, id, strlen(id) + 1);
		say(ret, message ? message : "");
		return;
	}
	ret->kind = ANSWER_LATER;
	ret->is_unknown = true;
	(void)text_addf(&words, "status %u, but the answer is not the service's (%s%.60s)",
			http->status,
			object ? "JSON without its status ok and id" : "no JSON object: ",
			object		? ""
			: http->type[0] ? http->type
					: "of no type");
	say(ret, words.buf);
}

static enum answer_kind kind_of(unsigned status)
{
	switch (status) {
	case 401: /* the token */
	case 403:
	case 407: /* a proxy's */
	case 404: /* the address */
	case 405:
	case 410:
		return ANSWER_DENIED;
	case 408: /* it took too long; come later; too many at once */
	case 425:
	case 429:
		return ANSWER_LATER;
	default:
		break;
	}
	if (status >= 300 && status < 400)
		return ANSWER_DENIED;
	return status >= 400 && status < 500 ? ANSWER_REFUSED : ANSWER_LATER;
}

static void read_refusal(const struct http_answer *http, const json_t *object, struct answer *ret)
{
	const char *message = json_string_value(json_object_get(object, "message"));
	CLEAN_TEXT struct text words = TEXT_INIT(2 * ANSWER_SAY_SIZE);

	ret->kind = kind_of(http->status);
	(void)text_addf(&words, "status %u", http->status);
	if (http->status >= 300 && http->status < 400)
		(void)text_addf(
			&words,
			", a redirect%s%s, which is not followed: the token is not for others",
			http->location[0] ? " to " : "", http->location);
	else if (message)
		(void)text_addf(&words, ": %s", message);
	say(ret, words.buf);
}

static void read_status(const struct http_answer *http, struct answer *ret)
{
	json_t *object = parse(&http->body);

	if (http->status >= 200 && http->status < 300)
		read_consent(http, object, ret);
	else
		read_refusal(http, object, ret);
	json_decref(object);
}

void answer_read(const struct http_answer *http, struct answer *ret)
{
	*ret = (struct answer){.kind = ANSWER_LATER};
	switch (http->end) {
	case HTTP_ANSWERED:
		read_status(http, ret);
		break;
	case HTTP_UNREACHED:
		say(ret, http->trouble);
		break;
	case HTTP_UNTRUSTED:
		ret->kind = ANSWER_DENIED;
		say(ret, http->trouble);
		break;
	case HTTP_UNANSWERED:
		ret->is_unknown = true;
		say(ret, http->trouble);
		break;
	}
}
