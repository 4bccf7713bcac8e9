/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: whatever stands around them, their bytes are nowhere in what is written. */
#include "base/secret.h"

#include <string.h>

#include "base/json.h"
#include "base/test.h"

static void expect_hidden(const char *text, const char *want)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096);

	(void)text_adds(&line, text);
	secret_hide(&line);
	EXPECT_TEXT(line.buf, want);
}

TEST(secret, is_masked_wherever_it_stands)
{
	EXPECT(secret_add("hunter2hunter"));
	EXPECT(secret_add("pass\"word"));
	expect_hidden("token=hunter2hunter.", "token=***.");
	expect_hidden("hunter2hunterhunter2hunter", "******");
	expect_hidden("hunter2hunte", "hunter2hunte");
	expect_hidden("{\"key\":\"pass\\\"word\"} pass\"word", "{\"key\":\"***\"} ***");
	expect_hidden("", "");
	secret_forget();
	expect_hidden("token=hunter2hunter", "token=hunter2hunter");
}

/* Whoever reads the JSON finds its keys and numbers. */
TEST(secret, json_stays_json)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"{\"sabotaged\":\"a sabotaged one\"}", "{\"sabotaged\":\"a *** one\"}"},
		{"{\"n\" : 123456789, \"s\" : \"123456789\"}",
		 "{\"n\" : 123456789, \"s\" : \"***\"}"},
		{"[\"x\\\"sabotaged\",\"sabotaged\"]", "[\"x\\\"***\",\"***\"]"},
		{"{\"a\":1}\n{\"sabotaged\" :\"sabotaged\"}\n",
		 "{\"a\":1}\n{\"sabotaged\" :\"***\"}\n"},
		{"{\"torn\":\"sabotaged and", "{\"torn\":\"*** and"},
		{"{\"plain\":true}", "{\"plain\":true}"},
	};

	EXPECT(secret_add("sabotaged"));
	EXPECT(secret_add("123456789"));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_TEXT struct text line = TEXT_INIT(4096);
		(void)text_adds(&line, rows[i].text);
		secret_hide_json(&line);
		EXPECT_TEXT(line.buf, rows[i].want);
	}
	EXPECT(secret_is_in("-123456789-", 11) && !secret_is_in("12345678", 8));
	secret_forget();
}

TEST(secret, those_that_overlap_leave_nothing)
{
	EXPECT(secret_add("abcdefgh"));
	EXPECT(secret_add("efghijkl"));
	EXPECT(secret_add("cdefghijklmn"));
	expect_hidden("-abcdefghijkl-", "-***-");
	expect_hidden("-abcdefghijklmnabcdefgh-", "-******-");
	expect_hidden("abcdefghabcdefgh!", "******!");
	secret_forget();
}

TEST(secret, what_cannot_be_hidden_is_refused)
{
	EXPECT(!secret_add("short"));
	EXPECT(!secret_add("has***mask"));
	for (int i = 0; i < SECRETS_MAX; i++) {
		CLEAN_FREE char *value = xasprintf("secret\"%d", i);
		EXPECT(secret_add(value));
	}
	EXPECT(!secret_add("one too many"));
	secret_forget();
}

/* Texts of few letters, so that secrets are in them, touch and overlap. */
TEST(secret, no_text_keeps_one)
{
	unsigned long long state = 42;

	for (int round = 0; round < 2000; round++) {
		CLEAN_TEXT struct text line = TEXT_INIT(4096);
		char secrets[3][SECRET_MIN + 4] = {""};
		for (int i = 0; i < 3; i++) {
			for (size_t k = 0; k < SECRET_MIN + (size_t)i; k++) {
				state = state * 6364136223846793005ULL + 1442695040888963407ULL;
				secrets[i][k] = (char)('a' + (state >> 60) % 2);
			}
			EXPECT(secret_add(secrets[i]));
		}
		for (int k = 0; k < 60; k++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			(void)text_addf(&line, "%c", (char)('a' + (state >> 60) % 2));
		}
		secret_hide(&line);
		for (int i = 0; i < 3; i++)
			EXPECT(!strstr(line.buf, secrets[i]));
		CLEAN_FREE char *once = xstrdup(line.buf);
		secret_hide(&line);
		EXPECT_TEXT(line.buf, once);
		secret_forget();
	}
}
