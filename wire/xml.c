/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of XML: https://www.w3.org/TR/xml/. */
#include "wire/xml.h"

#include <string.h>

#include "base/text.h"

static enum xml_piece bad(struct xml *xml, const char *why)
{
	xml->why = why;
	xml->at = xml->end;
	return XML_BAD;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool starts(const struct xml *xml, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(xml->end - xml->at) >= length && memcmp(xml->at, word, length) == 0;
}

/* Steps on, counting lines. */
static void step_to(struct xml *xml, const char *to)
{
	for (; xml->at < to; xml->at++)
		xml->next_line += *xml->at == '\n';
}

static void skip_blanks(struct xml *xml)
{
	while (xml->at < xml->end && is_blank(*xml->at))
		step_to(xml, xml->at + 1);
}

/* Behind the next `mark`; NULL when there is none. */
static const char *find_end(const struct xml *xml, const char *mark)
{
	const char *found = memmem(xml->at, (size_t)(xml->end - xml->at), mark, strlen(mark));

	return found ? found + strlen(mark) : NULL;
}

static struct xml_span take_name(struct xml *xml)
{
	struct xml_span name = {.at = xml->at};

	while (xml->at < xml->end && !is_blank(*xml->at) && !strchr("<>/=\"'&", *xml->at))
		xml->at++;
	name.length = (size_t)(xml->at - name.at);
	return name;
}

static bool is_same(struct xml_span a, struct xml_span b)
{
	return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* ---- elements ---- */

static const char *take_attribute(struct xml *xml)
{
	struct xml_span name = take_name(xml), value;

	skip_blanks(xml);
	if (name.length == 0 || xml->at == xml->end || *xml->at != '=')
		return "an element has something that is no attribute";
	xml->at++;
	skip_blanks(xml);
	if (xml->at == xml->end || (*xml->at != '"' && *xml->at != '\''))
		return "an attribute's value has no quotes";
	char quote = *xml->at++;
	const char *end = memchr(xml->at, quote, (size_t)(xml->end - xml->at));
	if (!end)
		return "an attribute's value does not end";
	value = (struct xml_span){.at = xml->at, .length = (size_t)(end - xml->at)};
	if (memchr(value.at, '<', value.length))
		return "an attribute's value holds a '<' that is not written as &lt;";
	step_to(xml, end + 1);
	for (size_t i = 0; i < xml->attribute_count; i++)
		if (is_same(xml->attributes[i].name, name))
			return "an element has an attribute twice";
	if (xml->attribute_count == XML_ATTRIBUTES_MAX)
		return "an element has more than 32 attributes";
	xml->attributes[xml->attribute_count].name = name;
	xml->attributes[xml->attribute_count++].value = value;
	return NULL;
}

static enum xml_piece take_open(struct xml *xml)
{
	xml->at++;
	xml->name = take_name(xml);
	xml->attribute_count = 0;
	if (xml->name.length == 0)
		return bad(xml, "a '<' that is not written as &lt;");
	if (xml->depth == 0 && xml->has_root)
		return bad(xml, "a second element at the top");
	if (xml->depth == XML_DEPTH_MAX)
		return bad(xml, "elements are nested more than 32 deep");
	for (;;) {
		skip_blanks(xml);
		if (xml->at == xml->end)
			return bad(xml, "the document ends inside of an element's beginning");
		if (*xml->at == '>' || starts(xml, "/>"))
			break;
		const char *why = take_attribute(xml);
		if (why)
			return bad(xml, why);
	}
	xml->is_empty = *xml->at == '/';
	xml->at += xml->is_empty ? 2 : 1;
	xml->has_root = true;
	xml->open[xml->depth++] = xml->name;
	return XML_OPEN;
}

static enum xml_piece take_close(struct xml *xml)
{
	xml->at += strlen("</");
	xml->name = take_name(xml);
	skip_blanks(xml);
	if (xml->at == xml->end || *xml->at != '>')
		return bad(xml, "the end of an element is not whole");
	xml->at++;
	if (xml->depth == 0 || !is_same(xml->open[xml->depth - 1], xml->name))
		return bad(xml, "an element ends that is not the last one that began");
	xml->depth--;
	return XML_CLOSE;
}

/* ---- text ---- */

static enum xml_piece take_text(struct xml *xml)
{
	const char *end = memchr(xml->at, '<', (size_t)(xml->end - xml->at));

	xml->is_raw = false;
	xml->text = (struct xml_span){.at = xml->at,
				      .length = (size_t)((end ? end : xml->end) - xml->at)};
	step_to(xml, end ? end : xml->end);
	return XML_TEXT;
}

static enum xml_piece take_raw(struct xml *xml)
{
	const char *end = find_end(xml, "]]>");

	if (!end)
		return bad(xml, "a CDATA section does not end");
	if (xml->depth == 0)
		return bad(xml, "there is text outside of the document's element");
	const char *from = xml->at + strlen("<![CDATA[");
	xml->is_raw = true;
	xml->text = (struct xml_span){.at = from, .length = (size_t)(end - 3 - from)};
	step_to(xml, end);
	return XML_TEXT;
}

/* Steps over comments and instructions: false when one does not end. */
static bool skip_others(struct xml *xml)
{
	for (;;) {
		const char *mark = starts(xml, "<!--") ? "-->" : starts(xml, "<?") ? "?>" : NULL;
		const char *end = mark ? find_end(xml, mark) : NULL;
		if (!mark)
			return true;
		if (!end)
			return false;
		step_to(xml, end);
		if (xml->depth == 0)
			skip_blanks(xml);
	}
}

static enum xml_piece take_end(struct xml *xml)
{
	if (xml->depth > 0)
		return bad(xml, "the document ends inside of an element: it is cut");
	return xml->has_root ? XML_END : bad(xml, "there is no element: this is no XML");
}

enum xml_piece xml_next(struct xml *xml)
{
	if (xml->why)
		return XML_BAD;
	if (xml->is_empty) {
		xml->is_empty = false;
		xml->depth--;
		return XML_CLOSE;
	}
	if (xml->depth == 0) {
		if (starts(xml, "\xef\xbb\xbf") && !xml->has_root)
			xml->at += 3;
		skip_blanks(xml);
	}
	if (!skip_others(xml))
		return bad(xml, "a comment or an instruction does not end");
	xml->line = xml->next_line;
	if (xml->at == xml->end)
		return take_end(xml);
	if (starts(xml, "<![CDATA["))
		return take_raw(xml);
	if (starts(xml, "<!"))
		return bad(xml, "a document type is not read");
	if (starts(xml, "</"))
		return take_close(xml);
	if (*xml->at == '<')
		return take_open(xml);
	return xml->depth > 0 ? take_text(xml)
			      : bad(xml, "there is text outside of the document's element");
}

/* ---- values ---- */

bool xml_is(const struct xml *xml, const char *name)
{
	return xml->name.length == strlen(name) &&
	       memcmp(xml->name.at, name, xml->name.length) == 0;
}

/* "&#10;", "&#x1b;": the character as UTF-8; 0: it is none. */
static size_t add_number(const char *at, const char *end, char *into)
{
	bool is_hex = at < end && *at == 'x';
	unsigned code = 0;

	for (at += is_hex; at < end; at++) {
		const char *digits = "0123456789abcdef", *digit;
		digit = *at ? strchr(digits, *at >= 'A' && *at <= 'F' ? *at + 32 : *at) : NULL;
		if (!digit || (!is_hex && digit - digits > 9) || code > 0x10ffff)
			return 0;
		code = code * (is_hex ? 16 : 10) + (unsigned)(digit - digits);
	}
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	if (code < 0x80) {
		into[0] = code < 0x20 || code == 0x7f ? ' ' : (char)code;
		return 1;
	}
	size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--, code >>= 6)
		into[i] = (char)(0x80 | (code & 0x3f));
	into[0] = (char)((length == 2 ? 0xc0U : length == 3 ? 0xe0U : 0xf0U) | code);
	return length;
}

/* What an entity stands for, in `into`; *ret_used are the bytes that it takes. What is none stays as it is. */
static size_t add_entity(const char *at, const char *end, char *into, size_t *ret_used)
{
	static const struct {
		const char *word;
		char byte;
	} words[] = {
		{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t length = strlen(words[i].word);
		if ((size_t)(end - at) >= length && memcmp(at, words[i].word, length) == 0) {
			*ret_used = length;
			into[0] = words[i].byte;
			return 1;
		}
	}
	const char *semicolon = memchr(at, ';', (size_t)(end - at < 12 ? end - at : 12));
	if (semicolon && semicolon > at + 2 && at[1] == '#') {
		size_t length = add_number(at + 2, semicolon, into);
		*ret_used = length > 0 ? (size_t)(semicolon - at) + 1 : 1;
		if (length > 0)
			return length;
	}
	*ret_used = 1;
	into[0] = *at;
	return 1;
}

void xml_decode(struct xml_span text, bool is_raw, char *buf, size_t size)
{
	const char *at = text.at, *end = at + text.length;
	size_t used = 0;

	while (at < end) {
		char bytes[4] = {*at};
		size_t step = 1, length = 1;
		if (*at == '&' && !is_raw)
			length = add_entity(at, end, bytes, &step);
		else if ((unsigned char)*at < 0x20 || *at == 0x7f)
			bytes[0] = ' ';
		if (used + length >= size)
			break;
		memcpy(buf + used, bytes, length);
		used += length;
		at += step;
	}
	buf[used] = '\0';
}

bool xml_attribute(const struct xml *xml, const char *name, char *buf, size_t size)
{
	for (size_t i = 0; i < xml->attribute_count; i++) {
		struct xml_span it = xml->attributes[i].name;
		if (it.length != strlen(name) || memcmp(it.at, name, it.length) != 0)
			continue;
		xml_decode(xml->attributes[i].value, false, buf, size);
		return true;
	}
	buf[0] = '\0';
	return false;
}
