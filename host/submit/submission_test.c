/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions come back as they were written, damaged ones not at all; receipts are kept once. */
#include "host/submit/submission.h"

#include <string.h>

#include "base/test.h"
#include "host/store/folder.h"

static void make(struct submission *it)
{
	struct err e = {0};

	EXPECT_NUMBER(submission_init(it, "https://example.org/submit", "assay", "20260101-a",
				      test_folder(), &e),
		      0);
	(void)sha256_text("{}", 2, it->sha256);
	it->size = 2;
	it->queued_ns = 7 * NS_PER_S;
}

static void end_as(struct submission *it, enum answer_kind kind, bool is_unknown)
{
	struct answer answer = {.kind = kind, .is_unknown = is_unknown, .id = "x1", .say = "so"};

	submission_begin(it, 8 * NS_PER_S);
	submission_end(it, &answer, 200, 9 * NS_PER_S);
}

TEST(submission, comes_back)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(SUBMISSION_MAX), again = TEXT_INIT(SUBMISSION_MAX);
	struct submission it, back;
	struct err e = {0};

	make(&it);
	end_as(&it, ANSWER_LATER, true);
	submission_begin(&it, 10 * NS_PER_S);
	submission_encode(&it, &bytes);
	EXPECT_NUMBER(submission_decode(bytes.buf, bytes.length, &back, &e), 0);
	EXPECT_TEXT(e.text, "");
	submission_encode(&back, &again);
	EXPECT_TEXT(again.buf, bytes.buf);
	EXPECT(back.is_under_way && back.tries == 2 && back.unanswered == 1);
}

TEST(submission, is_known_by_service_origin_and_run)
{
	struct submission it, other;
	struct err e = {0};

	make(&it);
	EXPECT_NUMBER(submission_init(&other, it.url, it.origin, it.run, "/elsewhere", &e), 0);
	EXPECT_TEXT(other.key, it.key);
	EXPECT_NUMBER(submission_init(&other, it.url, "lab", it.run, it.folder, &e), 0);
	EXPECT(strcmp(other.key, it.key) != 0);
	EXPECT_NUMBER(submission_init(&other, it.url, it.origin, "20260101-b", it.folder, &e), 0);
	EXPECT(strcmp(other.key, it.key) != 0);
	EXPECT_NUMBER(submission_init(&other, "https://other/", it.origin, it.run, it.folder, &e),
		      0);
	EXPECT(strcmp(other.key, it.key) != 0);
}

TEST(submission, ends_by_an_answer_that_ends_it)
{
	struct submission it;

	make(&it);
	end_as(&it, ANSWER_LATER, false);
	EXPECT(it.state == SUBMISSION_WAITING && it.ended_ns == 0 && it.unanswered == 0);
	end_as(&it, ANSWER_DENIED, false);
	EXPECT(it.state == SUBMISSION_WAITING && it.ended_ns == 0);
	end_as(&it, ANSWER_TAKEN, false);
	EXPECT(it.state == SUBMISSION_TAKEN && it.ended_ns == 9 * NS_PER_S && it.tries == 3);
	make(&it);
	end_as(&it, ANSWER_REFUSED, false);
	EXPECT(it.state == SUBMISSION_REFUSED);
}

TEST(submission, a_try_that_was_killed_is_counted_once)
{
	struct submission it;

	make(&it);
	EXPECT(!submission_mourn(&it));
	submission_begin(&it, 8 * NS_PER_S);
	EXPECT(submission_mourn(&it));
	EXPECT(!submission_mourn(&it));
	EXPECT(it.unanswered == 1 && it.tries == 1);
}

static const struct slip {
	const char *from, *to;
} slips[] = {
	{"\"waiting\"", "\"flying\""},
	{"\"schema\":1", "\"schema\":2"},
	{"\"run\":\"20260101-a\"", "\"run\":\"20260101-b\""}, /* not what the key is of */
	{"\"size\":2", "\"size\":-2"},
	{"\"tries\":0", "\"tries\":9999999999"},
	{"\"tries\":0", "\"tries\":\"0\""},
	{"\"status\":0", "\"status\":1000"},
	{"\"under_way\":false", "\"under_way\":0"},
	{"\"id\":\"\",", ""},
	{"\"id\":\"\"", "\"id\":\"\",\"more\":1"},
	{"{", "["},
};

TEST(submission, damage_is_seen)
{
	CLEAN_TEXT struct text whole = TEXT_INIT(SUBMISSION_MAX);
	struct submission it, back;

	make(&it);
	submission_encode(&it, &whole);
	for (const struct slip *slip = slips; slip < slips + ARRAY_LEN(slips); slip++) {
		CLEAN_TEXT struct text text = TEXT_INIT(SUBMISSION_MAX);
		const char *at = strstr(whole.buf, slip->from);
		struct err e = {0};
		EXPECT(at != NULL);
		(void)text_add(&text, whole.buf, (size_t)(at - whole.buf));
		(void)text_adds(&text, slip->to);
		(void)text_adds(&text, at + strlen(slip->from));
		EXPECT(submission_decode(text.buf, text.length, &back, &e) < 0);
		EXPECT(e.text[0] != '\0');
	}
	for (size_t length = 0; length < whole.length - 1; length++) {
		struct err e = {0};
		EXPECT(submission_decode(whole.buf, length, &back, &e) < 0);
	}
}

static unsigned count_lines(const char *path)
{
	CLEAN_TEXT struct text text = TEXT_INIT(RECEIPTS_MAX);
	unsigned count = 0;

	EXPECT_NUMBER(text_read_file(&text, path), 0);
	for (const char *at = text.buf; (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

TEST(receipt, is_kept_once_and_found)
{
	CLEAN_FREE char *path = xasprintf("%s/" RECEIPTS_FILE, test_folder());
	struct submission it;
	struct receipt receipt;
	struct err e = {0};

	make(&it);
	EXPECT_NUMBER(receipt_find(it.folder, it.key, &receipt, &e), -ENOENT);
	EXPECT_TEXT(e.text, "");
	end_as(&it, ANSWER_REFUSED, false);
	EXPECT_NUMBER(receipt_keep(&it, &e), 0);
	EXPECT_NUMBER(receipt_find(it.folder, it.key, &receipt, &e), -ENOENT);
	EXPECT_NUMBER(file_append(path, "{\"torn", 6, &e), 0);
	make(&it);
	end_as(&it, ANSWER_TAKEN, false);
	EXPECT_NUMBER(receipt_keep(&it, &e), 0);
	EXPECT_NUMBER(receipt_keep(&it, &e), 0);
	EXPECT_NUMBER(count_lines(path), 3);
	EXPECT_NUMBER(receipt_find(it.folder, it.key, &receipt, &e), 0);
	EXPECT_TEXT(receipt.sha256, it.sha256);
	EXPECT_TEXT(receipt.id, "x1");
	EXPECT_TEXT(receipt.ended, "1970-01-01T00:00:09.000Z");
}
