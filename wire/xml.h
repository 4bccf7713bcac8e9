/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML 1.0, read piece by piece: elements, attributes and text, as reports have them. A document type is refused, and with it every
 * entity but the five of XML itself. No I/O here, and nothing is kept but places in the bytes.
 *
 *	struct xml xml = XML_INIT(bytes, length);
 *	for (enum xml_piece piece; (piece = xml_next(&xml)) != XML_END;)
 *		if (piece == XML_BAD)
 *			(xml.why says what is wrong in line xml.line)
 */
#ifndef ASSAY_WIRE_XML_H
#define ASSAY_WIRE_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_ATTRIBUTES_MAX 32
#define XML_DEPTH_MAX	   32

enum xml_piece {
	XML_OPEN,  /* name, attributes; with is_empty an XML_CLOSE follows all the same */
	XML_CLOSE, /* name */
	XML_TEXT,  /* text, is_raw: as it is (CDATA) */
	XML_END,
	XML_BAD, /* why; and so from then on */
};

struct xml_span {
	const char *at; /* borrowed; not terminated */
	size_t length;
};

struct xml {
	const char *at, *end;
	unsigned line; /* of the piece */
	unsigned next_line;
	struct xml_span name, text;
	struct {
		struct xml_span name, value;
	} attributes[XML_ATTRIBUTES_MAX];
	size_t attribute_count;
	bool is_empty, is_raw, has_root;
	struct xml_span open[XML_DEPTH_MAX];
	size_t depth; /* elements that are open */
	const char *why;
};

#define XML_INIT(bytes, size)                                                                      \
	{                                                                                          \
		.at = (bytes), .end = (bytes) + (size), .line = 1, .next_line = 1                  \
	}

enum xml_piece xml_next(struct xml *xml);

bool xml_is(const struct xml *xml, const char *name); /* the element's name */

/* The attribute's value as people read it, cut to the size; false (and "") when there is none. */
bool xml_attribute(const struct xml *xml, const char *name, char *buf, size_t size);

/* Text with entities replaced, blanks for control characters, cut to the size. */
void xml_decode(struct xml_span text, bool is_raw, char *buf, size_t size);

#endif
