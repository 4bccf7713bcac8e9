/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and parsing frames. */
#include "wire/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FIELD_HEADER 5 /* u8 key, u32 length */

static void put_u16(char *at, unsigned value)
{
	at[0] = (char)(value & 0xff);
	at[1] = (char)(value >> 8 & 0xff);
}

static void put_u32(char *at, uint32_t value)
{
	put_u16(at, value & 0xffff);
	put_u16(at + 2, value >> 16);
}

static uint32_t get_u16(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get_u32(const unsigned char *at)
{
	return get_u16(at) | get_u16(at + 2) << 16;
}

/* Where the frame under construction begins: its length is not yet known, so it is the one with length ~0. */
#define LENGTH_OPEN 0xffffffffU

void frame_open(struct text *out, enum frame_type type)
{
	char header[FRAME_HEADER];

	put_u32(header, FRAME_MAGIC);
	put_u16(header + 4, (unsigned)type);
	put_u16(header + 6, 0);
	put_u32(header + 8, LENGTH_OPEN);
	(void)text_add(out, header, sizeof header);
}

void field_bytes(struct text *out, enum field_key key, const void *bytes, size_t length)
{
	char header[FIELD_HEADER];

	header[0] = (char)key;
	put_u32(header + 1, (uint32_t)length);
	(void)text_add(out, header, sizeof header);
	(void)text_add(out, bytes, length);
}

void field_text(struct text *out, enum field_key key, const char *text)
{
	field_bytes(out, key, text, strlen(text));
}

void field_number(struct text *out, enum field_key key, uint64_t value)
{
	char bytes[8];

	put_u32(bytes, (uint32_t)(value & 0xffffffffU));
	put_u32(bytes + 4, (uint32_t)(value >> 32));
	field_bytes(out, key, bytes, sizeof bytes);
}

void field_sample(struct text *out, double sample)
{
	uint64_t bits;

	_Static_assert(sizeof bits == sizeof sample, "a double has 64 bits");
	memcpy(&bits, &sample, sizeof bits);
	field_number(out, FIELD_SAMPLE, bits);
}

/* Steps over the closed frames from the start; the open one is what is left. */
static size_t find_open(const struct text *out)
{
	const unsigned char *bytes = (const unsigned char *)out->buf;
	size_t at = 0;

	while (at + FRAME_HEADER <= out->length) {
		uint32_t length = get_u32(bytes + at + 8);
		if (length == LENGTH_OPEN)
			break;
		at += FRAME_HEADER + length;
	}
	return at;
}

void frame_close(struct text *out)
{
	size_t at = find_open(out);

	/* A text that overflowed has lost bytes: its owner must look at `overflowed` before it sends. */
	if (at + FRAME_HEADER <= out->length)
		put_u32(out->buf + at + 8, (uint32_t)(out->length - at - FRAME_HEADER));
}

long frame_parse(const void *bytes, size_t length, struct frame *ret, struct err *e)
{
	const unsigned char *at = bytes;
	char magic[4];

	put_u32(magic, FRAME_MAGIC);
	if (memcmp(at, magic, length < sizeof magic ? length : sizeof magic) != 0)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "what came is no frame: it does not begin with ASY1");
	if (length < FRAME_HEADER)
		return 0;
	uint32_t payload = get_u32(at + 8);
	if (get_u16(at + 6) != 0 || payload > FRAME_PAYLOAD_MAX)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "a frame of type %u claims %u bytes, more than %u", get_u16(at + 4),
			       payload, FRAME_PAYLOAD_MAX);
	if (length - FRAME_HEADER < payload)
		return 0;
	*ret = (struct frame){
		.type = get_u16(at + 4), .payload = at + FRAME_HEADER, .length = payload};
	return (long)(FRAME_HEADER + payload);
}

int frame_next(const struct frame *frame, size_t *at, struct field *ret, struct err *e)
{
	size_t left = frame->length - *at;

	if (left == 0)
		return 0;
	const unsigned char *field = frame->payload + *at;
	if (left < FIELD_HEADER || get_u32(field + 1) > left - FIELD_HEADER)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "a field of a frame of type %u runs over its end", frame->type);
	*ret = (struct field){
		.key = field[0],
		.bytes = (const char *)field + FIELD_HEADER,
		.length = get_u32(field + 1),
	};
	*at += FIELD_HEADER + ret->length;
	return 1;
}

int frame_find(const struct frame *frame, enum field_key key, struct field *ret, struct err *e)
{
	struct field field;
	int r;

	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == (unsigned)key) {
			*ret = field;
			return 1;
		}
	}
	return r;
}

void field_string(const struct field *field, char *buf, size_t size)
{
	size_t length = field->length < size ? field->length : size - 1;

	if (size == 0)
		return;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)field->bytes[i];
		bool harmless = (c >= ' ' && c != 0x7f) || c == '\n' || c == '\t';
		buf[i] = harmless ? (char)c : '?';
	}
	buf[length] = '\0';
}

uint64_t field_value(const struct field *field)
{
	const unsigned char *bytes = (const unsigned char *)field->bytes;

	if (field->length != 8)
		return 0;
	return (uint64_t)get_u32(bytes) | (uint64_t)get_u32(bytes + 4) << 32;
}

double field_double(const struct field *field)
{
	uint64_t bits = field_value(field);
	double number;

	memcpy(&number, &bits, sizeof number);
	return field->length == sizeof bits ? number : NAN;
}
