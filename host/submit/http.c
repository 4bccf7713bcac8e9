/* SPDX-License-Identifier: Apache-2.0 */
/* POST by libcurl, which is loaded while the program runs. */
#include "host/submit/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define CONNECT_TIMEOUT_S 20
#define STALLED_S	  30 /* so long without a byte */
#define RETRY_AFTER_MAX_S 86400

#define FUNCTIONS(F)                                                                               \
	F(curl_easy_cleanup)                                                                       \
	F(curl_easy_getinfo)                                                                       \
	F(curl_easy_init)                                                                          \
	F(curl_easy_perform)                                                                       \
	F(curl_easy_setopt)                                                                        \
	F(curl_easy_strerror)                                                                      \
	F(curl_free)                                                                               \
	F(curl_global_init)                                                                        \
	F(curl_slist_append)                                                                       \
	F(curl_slist_free_all)                                                                     \
	F(curl_url)                                                                                \
	F(curl_url_cleanup)                                                                        \
	F(curl_url_get)                                                                            \
	F(curl_url_set)

/* Called by other names than curl.h's, which has macros of these. */
#define AS_MEMBER(name) __typeof__(name) *do_##name;
static struct library {
	FUNCTIONS(AS_MEMBER)
} library;

#define AS_ROW(name) {#name, offsetof(struct library, do_##name)},
static const struct row {
	const char *name;
	size_t at;
} rows[] = {FUNCTIONS(AS_ROW)};

/* ---- the library ---- */

static int load(struct err *e)
{
	static void *handle; /* stays until the program ends */

	if (handle)
		return 0;
	void *opened = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!opened)
		opened = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!opened)
		return err_set(e, BLAME_HOST, ENOENT,
			       "sending needs libcurl, which is not installed (package libcurl4)");
	for (const struct row *row = rows; row < rows + ARRAY_LEN(rows); row++) {
		void *found = dlsym(opened, row->name);
		if (!found)
			return err_set(e, BLAME_HOST, ENOSYS, "this libcurl has no %s", row->name);
		memcpy((char *)&library + row->at, &found, sizeof found);
	}
	if (library.do_curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, BLAME_HOST, EIO, "libcurl cannot be set up");
	handle = opened;
	return 0;
}

/* ---- addresses ---- */

static bool has_part(CURLU *url, CURLUPart part)
{
	char *value = NULL;
	bool is_there = library.do_curl_url_get(url, part, &value, 0) == CURLUE_OK;

	library.do_curl_free(value);
	return is_there;
}

/* By the words for it alone: what a name server says of a name is no proof. */
static bool is_this_machine(const char *host)
{
	unsigned a, b, c;
	char end;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       sscanf(host, "127.%3u.%3u.%3u%c", &a, &b, &c, &end) == 3;
}

