/* SPDX-License-Identifier: Apache-2.0 */
/* Errors by value. */
#include "base/err.h"

#include <string.h>

#include "base/test.h"

TEST(err, set_returns_minus_code_and_prints_it)
{
	struct err e = {0};

	EXPECT_NUMBER(err_set(&e, BLAME_HOST, ENOENT, "open %s: %m", "/x"), -ENOENT);
	EXPECT_TEXT(e.text, "open /x: No such file or directory");
	EXPECT_NUMBER(e.code, ENOENT);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}

TEST(err, no_code_becomes_eio)
{
	struct err e = {0};

	EXPECT_NUMBER(err_set(&e, BLAME_BUG, 0, "x"), -EIO);
	EXPECT_NUMBER(err_set(&e, BLAME_BUG, -ENOENT, "x"), -EIO);
}

TEST(err, wrap_puts_context_in_front)
{
	struct err e = {0};

	(void)err_set(&e, BLAME_GUEST, EPIPE, "gone");
	EXPECT_NUMBER(err_wrap(&e, "vm %s", "web-3"), -EPIPE);
	EXPECT_TEXT(e.text, "vm web-3: gone");
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
}

TEST(err, wrap_keeps_the_cause_when_room_is_short)
{
	struct err e = {0};
	char longest[600];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	(void)err_set(&e, BLAME_HOST, EIO, "the cause");
	(void)err_wrap(&e, "%s", longest);
	EXPECT_TEXT(e.text, "the cause");
	(void)err_set(&e, BLAME_HOST, EIO, "%s", longest);
	EXPECT_NUMBER(strlen(e.text), sizeof e.text - 1);
	(void)err_wrap(&e, "context");
	EXPECT(strncmp(e.text, "context: xxx", 12) == 0);
	EXPECT(strlen(e.text) < sizeof e.text);
	/* Every length around the edge. */
	for (size_t length = 480; length <= 500; length++) {
		(void)err_set(&e, BLAME_HOST, EIO, "the cause");
		(void)err_wrap(&e, "%.*s", (int)length, longest);
		EXPECT(strlen(e.text) < sizeof e.text);
	}
}

TEST(err, clear_and_names)
{
	struct err e = {0};

	(void)err_set(&e, BLAME_USER, EINVAL, "x");
	err_clear(&e);
	EXPECT_NUMBER(e.code, 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_TEXT(blame_name(BLAME_NONE), "none");
	EXPECT_TEXT(blame_name(BLAME_BUG), "bug");
}
