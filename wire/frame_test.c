/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: what is written is read, and nothing else is. */
#include "wire/frame.h"

#include <string.h>

#include "base/test.h"

TEST(frame, round_trip)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct frame frame;
	struct field field;
	struct err e = {0};
	size_t at = 0;

	frame_open(&out, FRAME_RUN);
	field_text(&out, FIELD_ID, "time.x");
	field_number(&out, FIELD_TIMEOUT, 0x1122334455667788ULL);
	field_bytes(&out, FIELD_BYTES, "a\0b", 3);
	frame_close(&out);

	EXPECT_NUMBER(frame_parse(out.buf, out.length, &frame, &e), (long long)out.length);
	EXPECT_NUMBER(frame.type, FRAME_RUN);
	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), 1);
	EXPECT_NUMBER(field.key, FIELD_ID);
	EXPECT(field.length == 6 && memcmp(field.bytes, "time.x", 6) == 0);
	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), 1);
	EXPECT(field_value(&field) == 0x1122334455667788ULL);
	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), 1);
	EXPECT_NUMBER(field.length, 3);
	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), 0);
}

TEST(frame, bytes_on_the_wire_stay_as_they_are)
{
	/* Agents frozen in templates read this. */
	static const unsigned char want[] = {'A', 'S', 'Y', '1', 3, 0, 0, 0, 13, 0, 0, 0, 5,
					     8,	  0,   0,   0,	 2, 1, 0, 0, 0,	 0, 0, 0};
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	frame_open(&out, FRAME_RESUME);
	field_number(&out, FIELD_NUMBER, 258);
	frame_close(&out);
	EXPECT_NUMBER(out.length, sizeof want);
	EXPECT(memcmp(out.buf, want, sizeof want) == 0);
}

TEST(frame, several_in_one_text)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct frame frame;
	struct err e = {0};

	frame_open(&out, FRAME_HELLO);
	frame_close(&out);
	frame_open(&out, FRAME_BYE);
	field_text(&out, FIELD_TEXT, "x");
	frame_close(&out);
	EXPECT_NUMBER(frame_parse(out.buf, out.length, &frame, &e), FRAME_HEADER);
	EXPECT_NUMBER(frame.type, FRAME_HELLO);
	EXPECT_NUMBER(frame_parse(out.buf + FRAME_HEADER, out.length - FRAME_HEADER, &frame, &e),
		      FRAME_HEADER + 6);
	EXPECT_NUMBER(frame.type, FRAME_BYE);
}

TEST(frame, every_beginning_wants_more)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct frame frame;
	struct err e = {0};

	frame_open(&out, FRAME_CALL);
	field_text(&out, FIELD_NAME, "facts");
	frame_close(&out);
	for (size_t length = 0; length < out.length; length++)
		EXPECT_NUMBER(frame_parse(out.buf, length, &frame, &e), 0);
}

TEST(frame, refuses_what_is_none)
{
	unsigned char header[] = {'A', 'S', 'Y', '1', 1, 0, 0, 0, 0, 0, 0, 0};
	struct frame frame;
	struct err e = {0};

	EXPECT_NUMBER(frame_parse("X", 1, &frame, &e), -EBADMSG);
	EXPECT_NUMBER(frame_parse("ASY2", 4, &frame, &e), -EBADMSG);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	header[6] = 1;
	EXPECT_NUMBER(frame_parse(header, sizeof header, &frame, &e), -EBADMSG);
	header[6] = 0;
	header[10] = 0x41; /* 4 MiB and 64 KiB */
	EXPECT_NUMBER(frame_parse(header, sizeof header, &frame, &e), -EBADMSG);
	header[10] = 0x40;
	EXPECT_NUMBER(frame_parse(header, sizeof header, &frame, &e), 0);
}

TEST(frame, fields_stay_inside)
{
	static const unsigned char runs_over[] = {3, 2, 0, 0, 0, 'x'}, no_header[] = {3, 0, 0};
	struct frame frame = {.type = 1, .payload = runs_over, .length = sizeof runs_over};
	struct field field;
	struct err e = {0};
	size_t at = 0;

	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), -EBADMSG);
	EXPECT_NUMBER(frame_find(&frame, FIELD_BYTES, &field, &e), -EBADMSG);
	frame = (struct frame){.type = 1, .payload = no_header, .length = sizeof no_header};
	EXPECT_NUMBER(frame_next(&frame, &at, &field, &e), -EBADMSG);
}

TEST(frame, finds_a_field)
{
	static const unsigned char payload[] = {3, 1, 0, 0, 0, 'a', 99, 0,  0,
						0, 0, 3, 1, 0, 0,   0,	'b'};
	const struct frame frame = {.type = 1, .payload = payload, .length = sizeof payload};
	struct field field;
	struct err e = {0};

	EXPECT_NUMBER(frame_find(&frame, FIELD_TEXT, &field, &e), 1);
	EXPECT(field.bytes[0] == 'a');
	EXPECT_NUMBER(frame_find(&frame, FIELD_ID, &field, &e), 0);
}

TEST(frame, strings_are_cut_and_made_harmless)
{
	const struct field field = {.key = 3, .bytes = "a\x1b[2J\n\tz\0q", .length = 10};
	char text[16], tiny[3];

	field_string(&field, text, sizeof text);
	EXPECT_TEXT(text, "a?[2J\n\tz?q");
	field_string(&field, tiny, sizeof tiny);
	EXPECT_TEXT(tiny, "a?");
	EXPECT(field_value(&field) == 0);
}