static int check_scheme(CURLU *url, const char *given, enum http_tls tls, struct err *e)
{
	char *scheme = NULL, *host = NULL;
	int r = 0;

	if (library.do_curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    library.do_curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		r = err_set(e, BLAME_USER, EINVAL, "'%.200s' names no server", given);
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		r = err_set(e, BLAME_USER, EINVAL,
			    "'%.200s' begins neither with https:// nor with http://", given);
	else if (strcmp(scheme, "http") == 0 && tls == HTTP_TLS_ALONE && !is_this_machine(host))
		r = err_set(e, BLAME_USER, EINVAL,
			    "'%.200s' would send the token in the clear: take https://, or say "
			    "--plain-http",
			    given);
	library.do_curl_free(scheme);
	library.do_curl_free(host);
	return r;
}

static int spell(CURLU *url, const char *given, char ret[HTTP_URL_SIZE], struct err *e)
{
	char *spelt = NULL;
	int r = 0;

	if (library.do_curl_url_get(url, CURLUPART_URL, &spelt, 0) != CURLUE_OK ||
	    strlen(spelt) >= HTTP_URL_SIZE)
		r = err_set(e, BLAME_USER, EINVAL, "'%.200s' is too long", given);
	else
		memcpy(ret, spelt, strlen(spelt) + 1);
	library.do_curl_free(spelt);
	return r;
}

int http_address(const char *given, enum http_tls tls, char ret[HTTP_URL_SIZE], struct err *e)
{
	int r = load(e);

	if (r < 0)
		return r;
	CURLU *url = library.do_curl_url();
	if (!url)
		return err_set(e, BLAME_HOST, ENOMEM, "libcurl has no memory");
	if (library.do_curl_url_set(url, CURLUPART_URL, given, 0) != CURLUE_OK)
		r = err_set(e, BLAME_USER, EINVAL,
			    "'%.200s' is no address such as https://db.kernelci.org/", given);
	else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		/* Not shown: what stands there is a token as often as not. */
		r = err_set(
			e, BLAME_USER, EINVAL,
			"the address has a user or a password in it: the token comes by --token-file");
	else if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		r = err_set(
			e, BLAME_USER, EINVAL,
			"'%.200s' has a query or a fragment, which are no part of a service's address",
			given);
	else
		r = check_scheme(url, given, tls, e);
	if (r == 0)
		r = spell(url, given, ret, e);
	library.do_curl_url_cleanup(url);
	return r;
}

/* ---- one request ---- */

static size_t take(char *bytes, size_t size, size_t count, void *arg)
{
	struct text *body = arg;

	return text_add(body, bytes, size * count) == 0 ? size * count : 0;
}

/* The first option that is refused is what went wrong. */
#define SET(curl, refused, option, value)                                                          \
	((refused) != CURLE_OK                                                                     \
		 ? (void)0                                                                         \
		 : (void)((refused) = library.do_curl_easy_setopt(curl, option, value)))

static CURLcode set_place(CURL *curl, const struct http_request *request)
{
	CURLcode refused = CURLE_OK;
	bool is_plain = has_prefix(request->url, "http://");

	SET(curl, refused, CURLOPT_URL, request->url);
	SET(curl, refused, CURLOPT_PROTOCOLS_STR, is_plain ? "http" : "https");
	SET(curl, refused, CURLOPT_FOLLOWLOCATION, 0L);
	SET(curl, refused, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(curl, refused, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(curl, refused, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (request->cacert)
		SET(curl, refused, CURLOPT_CAINFO, request->cacert);
	return refused;
}

static CURLcode set_limits(CURL *curl, const struct http_request *request)
{
	CURLcode refused = CURLE_OK;
	uint64_t timeout_ms = request->timeout_ns / NS_PER_MS;

	SET(curl, refused, CURLOPT_NOSIGNAL, 1L); /* main() ignores SIGPIPE */
	SET(curl, refused, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	SET(curl, refused, CURLOPT_TIMEOUT_MS, timeout_ms > 0 ? (long)timeout_ms : 1L);
	SET(curl, refused, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(curl, refused, CURLOPT_LOW_SPEED_TIME, (long)STALLED_S);
	return refused;
}

static CURLcode set_content(CURL *curl, const struct http_request *request,
			    struct curl_slist *headers, struct text *answer)
{
	CURLcode refused = CURLE_OK;

	SET(curl, refused, CURLOPT_HTTPHEADER, headers);
	SET(curl, refused, CURLOPT_USERAGENT, "assay/" ASSAY_VERSION);
	SET(curl, refused, CURLOPT_POST, 1L);
	SET(curl, refused, CURLOPT_POSTFIELDS, request->body);
	SET(curl, refused, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->length);
	SET(curl, refused, CURLOPT_WRITEFUNCTION, take);
	SET(curl, refused, CURLOPT_WRITEDATA, answer);
	return refused;
}

static struct curl_slist *make_headers(const struct http_request *request)
{
	CLEAN_FREE char *token = xasprintf("Authorization: Bearer %s", request->token);
	/* Without Expect: the limit on time is the server's reason to hurry. */
	const char *const lines[] = {"Content-Type: application/json", "Accept: application/json",
				     "Expect:", token};
	struct curl_slist *headers = NULL;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct curl_slist *longer = library.do_curl_slist_append(headers, lines[i]);
		if (!longer)
			abort(); /* as xnew does */
		headers = longer;
	}
	explicit_bzero(token, strlen(token));
	return headers;
}

static void free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *it = headers; it; it = it->next)
		explicit_bzero(it->data, strlen(it->data));
	library.do_curl_slist_free_all(headers);
}

/* Before the connection stands nothing of the request has left. */
static bool was_sent(CURL *curl)
{
	curl_off_t until_sent_us = 0;

	return library.do_curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &until_sent_us) ==
		       CURLE_OK &&
	       until_sent_us > 0;
}

static void tell_failure(CURL *curl, CURLcode code, const char *words, struct http_answer *answer)
{
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR)
		answer->end = HTTP_UNTRUSTED;
	else
		answer->end = was_sent(curl) ? HTTP_UNANSWERED : HTTP_UNREACHED;
	if (answer->body.overflowed)
		(void)snprintf(answer->trouble, sizeof answer->trouble,
			       "the answer has more than %d bytes", HTTP_ANSWER_MAX);
	else
		(void)snprintf(answer->trouble, sizeof answer->trouble, "%s",
			       words[0] ? words : library.do_curl_easy_strerror(code));
}

static void take_word(CURL *curl, CURLINFO what, char *buf, size_t size)
{
	const char *word = NULL;

	if (library.do_curl_easy_getinfo(curl, what, &word) == CURLE_OK && word)
		(void)snprintf(buf, size, "%s", word);
}

static void take_answer(CURL *curl, struct http_answer *answer)
{
	curl_off_t after_s = 0;
	long status = 0;

	(void)library.do_curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	(void)library.do_curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after_s);
	answer->end = HTTP_ANSWERED;
	answer->status = status > 0 && status < 1000 ? (unsigned)status : 0;
	if (after_s > RETRY_AFTER_MAX_S)
		after_s = RETRY_AFTER_MAX_S;
	answer->retry_after_ns = after_s > 0 ? (uint64_t)after_s * NS_PER_S : 0;
	take_word(curl, CURLINFO_CONTENT_TYPE, answer->type, sizeof answer->type);
	take_word(curl, CURLINFO_REDIRECT_URL, answer->location, sizeof answer->location);
}

