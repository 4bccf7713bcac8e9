/* SPDX-License-Identifier: Apache-2.0 */
/* Running one case in a process of its own, and telling the host. */
#ifndef ASSAY_GUEST_RUNNER_H
#define ASSAY_GUEST_RUNNER_H

#include "guest/port.h"

struct run_order {
	char id[128];
	unsigned flags;	    /* RUN_* */
	unsigned timeout_s; /* 0: the case's own */
	char *parameters;   /* owned; never NULL */
};

/* Reads a FRAME_RUN. */
int run_order_read(const struct frame *frame, struct run_order *ret, struct err *e)
	NONNULL(1, 2, 3);

/* Adds a FRAME_RUN that run_order_read gives back. */
void add_order(struct text *out, const struct run_order *order) NONNULL(1, 2);
void run_order_done(struct run_order *order) NONNULL(1);

enum run_end {
	RUN_ANSWERED, /* RESULT has been sent, or nobody was there to take it */
	RUN_INTERRUPTED, /* a frame came that ends more than the case (HELLO, RUN, BYE …): it is in *ret_frame */
};

/*
 * Runs the case, and sends CHECK and OUTPUT frames as they come, then OUTPUT of the program's own output, KMSG, and
 * RESULT. There is always a RESULT: a case that crashes has failed, one that takes too long or says nothing is broken.
 * Nothing that the case started lives on. The process that stands by is used up, if there is one.
 */
struct standby;
enum run_end run_case(struct port *port, const struct run_order *order, struct standby *standby,
		      struct frame *ret_frame) NONNULL(1, 2, 3, 4);

/* Kills whatever was started below this process and reaps it. */
void reap_strays(void);

#endif
