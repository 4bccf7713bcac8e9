/* SPDX-License-Identifier: Apache-2.0 */
/* Hiding secrets. The list is written before threads start and only read afterwards. */
#include "base/secret.h"

#include <string.h>

#include "base/json.h"

struct needle {
	char *bytes;
	size_t length;
};

/* Each as it is, and where that differs as it stands in JSON. */
static struct needle needles[2 * SECRETS_MAX];
static size_t needle_count;

static void add_needle(const char *bytes, size_t length)
{
	for (size_t i = 0; i < needle_count; i++)
		if (needles[i].length == length && memcmp(needles[i].bytes, bytes, length) == 0)
			return;
	needles[needle_count++] = (struct needle){xasprintf("%.*s", (int)length, bytes), length};
}

bool secret_add(const char *value)
{
	CLEAN_TEXT struct text json = TEXT_INIT(8 * strlen(value) + 16);

	if (strlen(value) < SECRET_MIN || strstr(value, SECRET_MASK) ||
	    needle_count + 2 > ARRAY_LEN(needles))
		return false;
	add_needle(value, strlen(value));
	json_text(&json, value);
	add_needle(json.buf + 1, json.length - 2); /* without its quotation marks */
	return true;
}

void secret_forget(void)
{
	while (needle_count > 0)
		free(needles[--needle_count].bytes);
}

/* The next byte from `at` on where a needle begins; the length of the text when there is none. */
static size_t next_begin(const struct text *text, size_t at)
{
	size_t next = text->length;

	for (size_t i = 0; i < needle_count; i++) {
		const char *found = memmem(text->buf + at, text->length - at, needles[i].bytes,
					   needles[i].length);
		if (found && (size_t)(found - text->buf) < next)
			next = (size_t)(found - text->buf);
	}
	return next;
}

/* Where the secrets that begin at `begin`, and those that overlap them, end. */
static size_t end_of(const struct text *text, size_t begin)
{
	size_t end = begin;

	for (size_t at = begin; at <= end && at < text->length; at++) {
		for (size_t i = 0; i < needle_count; i++)
			if (at + needles[i].length <= text->length &&
			    at + needles[i].length > end && (at < end || at == begin) &&
			    memcmp(text->buf + at, needles[i].bytes, needles[i].length) == 0)
				end = at + needles[i].length;
	}
	return end;
}

bool secret_is_in(const char *bytes, size_t length)
{
	for (size_t i = 0; i < needle_count; i++)
		if (memmem(bytes, length, needles[i].bytes, needles[i].length))
			return true;
	return false;
}

/* The length of the JSON string that begins at `at`, with its quotation marks; 0: it does not end. */
static size_t string_length(const struct text *text, size_t at)
{
	for (size_t i = at + 1; i < text->length; i++) {
		if (text->buf[i] == '\\')
			i++;
		else if (text->buf[i] == '"')
			return i + 1 - at;
	}
	return 0;
}

static bool is_key(const struct text *text, size_t behind)
{
	while (behind < text->length && strchr(" \t\r\n", text->buf[behind]))
		behind++;
	return behind < text->length && text->buf[behind] == ':';
}

static void add_hidden(struct text *out, const char *bytes, size_t length)
{
	CLEAN_TEXT struct text part = TEXT_INIT(length + 1);

	(void)text_add(&part, bytes, length);
	secret_hide(&part);
	(void)text_add(out, part.buf, part.length);
}

void secret_hide_json(struct text *text)
{
	if (!secret_is_in(text->buf, text->length))
		return;
	CLEAN_TEXT struct text out = TEXT_INIT(text->maximum);
	for (size_t at = 0, length; at < text->length; at += length) {
		length = text->buf[at] == '"' ? string_length(text, at) : 1;
		if (length == 0) { /* it is no JSON after all */
			add_hidden(&out, text->buf + at, text->length - at);
			break;
		}
		if (text->buf[at] == '"' && !is_key(text, at + length))
			add_hidden(&out, text->buf + at, length);
		else
			(void)text_add(&out, text->buf + at, length);
	}
	bool overflowed = text->overflowed || out.overflowed;
	text_clear(text);
	(void)text_add(text, out.buf, out.length);
	text->overflowed = overflowed;
}

void secret_hide(struct text *text)
{
	if (needle_count == 0)
		return;
	size_t begin = next_begin(text, 0);
	if (begin == text->length)
		return;
	CLEAN_TEXT struct text out = TEXT_INIT(text->maximum);
	size_t from = 0;
	for (; begin < text->length; begin = next_begin(text, from)) {
		(void)text_add(&out, text->buf + from, begin - from);
		(void)text_adds(&out, SECRET_MASK);
		from = end_of(text, begin);
	}
	(void)text_add(&out, text->buf + from, text->length - from);
	bool overflowed = text->overflowed;
	text_clear(text);
	(void)text_add(text, out.buf, out.length);
	text->overflowed = overflowed;
}
