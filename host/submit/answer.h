/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service that takes KernelCI's reports has answered, and what follows from it.
 *
 *	struct answer answer;
 *	switch (answer_read(&http, &answer)) …
 *
 * Taken is a report only by an answer that says so, in the service's own form: a proxy's page with status 200 is none.
 */
#ifndef ASSAY_HOST_SUBMIT_ANSWER_H
#define ASSAY_HOST_SUBMIT_ANSWER_H

#include "host/submit/http.h"

enum answer_kind {
	ANSWER_TAKEN,
	ANSWER_LATER, /* it is tried again */
	ANSWER_DENIED, /* not by this token, or not to this place: it waits until somebody mends that */
	ANSWER_REFUSED, /* what was sent is wrong, and stays so */
};

#define ANSWER_ID_SIZE	129
#define ANSWER_SAY_SIZE 512

struct answer {
	enum answer_kind kind;
	bool is_unknown;	   /* it may have been taken all the same */
	char id[ANSWER_ID_SIZE];   /* by which the service knows it; "": none */
	char say[ANSWER_SAY_SIZE]; /* the service's message, or what is wrong with the answer */
};

/* What it says is without control characters and secrets. */
void answer_read(const struct http_answer *http, struct answer *ret) NONNULL(1, 2);

#endif
