/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from each answer. */
#include "host/submit/answer.h"

#include <string.h>

#include "base/secret.h"
#include "base/test.h"

static const struct row {
	unsigned status;
	const char *body;
	enum answer_kind kind;
	bool is_unknown;
	const char *says;
} rows[] = {
	{200, "{\"id\":\"a1\",\"status\":\"ok\",\"message\":\"Received\"}", ANSWER_TAKEN, false,
	 "Received"},
	{202, "{\"id\":\"a1\",\"status\":\"ok\"}", ANSWER_TAKEN, false, ""},
	{200, "{\"id\":\"a1\",\"status\":\"error\"}", ANSWER_LATER, true, "not the service's"},
	{200, "{\"id\":\"\",\"status\":\"ok\"}", ANSWER_LATER, true, "not the service's"},
	{200, "{\"id\":\"a b\",\"status\":\"ok\"}", ANSWER_LATER, true, "not the service's"},
	{200, "{\"id\":7,\"status\":\"ok\"}", ANSWER_LATER, true, "not the service's"},
	{200, "{\"id\":\"a\",\"id\":\"b\",\"status\":\"ok\"}", ANSWER_LATER, true,
	 "no JSON object"},
	{200, "{\"id\":\"a1\",\"status\":\"ok\"", ANSWER_LATER, true, "no JSON object"},
	{200, "[]", ANSWER_LATER, true, "no JSON object"},
	{200, "", ANSWER_LATER, true, "text/html"},
	{301, "", ANSWER_DENIED, false, "redirect to http://away/"},
	{400, "{\"message\":\"line 3\"}", ANSWER_REFUSED, false, "status 400: line 3"},
	{401, "{\"message\":\"no\"}", ANSWER_DENIED, false, "status 401: no"},
	{403, "no", ANSWER_DENIED, false, "status 403"},
	{404, "", ANSWER_DENIED, false, "status 404"},
	{408, "", ANSWER_LATER, false, "status 408"},
	{413, "", ANSWER_REFUSED, false, "status 413"},
	{422, "", ANSWER_REFUSED, false, "status 422"},
	{425, "", ANSWER_LATER, false, "status 425"},
	{429, "", ANSWER_LATER, false, "status 429"},
	{500, "{\"message\":\"a\\u001b[1mb\\nc\"}", ANSWER_LATER, false, "status 500: a [1mb c"},
	{503, "", ANSWER_LATER, false, "status 503"},
	{0, "", ANSWER_LATER, false, "status 0"},
};

TEST(answer, follows_from_status_and_words)
{
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
		struct answer answer;
		http.end = HTTP_ANSWERED;
		http.status = row->status;
		memcpy(http.type, "text/html", sizeof "text/html");
		memcpy(http.location, "http://away/", sizeof "http://away/");
		(void)text_adds(&http.body, row->body);
		answer_read(&http, &answer);
		EXPECT_NUMBER(answer.kind, row->kind);
		EXPECT(answer.is_unknown == row->is_unknown);
		EXPECT(strstr(answer.say, row->says) != NULL);
		EXPECT_TEXT(answer.id, row->kind == ANSWER_TAKEN ? "a1" : "");
	}
}

TEST(answer, without_one)
{
	static const struct {
		enum http_end end;
		enum answer_kind kind;
		bool is_unknown;
	} ends[] = {
		{HTTP_UNREACHED, ANSWER_LATER, false},
		{HTTP_UNTRUSTED, ANSWER_DENIED, false},
		{HTTP_UNANSWERED, ANSWER_LATER, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
		struct answer answer;
		http.end = ends[i].end;
		memcpy(http.trouble, "gone", sizeof "gone");
		answer_read(&http, &answer);
		EXPECT_NUMBER(answer.kind, ends[i].kind);
		EXPECT(answer.is_unknown == ends[i].is_unknown);
		EXPECT_TEXT(answer.say, "gone");
	}
}

TEST(answer, secrets_that_come_back_are_hidden)
{
	CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
	struct answer answer;

	EXPECT(secret_add("hunter2hunter2"));
	http.end = HTTP_ANSWERED;
	http.status = 401;
	(void)text_adds(&http.body, "{\"message\":\"not hunter2hunter2\"}");
	answer_read(&http, &answer);
	EXPECT_TEXT(answer.say, "status 401: not ***");
	text_clear(&http.body);
	http.status = 200;
	(void)text_adds(&http.body, "{\"id\":\"hunter2hunter2\",\"status\":\"ok\"}");
	answer_read(&http, &answer);
	EXPECT_NUMBER(answer.kind, ANSWER_LATER);
	secret_forget();
}

TEST(answer, long_words_are_cut_between_characters)
{
	CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
	struct answer answer;

	http.end = HTTP_ANSWERED;
	http.status = 400;
	(void)text_adds(&http.body, "{\"message\":\"");
	for (int i = 0; i < 400; i++)
		(void)text_adds(&http.body, "\xc3\xa9");
	(void)text_adds(&http.body, "\"}");
	answer_read(&http, &answer);
	size_t length = strlen(answer.say);
	EXPECT(length > ANSWER_SAY_SIZE - 4 && length < ANSWER_SAY_SIZE);
	EXPECT((unsigned char)answer.say[length - 1] == 0xa9);
}
