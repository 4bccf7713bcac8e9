/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that a token may go to. What is sent is tried in tests/integration/54_submit.sh. */
#include "host/submit/http.h"

#include <string.h>

#include "base/clock.h"
#include "base/test.h"

static const struct row {
	const char *given, *spelt, *says;
	enum http_tls tls;
} rows[] = {
	{"https://db.kernelci.org", "https://db.kernelci.org/", NULL, HTTP_TLS_ALONE},
	{"HTTPS://db.kernelci.org/x", "https://db.kernelci.org/x", NULL, HTTP_TLS_ALONE},
	{"http://localhost:80/", "http://localhost:80/", NULL, HTTP_TLS_ALONE},
	{"http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a", NULL, HTTP_TLS_ALONE},
	{"http://[::1]/", "http://[::1]/", NULL, HTTP_TLS_ALONE},
	{"http://example.org/", NULL, "in the clear", HTTP_TLS_ALONE},
	{"http://example.org/", "http://example.org/", NULL, HTTP_TLS_OR_PLAIN},
	{"http://127.0.0.1.example.org/", NULL, "in the clear", HTTP_TLS_ALONE},
	{"http://localhost.example.org/", NULL, "in the clear", HTTP_TLS_ALONE},
	{"http://localhost@example.org/", NULL, "a user or a password", HTTP_TLS_ALONE},
	{"https://token@example.org/", NULL, "a user or a password", HTTP_TLS_OR_PLAIN},
	{"https://example.org/?a=b", NULL, "a query", HTTP_TLS_ALONE},
	{"https://example.org/#a", NULL, "a fragment", HTTP_TLS_ALONE},
	{"ftp://example.org/", NULL, "neither with https", HTTP_TLS_OR_PLAIN},
	{"example.org", NULL, "is no address", HTTP_TLS_ALONE},
	{"https://exa mple.org/", NULL, "is no address", HTTP_TLS_ALONE},
	{"https://example.org/\r\nX: y", NULL, "is no address", HTTP_TLS_ALONE},
	{"", NULL, "is no address", HTTP_TLS_ALONE},
};

TEST(http, addresses)
{
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		char url[HTTP_URL_SIZE] = "";
		struct err e = {0};
		int r = http_address(row->given, row->tls, url, &e);
		if (row->spelt) {
			EXPECT_TEXT(e.text, "");
			EXPECT_TEXT(url, row->spelt);
		} else {
			EXPECT(r < 0 && e.blame == BLAME_USER);
			EXPECT(strstr(e.text, row->says) != NULL);
			EXPECT(strstr(e.text, "token@") == NULL);
		}
	}
}

TEST(http, nobody_there_is_no_error)
{
	CLEAN_DONE(http_answer) struct http_answer answer = HTTP_ANSWER_INIT;
	const struct http_request request = {.url = "http://127.0.0.1:1/submit",
					     .token = "t",
					     .body = "{}",
					     .length = 2,
					     .timeout_ns = 5 * NS_PER_S};
	struct err e = {0};

	EXPECT_NUMBER(http_post(&request, &answer, &e), 0);
	EXPECT_NUMBER(answer.end, HTTP_UNREACHED);
	EXPECT(answer.trouble[0] != '\0');
}
