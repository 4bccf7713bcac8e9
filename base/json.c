/* SPDX-License-Identifier: Apache-2.0 */
/* Writing JSON. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A value follows another one unless something that opens stands before it. A string ends with a quote, so the last
 * byte cannot be misread. White space before means a new line of JSON Lines, or text of the caller's own. */
static void separate(struct text *out)
{
	if (out->length > 0 && !strchr("{[:, \n", out->buf[out->length - 1]))
		text_adds(out, ",");
}

void json_open(struct text *out, char bracket)
{
	separate(out);
	text_add(out, &bracket, 1);
}

void json_close(struct text *out, char bracket)
{
	text_add(out, &bracket, 1);
}

/* The length of the UTF-8 sequence at `bytes` (at most `left`), or 0 when it is not well-formed (RFC 3629). */
static size_t utf8_length(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0], low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if ((first & 0xf0) == 0xe0)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;
	if (left < length)
		return 0;
	if (first == 0xe0)
		low = 0xa0; /* overlong */
	else if (first == 0xed)
		high = 0x9f; /* surrogates */
	else if (first == 0xf0)
		low = 0x90; /* overlong */
	else if (first == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static void add_ascii(struct text *out, char c)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *found = c ? strchr(escaped, c) : NULL;

	if (found)
		text_addf(out, "\\%c", names[found - escaped]);
	else if ((unsigned char)c < ' ')
		text_addf(out, "\\u%04x", (unsigned)c);
	else
		text_add(out, &c, 1);
}

void json_bytes(struct text *out, const char *bytes, size_t length)
{
	separate(out);
	text_adds(out, "\"");
	for (size_t i = 0; i < length;) {
		size_t n = utf8_length((const unsigned char *)bytes + i, length - i);
		if (n == 1)
			add_ascii(out, bytes[i]);
		else if (n > 1)
			text_add(out, bytes + i, n);
		else
			text_adds(out, "\xef\xbf\xbd"); /* U+FFFD */
		i += n ? n : 1;
	}
	text_adds(out, "\"");
}

bool json_keeps(const char *string)
{
	for (size_t left = strlen(string), n; left > 0; string += n, left -= n) {
		n = utf8_length((const unsigned char *)string, left);
		if (n == 0)
			return false;
	}
	return true;
}

void json_text(struct text *out, const char *value)
{
	if (value) {
		json_bytes(out, value, strlen(value));
		return;
	}
	separate(out);
	text_adds(out, "null");
}

void json_key(struct text *out, const char *key)
{
	json_text(out, key);
	text_adds(out, ":");
}

void json_number(struct text *out, long long value)
{
	separate(out);
	text_addf(out, "%lld", value);
}

void json_double(struct text *out, double value)
{
	char digits[40];

	separate(out);
	if (!isfinite(value)) {
		text_adds(out, "null");
		return;
	}
	/* The shorter form if it reads back as the same number. */
	(void)snprintf(digits, sizeof digits, "%.15g", value);
	if (strtod(digits, NULL) != value)
		(void)snprintf(digits, sizeof digits, "%.17g", value);
	text_adds(out, digits);
}

void json_bool(struct text *out, bool value)
{
	separate(out);
	text_adds(out, value ? "true" : "false");
}

void json_member(struct text *out, const char *key, const char *value)
{
	json_key(out, key);
	json_text(out, value);
}

void json_member_number(struct text *out, const char *key, long long value)
{
	json_key(out, key);
	json_number(out, value);
}
