/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's report on its way to a service: what was asked for, how far it is, and what was answered. One that has ended is a receipt.
 *
 *	struct submission it;
 *	submission_init(&it, url, origin, run_id, folder);
 *	...
 *	submission_receipt(&it, &line);
 *	r = receipt_keep(&it, e);              (in the run's folder)
 *
 * It is known by service, origin and run: a run goes to a service once.
 */
#ifndef ASSAY_HOST_SUBMIT_SUBMISSION_H
#define ASSAY_HOST_SUBMIT_SUBMISSION_H

#include <limits.h>

#include "base/clock.h"
#include "base/sha256.h"
#include "host/submit/answer.h"

#define SUBMISSION_SCHEMA 1
#define SUBMISSION_MAX	  (64U << 10) /* bytes of its file */
#define RECEIPTS_FILE	  "submissions.jsonl"
#define RECEIPTS_MAX	  (64U << 20)

enum submission_state {
	SUBMISSION_WAITING, /* to be sent, or sent without an answer that ends it */
	SUBMISSION_TAKEN,   /* the service has it */
	SUBMISSION_REFUSED, /* the service will not have it */
};
const char *submission_state_name(enum submission_state state); /* "waiting", "taken", "refused" */

struct submission {
	enum submission_state state;
	char key[SHA256_SIZE];
	char url[HTTP_URL_SIZE], origin[64], run[128];
	char folder[PATH_MAX];	  /* the run's */
	char sha256[SHA256_SIZE]; /* of what is sent */
	uint64_t size;
	uint64_t queued_ns;  /* wall clock, as all that follow; 0: not yet */
	unsigned tries;	     /* that were begun */
	unsigned unanswered; /* of these: sent, and nobody knows whether it came through */
	bool is_under_way; /* the last of them has been begun, and no end of it was written down */
	uint64_t tried_ns; /* when that one began */
	uint64_t not_before_ns; /* the service asked for it */
	uint64_t ended_ns;
	unsigned status;	   /* of HTTP, of the last answer; 0: none */
	char id[ANSWER_ID_SIZE];   /* the service's */
	char say[ANSWER_SAY_SIZE]; /* the service's message, or why it waits */
};

/* -ENAMETOOLONG (blame user): one of them is too long. */
int submission_init(struct submission *it, const char *url, const char *origin, const char *run,
		    const char *folder, struct err *e) NONNULL(1, 2, 3, 4, 5, 6);

/* A try begins, and ends with an answer. */
void submission_begin(struct submission *it, uint64_t now_ns) NONNULL(1);
void submission_end(struct submission *it, const struct answer *answer, unsigned status,
		    uint64_t now_ns) NONNULL(1, 2);
/* Who did the last try was killed: it is counted as one without an answer. False: nobody was. */
bool submission_mourn(struct submission *it) NONNULL(1);

void submission_encode(const struct submission *it, struct text *out) NONNULL(1, 2);
/* -EBADMSG (blame host) says what is wrong. */
int submission_decode(const char *bytes, size_t length, struct submission *ret, struct err *e)
	NONNULL(1, 3, 4);

/* Adds it as an object for readers: of assay submit --json, --list --json, and as a receipt. */
void submission_tell(const struct submission *it, struct text *out) NONNULL(1, 2);

/* Adds it to the receipts in the run's folder, where it is not there yet: after a kill it is asked for again. */
int receipt_keep(const struct submission *it, struct err *e) NONNULL(1, 2);
/* Looks for the last receipt of that key by which the service has it. -ENOENT with an empty *e: there is none. */
struct receipt {
	char sha256[SHA256_SIZE], id[ANSWER_ID_SIZE], ended[CLOCK_ISO_SIZE];
};
int receipt_find(const char *folder, const char *key, struct receipt *ret, struct err *e)
	NONNULL(1, 2, 3, 4);

#endif
