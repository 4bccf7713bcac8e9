// SPDX-License-Identifier: Apache-2.0
// Lines, words, fields and fstab.
#include "guest/kit/line.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "guest/kit/fstab.h"

TEST(line, cuts_what_does_not_fit)
{
	const char *at = "abcdef\r\n\nlast";
	char buf[4];
	bool cut;

	EXPECT(line_next(&at, buf, sizeof buf, &cut));
	EXPECT_TEXT(buf, "abc");
	EXPECT(cut);
	EXPECT(line_next(&at, buf, sizeof buf, &cut));
	EXPECT_TEXT(buf, "");
	EXPECT(!cut);
	EXPECT(line_next(&at, buf, sizeof buf, NULL));
	EXPECT_TEXT(buf, "las");
	EXPECT(!line_next(&at, buf, sizeof buf, NULL));
}

TEST(line, splits_words_and_takes_quotes_off)
{
	static struct words words;

	words_split("  menuentry 'Debian \"12\"' --id=\"a b\"c \\$x \"\" {", &words);
	EXPECT_NUMBER(words.count, 6);
	EXPECT_TEXT(words.at[0], "menuentry");
	EXPECT_TEXT(words.at[1], "Debian \"12\"");
	EXPECT_TEXT(words.at[2], "--id=a bc");
	EXPECT_TEXT(words.at[3], "$x");
	EXPECT_TEXT(words.at[4], "");
	EXPECT_TEXT(words.at[5], "{");
	words_split("", &words);
	EXPECT_NUMBER(words.count, 0);
	words_split("'no end", &words);
	EXPECT_TEXT(words.at[0], "no end");
}

TEST(line, keeps_at_most_its_words)
{
	static struct words words;
	char many[2 * WORDS_MAX * 2 + 1];

	for (size_t i = 0; i + 1 < sizeof many; i += 2) {
		many[i] = 'x';
		many[i + 1] = ' ';
	}
	many[sizeof many - 1] = '\0';
	words_split(many, &words);
	EXPECT_NUMBER(words.count, WORDS_MAX);
	/* A line longer than the buffer, of words of one letter: each needs two bytes. */
	static char long_line[2 * LINE_SIZE];
	memset(long_line, 'y', sizeof long_line - 1);
	words_split(long_line, &words);
	EXPECT_NUMBER(words.count, 1);
	EXPECT_NUMBER(strlen(words.at[0]), LINE_SIZE - 1);
}

TEST(line, fields_count_all_and_keep_the_first)
{
	const char *at = "# comment\n\nroot:x:0:0:root:/root:/bin/sh\n:::::::::::::\nshort";
	static struct fields fields;

	EXPECT(fields_next(&at, &fields));
	EXPECT_NUMBER(fields.count, 7);
	EXPECT_TEXT(fields.at[5], "/root");
	EXPECT_NUMBER(fields_number(&fields, 2), 0);
	EXPECT_NUMBER(fields_number(&fields, 0), -1);
	EXPECT_NUMBER(fields_number(&fields, 7), -1);
	EXPECT(fields_next(&at, &fields));
	EXPECT_NUMBER(fields.count, 14);
	EXPECT_NUMBER(fields_number(&fields, 13), -1);
	EXPECT(fields_next(&at, &fields));
	EXPECT_NUMBER(fields.count, 1);
	EXPECT(!fields_next(&at, &fields));
}

TEST(line, numbers_are_32_bits_wide)
{
	const char *at = "a:4294967295:4294967296:-1:1x:";
	static struct fields fields;

	EXPECT(fields_next(&at, &fields));
	EXPECT_NUMBER(fields_number(&fields, 1), 4294967295LL);
	EXPECT_NUMBER(fields_number(&fields, 2), -1);
	EXPECT_NUMBER(fields_number(&fields, 3), -1);
	EXPECT_NUMBER(fields_number(&fields, 4), -1);
	EXPECT_NUMBER(fields_number(&fields, 5), -1);
}

TEST(line, a_word_is_found_whole_only)
{
	EXPECT(list_has("defaults,nofail", "nofail", ","));
	EXPECT(!list_has("defaults,nofailx", "nofail", ","));
	EXPECT(!list_has("xnofail", "nofail", ","));
	EXPECT(list_has("a b", "b", " ,"));
	EXPECT(!list_has("", "b", " ,"));
}

TEST(fstab, decodes_and_survives_short_lines)
{
	const char *at = "# nothing\nUUID=1-2 /with\\040space ext4 rw,nofail 0 1\n\n/dev/sda\n\\0";
	static struct fstab_line line;

	EXPECT(fstab_next(&at, &line));
	EXPECT_TEXT(line.where, "/with space");
	EXPECT(fstab_has_option(&line, "nofail"));
	EXPECT(!fstab_has_option(&line, "no"));
	EXPECT_TEXT(fstab_tag_value(line.what, "UUID"), "1-2");
	EXPECT(fstab_tag_value(line.what, "LABEL") == NULL);
	EXPECT(fstab_next(&at, &line));
	EXPECT_TEXT(line.what, "/dev/sda");
	EXPECT_TEXT(line.options, "");
	EXPECT(fstab_next(&at, &line));
	EXPECT_TEXT(line.what, "\\0");
	EXPECT(!fstab_next(&at, &line));
}

TEST(fstab, gives_options_that_have_values)
{
	char value[6];

	EXPECT(fstab_option_value("defaults,xsubvol=a,subvolid=5,subvol=@home", "subvol", value,
				  sizeof value));
	EXPECT_TEXT(value, "@home");
	EXPECT(fstab_option_value("subvol=,ro", "subvol", value, sizeof value));
	EXPECT_TEXT(value, "");
	EXPECT(!fstab_option_value("ro,subvol", "subvol", value, sizeof value));
	EXPECT(!fstab_option_value("subvol=@home2", "subvol", value, sizeof value)); /* too long */
	EXPECT(!fstab_option_value("", "subvol", value, sizeof value));
}

TEST(fstab, knows_lines_that_mount_nothing)
{
	static const char text[] = "/dev/a / ext4\n/dev/b none swap sw\n/dev/c swap swap\n"
				   "/dev/d /d\n\1\2 \3 \4\n";
	static const char *const problems[] = {NULL, NULL, NULL, "has no type", "names no folder"};
	static struct fstab_line line;
	const char *at = text;

	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		EXPECT(fstab_next(&at, &line));
		EXPECT_TEXT(fstab_line_problem(&line), problems[i]);
	}
}
