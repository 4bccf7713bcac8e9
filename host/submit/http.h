/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POST with a token, by libcurl. It is loaded when the first address is looked at: what never sends anything does not wait for a
 * dozen libraries at each start, nor do the children of those who do.
 *
 *	char url[HTTP_URL_SIZE];
 *	r = http_address("https://db.example.org/", HTTP_TLS_ALONE, url, e);
 *	CLEAN_DONE(http_answer) struct http_answer answer = HTTP_ANSWER_INIT;
 *	r = http_post(&request, &answer, e);                     (r < 0: nothing was tried)
 *
 * Certificates and names are checked always, redirects are followed never: the token is for one place.
 */
#ifndef ASSAY_HOST_SUBMIT_HTTP_H
#define ASSAY_HOST_SUBMIT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define HTTP_URL_SIZE	2048
#define HTTP_ANSWER_MAX 65536 /* bytes of an answer that are read */

enum http_tls {
	HTTP_TLS_ALONE, /* but for this machine itself, which nobody listens in on */
	HTTP_TLS_OR_PLAIN,
};

/* Spells the address in one way only. -EINVAL (blame user): it is none, has a user, a password, a query or a fragment, or would send the
 * token in the clear. */
int http_address(const char *given, enum http_tls tls, char ret[HTTP_URL_SIZE], struct err *e)
	NONNULL(1, 3, 4);

struct http_request {
	const char *url, *token;
	const char *body; /* JSON */
	size_t length;
	const char *cacert; /* certificates in PEM to trust; NULL: the system's */
	uint64_t timeout_ns;
	enum http_tls tls;
};

enum http_end {
	HTTP_ANSWERED,
	HTTP_UNREACHED,	 /* none of the request was sent */
	HTTP_UNTRUSTED,	 /* nor here: the other side is not who it should be */
	HTTP_UNANSWERED, /* sent, and no whole answer came: it may have been taken */
};

struct http_answer {
	enum http_end end;
	unsigned status; /* of HTTP; 0 without an answer */
	uint64_t retry_after_ns;
	char type[128];	    /* "application/json" */
	char location[512]; /* of a redirect */
	char trouble[256];  /* why there is no answer */
	struct text body;
};
#define HTTP_ANSWER_INIT                                                                           \
	{                                                                                          \
		.body = TEXT_INIT(HTTP_ANSWER_MAX)                                                 \
	}
void http_answer_done(struct http_answer *answer) NONNULL(1);
DEFINE_CLEAN_DONE(http_answer);

/* < 0: it could not even be tried, by this machine or by what was given. */
int http_post(const struct http_request *request, struct http_answer *answer, struct err *e)
	NONNULL(1, 2, 3);

#endif
