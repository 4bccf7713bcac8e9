/* SPDX-License-Identifier: Apache-2.0 */
/* assay submit: what its files have in common. */
#ifndef ASSAY_HOST_CLI_SUBMIT_H
#define ASSAY_HOST_CLI_SUBMIT_H

#include "base/random.h"
#include "host/cli/judge_setup.h"
#include "host/submit/outbox.h"

struct submit_arguments {
	struct judge_arguments judge;
	const char *to, *token_file, *cacert, *origin, *patience, *timeout;
	long long token_fd; /* -1: not given */
	bool plain_http, again, pending, list, drop, json;
};

struct sending {
	const struct submit_arguments *arguments;
	struct outbox outbox;
	struct text token;
	struct random random;
	struct patience patience; /* for all tries together */
	uint64_t timeout_ns;
	char url[HTTP_URL_SIZE]; /* "": --to was not given */
	unsigned refused, waiting;
};
void sending_done(struct sending *sending) NONNULL(1);
DEFINE_CLEAN_DONE(sending);

/* submit_send.c: the token, by the options or $ASSAY_SUBMIT_TOKEN. */
int read_token(const struct submit_arguments *arguments, struct text *token, struct err *e)
	NONNULL(1, 2, 3);
/* Writes the receipt of one that has ended, and takes it out of the outbox. For who holds its claim. */
int finish(const struct sending *sending, const struct submission *it, struct err *e)
	NONNULL(1, 2, 3);
/* Sends what waits under that key until it is taken or refused, or patience is over; says so. -EACCES (blame user): the service lets
 * nobody in by this token, or is not who it should be. */
int deliver(struct sending *sending, const char *key, struct err *e) NONNULL(1, 2, 3);
/* Says how far it is: a sentence, or with --json an object. `words` NULL: what follows from its state. */
int tell_submission(const struct sending *sending, const struct submission *it, const char *words,
		    struct err *e) NONNULL(1, 2, 4);

#endif
