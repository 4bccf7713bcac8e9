/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign strings made harmless. */
#include "host/report/escape.h"

#include <stdint.h>
#include <string.h>

#define NOT_UTF8 UINT32_MAX

/* Decodes one character; *ret_length is the bytes that it takes (1 for what is not UTF-8). */
static uint32_t decode(const unsigned char *bytes, size_t left, size_t *ret_length)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = bytes[0] < 0x80		    ? 1
			: (bytes[0] & 0xe0) == 0xc0 ? 2
			: (bytes[0] & 0xf0) == 0xe0 ? 3
			: (bytes[0] & 0xf8) == 0xf0 ? 4
						    : 0;
	*ret_length = 1;
	if (length == 0 || length > left)
		return NOT_UTF8;
	uint32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return NOT_UTF8;
		code = code << 6 | (bytes[i] & 0x3fU);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return NOT_UTF8;
	*ret_length = length;
	return code;
}

/* Control characters of both sets, and the marks that turn the direction of writing around. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||
	       (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0x2028 || code == 0x2029;
}

void escape_terminal(struct text *out, const char *string, bool lines)
{
	size_t left = strlen(string), length;

	for (; left > 0; string += length, left -= length) {
		uint32_t code = decode((const unsigned char *)string, left, &length);
		if (lines && (code == '\n' || code == '\t'))
			text_add(out, string, 1);
		else if (code == NOT_UTF8 || is_control(code))
			text_adds(out, code == '\n' || code == '\t' ? " " : "?");
		else
			text_add(out, string, length);
	}
}

static const char *xml_entity(uint32_t code)
{
	switch (code) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void escape_xml(struct text *out, const char *string, size_t left)
{
	size_t length;

	for (; left > 0; string += length, left -= length) {
		uint32_t code = decode((const unsigned char *)string, left, &length);
		const char *entity = code == NOT_UTF8 ? NULL : xml_entity(code);
		bool is_odd = code == NOT_UTF8 || code == 0xfffe || code == 0xffff ||
			      (is_control(code) && code != '\n' && code != '\t');
		if (entity)
			text_adds(out, entity);
		else if (is_odd)
			text_adds(out, "\xef\xbf\xbd");
		else
			text_add(out, string, length);
	}
}

void escape_xmls(struct text *out, const char *string)
{
	escape_xml(out, string, strlen(string));
}

void escape_markdown(struct text *out, const char *string)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(65536);

	escape_terminal(&plain, string, false);
	for (const char *at = plain.buf; *at; at++) {
		if (*at == '<')
			text_adds(out, "&lt;");
		else if (strchr("|\\`*_[]", *at))
			text_addf(out, "\\%c", *at);
		else
			text_add(out, at, 1);
	}
}
