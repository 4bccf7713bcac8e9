/* SPDX-License-Identifier: Apache-2.0 */
/* Growing strings. */
#include "base/text.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/test.h"

TEST(text, keeps_its_maximum)
{
	struct text t = TEXT_INIT(4);

	EXPECT_NUMBER(text_adds(&t, "1234"), 0);
	EXPECT(!t.overflowed);
	EXPECT_NUMBER(text_adds(&t, "5"), -EMSGSIZE);
	EXPECT_TEXT(t.buf, "1234");
	EXPECT(t.overflowed);
	text_clear(&t);
	EXPECT(!t.overflowed);
	EXPECT_NUMBER(text_addf(&t, "%s", "abcdef"), -EMSGSIZE);
	EXPECT_TEXT(t.buf, "abcd");
	text_done(&t);
	EXPECT_TEXT(t.buf, "");
	EXPECT_NUMBER(text_adds(&t, "x"), 0);
	text_done(&t);
}

TEST(text, grows_and_holds_nul_bytes)
{
	CLEAN_TEXT struct text t = TEXT_INIT(1 << 20);

	for (int i = 0; i < 1000; i++)
		text_addf(&t, "%d,", i);
	EXPECT_NUMBER(t.length, 3890);
	EXPECT_NUMBER(strlen(t.buf), 3890);
	text_clear(&t);
	text_add(&t, "a\0b", 3);
	EXPECT_NUMBER(t.length, 3);
	EXPECT(memcmp(t.buf, "a\0b", 4) == 0);
	text_cut(&t, 1);
	EXPECT_TEXT(t.buf, "a");
	text_cut(&t, 100);
	EXPECT_NUMBER(t.length, 1);
	text_add(&t, NULL, 0);
	EXPECT_TEXT(t.buf, "a");
}

TEST(text, steal_leaves_it_empty)
{
	struct text t = TEXT_INIT(100);
	CLEAN_FREE char *nothing = text_steal(&t);
	text_adds(&t, "abc");
	CLEAN_FREE char *taken = text_steal(&t);

	EXPECT_TEXT(nothing, "");
	EXPECT_TEXT(taken, "abc");
	EXPECT_TEXT(t.buf, "");
	EXPECT_NUMBER(t.maximum, 100);
}

TEST(text, reads_files_up_to_its_maximum)
{
	CLEAN_FREE char *path = xasprintf("%s/file", test_folder());
	CLEAN_TEXT struct text t = TEXT_INIT(5);

	FILE *file = fopen(path, "we");
	EXPECT(file && fputs("hello", file) >= 0 && fclose(file) == 0);
	EXPECT_NUMBER(text_read_file(&t, path), 0);
	EXPECT_TEXT(t.buf, "hello");
	CLEAN_TEXT struct text small = TEXT_INIT(4);
	EXPECT_NUMBER(text_read_file(&small, path), -EMSGSIZE);
	EXPECT_TEXT(small.buf, "hell");
	EXPECT_NUMBER(text_read_file(&t, "/does/not/exist"), -ENOENT);
	EXPECT_NUMBER(text_read_fd(&t, -1), -EBADF);
	fault_arm(FAULT_READ, 1, EIO);
	text_clear(&t);
	EXPECT_NUMBER(text_read_file(&t, path), -EIO);
	EXPECT_NUMBER(text_read_file(&t, path), 0);
}

TEST(text, prefixes_and_suffixes)
{
	EXPECT(has_prefix("abc", "ab"));
	EXPECT(has_prefix("abc", ""));
	EXPECT(!has_prefix("ab", "abc"));
	EXPECT(has_suffix("abc", "bc"));
	EXPECT(has_suffix("abc", ""));
	EXPECT(!has_suffix("c", "bc"));
}

static const struct number_case {
	const char *name, *text;
	long long min, max;
	int r;
	long long value;
} number_cases[] = {
	{"plain", "42", 0, 100, 0, 42},
	{"hexadecimal", "0x10", 0, 100, 0, 16},
	{"leading zeros are decimal", "010", 0, 100, 0, 10},
	{"zero", "0", 0, 100, 0, 0},
	{"negative", "-5", -10, 0, 0, -5},
	{"negative hexadecimal", "-0x5", -10, 0, 0, -5},
	{"below", "1", 2, 3, -ERANGE, 0},
	{"above", "4", 2, 3, -ERANGE, 0},
	{"beyond long long", "99999999999999999999", 0, 100, -ERANGE, 0},
	{"lowest", "-9223372036854775808", INT64_MIN, 0, 0, INT64_MIN},
	{"empty", "", 0, 100, -EINVAL, 0},
	{"space before", " 1", 0, 100, -EINVAL, 0},
	{"tab before", "\t1", 0, 100, -EINVAL, 0},
	{"space after", "1 ", 0, 100, -EINVAL, 0},
	{"unit after", "1k", 0, 100, -EINVAL, 0},
	{"word", "one", 0, 100, -EINVAL, 0},
	{"sign only", "-", -100, 100, -EINVAL, 0},
	{"prefix only", "0x", 0, 100, -EINVAL, 0},
};

TEST(text, parses_numbers)
{
	for (size_t i = 0; i < ARRAY_LEN(number_cases); i++) {
		const struct number_case *c = &number_cases[i];
		long long value = 0;
		int r = number_parse(c->text, c->min, c->max, &value);
		if (r != c->r || value != c->value)
			EXPECT_TEXT(c->name, "parsed as it should");
	}
	EXPECT(true);
}
