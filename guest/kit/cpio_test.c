// SPDX-License-Identifier: Apache-2.0
// cpio archives in pieces, one behind another, and damaged.
#include "guest/kit/cpio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

static void add_entry(struct text *out, const char *name, const char *content)
{
	(void)text_addf(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1,
			0100644, 0, 0, 1, 0, strlen(content), 0, 0, 0, 0, strlen(name) + 1, 0);
	(void)text_add(out, name, strlen(name) + 1);
	while (out->length % 4)
		(void)text_add(out, "", 1);
	(void)text_adds(out, content);
	while (out->length % 4)
		(void)text_add(out, "", 1);
}

static void collect(void *arg, const struct cpio_entry *entry)
{
	(void)text_addf(arg, "%s=%s;", entry->name, entry->content);
}

TEST(cpio, gives_the_same_in_pieces_of_any_size)
{
	CLEAN_TEXT struct text archive = TEXT_INIT(65536);
	static struct cpio cpio;

	add_entry(&archive, "init", "#!/bin/sh\n");
	add_entry(&archive, "empty", "");
	add_entry(&archive, "TRAILER!!!", "");
	(void)text_add(&archive, "\0\0\0\0\0\0\0\0", 8);
	add_entry(&archive, "second", "xy");
	add_entry(&archive, "TRAILER!!!", "");
	for (size_t piece = 1; piece <= archive.length; piece = piece * 2 + 1) {
		CLEAN_TEXT struct text seen = TEXT_INIT(4096);
		cpio_init(&cpio, collect, &seen);
		for (size_t at = 0; at < archive.length; at += piece) {
			size_t length = archive.length - at < piece ? archive.length - at : piece;
			EXPECT_NUMBER(cpio_feed(&cpio, archive.buf + at, length),
				      (long long)length);
		}
		EXPECT_TEXT(seen.buf, "init=#!/bin/sh\n;empty=;second=xy;");
		EXPECT(cpio_is_complete(&cpio));
	}
}

TEST(cpio, stops_at_what_is_no_archive)
{
	CLEAN_TEXT struct text archive = TEXT_INIT(65536);
	CLEAN_TEXT struct text seen = TEXT_INIT(4096);
	static struct cpio cpio;

	add_entry(&archive, "a", "1");
	add_entry(&archive, "TRAILER!!!", "");
	size_t plain = archive.length;
	(void)text_adds(&archive, "(\xb5/\xfd and so on");
	cpio_init(&cpio, collect, &seen);
	EXPECT_NUMBER(cpio_feed(&cpio, archive.buf, archive.length), (long long)plain);
	EXPECT(cpio_is_complete(&cpio));
	cpio_init(&cpio, collect, &seen);
	EXPECT_NUMBER(cpio_feed(&cpio, "\x1f\x8b", 2), 0);
	EXPECT(!cpio_is_complete(&cpio));
}

TEST(cpio, refuses_damage)
{
	CLEAN_TEXT struct text archive = TEXT_INIT(65536);
	CLEAN_TEXT struct text seen = TEXT_INIT(4096);
	static struct cpio cpio;

	add_entry(&archive, "a", "1");
	add_entry(&archive, "b", "2");
	archive.buf[archive.length / 2 + 3] = 'x'; /* in the second entry's magic */
	cpio_init(&cpio, collect, &seen);
	EXPECT_NUMBER(cpio_feed(&cpio, archive.buf, archive.length), -EBADMSG);
	EXPECT_TEXT(seen.buf, "a=1;");
	/* A name of no length. */
	cpio_init(&cpio, collect, &seen);
	(void)snprintf(archive.buf + 94, 9, "%08x", 0);
	archive.buf[102] = '0';
	EXPECT_NUMBER(cpio_feed(&cpio, archive.buf, archive.length), -EBADMSG);
	EXPECT(!cpio_is_complete(&cpio));
}