static int perform(CURL *curl, const struct http_request *request, struct curl_slist *headers,
		   struct http_answer *answer, struct err *e)
{
	char words[CURL_ERROR_SIZE] = "";

	CURLcode code = set_place(curl, request);
	if (code == CURLE_OK)
		code = set_limits(curl, request);
	if (code == CURLE_OK)
		code = set_content(curl, request, headers, &answer->body);
	if (code == CURLE_OK)
		code = library.do_curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
	if (code != CURLE_OK)
		return err_set(e, BLAME_HOST, ENOTSUP, "this libcurl cannot do it, 7.85 can: %s",
			       library.do_curl_easy_strerror(code));
	code = library.do_curl_easy_perform(curl);
	if (code == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, BLAME_USER, EINVAL,
			       "the certificates to trust%s%s cannot be read: %s",
			       request->cacert ? ", " : "", request->cacert ? request->cacert : "",
			       words[0] ? words : library.do_curl_easy_strerror(code));
	if (code == CURLE_OK)
		take_answer(curl, answer);
	else
		tell_failure(curl, code, words, answer);
	return 0;
}

int http_post(const struct http_request *request, struct http_answer *answer, struct err *e)
{
	int r = load(e);

	if (r < 0)
		return r;
	CURL *curl = library.do_curl_easy_init();
	if (!curl)
		return err_set(e, BLAME_HOST, ENOMEM, "libcurl has no memory");
	struct curl_slist *headers = make_headers(request);
	r = perform(curl, request, headers, answer, e);
	library.do_curl_easy_cleanup(curl);
	free_headers(headers);
	return r;
}

void http_answer_done(struct http_answer *answer)
{
	text_done(&answer->body);
}
