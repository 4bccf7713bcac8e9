/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far it is with one image, known by its digest: what is kept of it in the state folder, so that whoever comes next goes on.
 *
 *	struct ticket ticket;
 *	r = ticket_load(state, sha256, &ticket, e);          (-ENOENT: nothing is known of it)
 *	ticket.state = TICKET_RUNNING;
 *	r = ticket_save(state, &ticket, e);                  (before what it says is done)
 *
 * Each step can be done again from its beginning: a ticket says what was begun, not what is done.
 */
#ifndef ASSAY_HOST_WATCH_TICKET_H
#define ASSAY_HOST_WATCH_TICKET_H

#include "base/err.h"
#include "base/sha256.h"
#include "base/text.h"
#include "host/watch/arrival.h"

#define TICKET_SCHEMA 1
#define TICKET_MAX    (64U << 10) /* bytes of one */

enum ticket_state {
	TICKET_CLAIMED, /* it came in whole */
	TICKET_RUNNING, /* its run has been begun */
	TICKET_JUDGED,	/* there is a verdict, with its papers in the state folder */
	TICKET_PLACING, /* it goes to the place of the verdict, by the name `as` */
	TICKET_PLACED,
};
const char *ticket_state_name(enum ticket_state state); /* "claimed", … */

/* By the exit codes of verdicts. */
enum place { PLACE_SHIPPED, PLACE_BLOCKED, PLACE_UNDECIDED };
#define PLACE_COUNT 3
const char *place_name(enum place place); /* "shipped", "blocked", "undecided" */

struct ticket {
	enum ticket_state state;
	char sha256[SHA256_SIZE];
	char name[ARRIVAL_NAME_SIZE]; /* in the folder */
	char recipe[SHA256_SIZE];     /* of what it is run by: another one is another run */
	struct arrival_file file;     /* as it was when its digest was taken */
	unsigned run;		      /* the number of its run, from 1; 0: none has been begun */
	unsigned tries;		      /* times that the run did not come to an end in a row */
	enum place place;	      /* from TICKET_JUDGED on */
	char reason[512];	      /* why there is no run's verdict; "": there is */
	char as[ARRIVAL_NAME_SIZE];   /* from TICKET_PLACING on */
	uint64_t came_ns, placed_ns;  /* wall clock; 0: not yet */
};

void ticket_encode(const struct ticket *ticket, struct text *out) NONNULL(1, 2);
/* -EBADMSG (blame host) says what is wrong. */
int ticket_decode(const char *bytes, size_t length, struct ticket *ret, struct err *e)
	NONNULL(1, 3, 4);

int ticket_load(const char *state, const char *sha256, struct ticket *ret, struct err *e)
	NONNULL(1, 2, 3, 4);
int ticket_save(const char *state, const struct ticket *ticket, struct err *e) NONNULL(1, 2, 3);

#endif
