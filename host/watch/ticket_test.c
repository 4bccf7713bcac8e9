/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets come back as they were written, and damaged ones not at all. */
#include "host/watch/ticket.h"

#include <string.h>

#include "base/test.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct ticket sample = {
	.state = TICKET_PLACING,
	.sha256 = SHA,
	.name = "debian \"12\".qcow2",
	.recipe = SHA,
	.file = {.device = 1, .inode = UINT64_MAX, .size = 3, .mtime_ns = 4, .ctime_ns = 5},
	.run = 2,
	.tries = 1,
	.place = PLACE_UNDECIDED,
	.reason = "because",
	.as = "debian-2.qcow2",
	.came_ns = 7,
	.placed_ns = 8,
};

TEST(ticket, comes_back)
{
	struct ticket back;
	struct err e = {0};

	EXPECT_NUMBER(ticket_save(test_folder(), &sample, &e), 0);
	EXPECT_NUMBER(ticket_load(test_folder(), SHA, &back, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(back.state == TICKET_PLACING && back.place == PLACE_UNDECIDED);
	EXPECT_TEXT(back.name, sample.name);
	EXPECT_TEXT(back.as, sample.as);
	EXPECT_TEXT(back.reason, sample.reason);
	EXPECT(arrival_file_is_same(&back.file, &sample.file) && back.file.ctime_ns == 5);
	EXPECT(back.run == 2 && back.tries == 1 && back.came_ns == 7 && back.placed_ns == 8);
}

TEST(ticket, is_found_by_its_digest_alone)
{
	struct ticket back;
	struct err e = {0};

	EXPECT_NUMBER(ticket_load(test_folder(), SHA, &back, &e), -ENOENT);
}

static const struct slip {
	const char *from, *to;
} slips[] = {
	{"\"placing\"", "\"dancing\""},
	{"\"undecided\"", "7"},
	{"\"schema\":1", "\"schema\":2"},
	{"debian-2.qcow2", "../../etc/passwd"},
	{"debian-2.qcow2", ".."},
	{SHA, "0123"},
	{"\"run\":2", "\"run\":-2"},
	{"\"size\":\"3\"", "\"size\":3"},
	{"\"size\":\"3\"", "\"size\":\"3x\""},
	{"{", "["},
};

TEST(ticket, damage_is_seen)
{
	CLEAN_TEXT struct text whole = TEXT_INIT(TICKET_MAX);
	struct ticket back;

	ticket_encode(&sample, &whole);
	for (const struct slip *row = slips; row < slips + ARRAY_LEN(slips); row++) {
		CLEAN_TEXT struct text text = TEXT_INIT(TICKET_MAX);
		const char *at = strstr(whole.buf, row->from);
		struct err e = {0};
		EXPECT(at != NULL);
		(void)text_add(&text, whole.buf, (size_t)(at - whole.buf));
		(void)text_adds(&text, row->to);
		(void)text_adds(&text, at + strlen(row->from));
		EXPECT(ticket_decode(text.buf, text.length, &back, &e) < 0);
		EXPECT(e.text[0] != '\0');
	}
	for (size_t length = 0; length + 2 < whole.length; length += 7) {
		struct err e = {0};
		EXPECT(ticket_decode(whole.buf, length, &back, &e) < 0);
	}
}
