/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a stream that nobody trusts: parsing them never leaves the bytes, and always comes to an end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/frame.h"
#include "wire/need.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_fields(const struct frame *frame, const uint8_t *end)
{
	struct field field, first;
	struct err e = {0};
	char text[64];
	size_t at = 0;

	while (frame_next(frame, &at, &field, &e) > 0) {
		if ((const uint8_t *)field.bytes + field.length > end || at > frame->length)
			abort();
		field_string(&field, text, sizeof text);
		if (strlen(text) >= sizeof text)
			abort();
		(void)field_value(&field);
		if (frame_find(frame, (enum field_key)field.key, &first, &e) <= 0)
			abort(); /* what was stepped over can be found */
		const char *words = text;
		struct need need;
		while (need_next(&words, &need))
			(void)need_is_known(&need);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	struct err e = {0};
	long used;

	for (size_t at = 0; at < size; at += (size_t)used) {
		used = frame_parse(data + at, size - at, &frame, &e);
		if (used <= 0)
			break;
		if ((size_t)used > size - at || frame.length > FRAME_PAYLOAD_MAX)
			abort();
		read_fields(&frame, data + size);
	}
	return 0;
}
