/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host cases that are programs: see assay-case(5). A program runs beside the machine, and reaches it over a socket that
 * `assay guest` speaks to:
 *
 *	"$ASSAY" guest exec systemctl is-active ssh
 *
 * The socket carries one frame each way, FRAME_CALL and FRAME_REPLY (wire/frame.h).
 */
#ifndef ASSAY_HOST_CASES_HOST_PROGRAM_H
#define ASSAY_HOST_CASES_HOST_PROGRAM_H

#include "host/cases/host_case.h"

#define ENV_PROGRAM "ASSAY"	   /* this program */
#define ENV_SOCKET  "ASSAY_SOCKET" /* where it finds the machine */

/* What can be asked. */
struct reach_verb {
	const char *name, *arguments, *help;
	int least, most;
};
extern const struct reach_verb reach_verbs[]; /* name NULL ends */
const struct reach_verb *reach_find(const char *name) NONNULL(1);

/* Answers whoever has connected to `listener`: one request of this machine. What it asks is its own risk; an error is that
 * the machine or the host failed (as machine_call), never that the request was bad. */
int reach_serve(struct host_trial *t, int listener, struct err *e) NONNULL(1, 3);

/* Plants the sabotage of t's program. */
void host_program_plant(struct host_trial *t) NONNULL(1);

/* Runs it, and decides. */
void host_program_body(struct host_trial *t) NONNULL(1);

#endif
