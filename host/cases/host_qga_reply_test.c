/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as QEMU's guest agent gives them, and what a guest may say instead. */
#include "host/cases/host_qga_reply.h"

#include <errno.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

static struct qga_reply expect_read(const char *line)
{
	struct qga_reply reply = {0};
	struct err e = {0};

	EXPECT_NUMBER(qga_reply_read(line, strlen(line), &reply, &e), 0);
	EXPECT_TEXT(e.text, "");
	return reply;
}

static void expect_refused(const char *line, size_t length, int code)
{
	struct qga_reply reply = {.number = 77};
	struct err e = {0};

	EXPECT_NUMBER(qga_reply_read(line, length, &reply, &e), -code);
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	EXPECT_NUMBER(reply.number, 77);
}

TEST(qga_reply, numbers_and_words_are_read)
{
	struct qga_reply reply = expect_read("{\"return\": 3}");

	EXPECT_NUMBER(reply.kind, QGA_NUMBER);
	EXPECT_NUMBER(reply.number, 3);
	EXPECT_TEXT(reply.words, "3");
	reply = expect_read("{\"return\": -9007199254740993}\r");
	EXPECT(reply.number == -9007199254740993LL);
	reply = expect_read("{\"return\": \"thawed\"}");
	EXPECT_NUMBER(reply.kind, QGA_WORD);
	EXPECT_TEXT(reply.words, "thawed");
}

TEST(qga_reply, other_values_are_kept_as_json)
{
	struct qga_reply reply = expect_read("{\"return\": {\"version\": \"7.2\"}}");

	EXPECT_NUMBER(reply.kind, QGA_OTHER);
	EXPECT_TEXT(reply.words, "{\"version\":\"7.2\"}");
	EXPECT_NUMBER(expect_read("{\"return\": {}}").kind, QGA_OTHER);
	EXPECT_NUMBER(expect_read("{\"return\": 1.5}").kind, QGA_OTHER);
	EXPECT_NUMBER(expect_read("{\"return\": null}").kind, QGA_OTHER);
}

static bool has_member(const char *line, const char *name, char ret[8])
{
	return qga_reply_member(line, strlen(line), name, ret, 8);
}

TEST(qga_reply, members_are_found)
{
	static const char info[] = "{\"return\": {\"number\": 1, \"version\": \"7.2.17-1\"}}";
	char words[8] = "none";

	EXPECT(!has_member(info, "number", words));
	EXPECT(!has_member(info, "return", words));
	EXPECT(!has_member("{\"version\": \"7\"}", "version", words));
	EXPECT(!has_member("{\"return\": \"version\"}", "version", words));
	EXPECT(!has_member("", "version", words));
	EXPECT_TEXT(words, "none");
	EXPECT(has_member(info, "version", words));
	EXPECT_TEXT(words, "7.2.17-");
}

TEST(qga_reply, a_refusal_says_why)
{
	struct qga_reply reply = expect_read("{\"error\": {\"class\": \"CommandNotFound\", "
					     "\"desc\": \"Command x has been disabled\"}}");

	EXPECT_NUMBER(reply.kind, QGA_REFUSAL);
	EXPECT_TEXT(reply.words, "Command x has been disabled");
}

TEST(qga_reply, long_words_are_cut_off)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096);

	(void)text_addf(&line, "{\"return\": \"%0600d\"}", 0);
	EXPECT_NUMBER(strlen(expect_read(line.buf).words),
		      sizeof((struct qga_reply *)0)->words - 1);
}

TEST(qga_reply, what_is_no_answer_is_refused)
{
	static const char *const lines[] = {
		"",
		"{}",
		"[]",
		"3",
		"{\"return\": 3",
		"{\"return\": 3} x",
		"{\"return\": 3, \"return\": 4}",
		"{\"return\": 3, \"error\": {\"desc\": \"both\"}}",
		"{\"error\": \"no object\"}",
		"{\"error\": {\"class\": \"without words\"}}",
		"{\"event\": \"X\"}",
		"{\"return\": 99999999999999999999}",
		"{\"return\": \"\xc3\x28\"}",
		"\xff{\"return\": 3}",
	};

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		expect_refused(lines[i], strlen(lines[i]), EBADMSG);
	expect_refused("{\"return\": 3}\0", 14, EBADMSG);
}

TEST(qga_reply, there_is_a_longest_line)
{
	CLEAN_TEXT struct text line = TEXT_INIT(QGA_LINE_MAX + 1);
	struct qga_reply reply;
	struct err e = {0};

	EXPECT_NUMBER(text_addf(&line, "%-*s", QGA_LINE_MAX + 1, "{\"return\": 3}"), 0);
	expect_refused(line.buf, QGA_LINE_MAX + 1, EMSGSIZE);
	EXPECT_NUMBER(qga_reply_read(line.buf, QGA_LINE_MAX, &reply, &e), 0);
}

static bool is_sync(const char *line)
{
	return qga_reply_is_sync(line, strlen(line), 42);
}

TEST(qga_reply, the_sync_stands_after_the_last_delimiter)
{
	EXPECT(is_sync("\xff{\"return\": 42}"));
	EXPECT(is_sync("{\"return\": 1\xff\xff{\"return\": 42}\r"));
	EXPECT(!is_sync("{\"return\": 42}"));
	EXPECT(!is_sync("\xff{\"return\": 43}"));
	EXPECT(!is_sync("\xff{\"return\": 42}\xff"));
	EXPECT(!is_sync("\xff{\"return\": \"42\"}"));
	EXPECT(!is_sync("\xff{\"error\": {\"desc\": \"42\"}}"));
	EXPECT(!is_sync(""));
}
