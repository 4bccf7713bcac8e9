/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's guest agent in the machine, which is spoken with over a port of its own (host_channel.h). Cases need
 * cmd:qemu-ga, dev:virtio-serial and systemd, whose units start the agent when its port comes.
 *
 *	qga_open(t);
 *	HOST_CHECK_GT(t, qga_number(t, "guest-fsfreeze-freeze"), 0);
 *	HOST_CHECK_TEXT(t, qga_word(t, "guest-fsfreeze-status"), "frozen");
 */
#ifndef ASSAY_HOST_CASES_HOST_QGA_H
#define ASSAY_HOST_CASES_HOST_QGA_H

#include "host/cases/host_case.h"
#include "host/cases/host_qga_reply.h"

/* Plugs the agent's port in and waits for the agent: one that does not come ends the case as a failure. */
void qga_open(struct host_trial *t) NONNULL(1);

/* Has the agent execute a command that takes no arguments. Silence, and what is no answer, end the case as a failure; a
 * refusal is an answer, and noted. */
struct qga_reply qga_ask(struct host_trial *t, const char *command) NONNULL(1, 2);
/* The number that it answers, negative when it answers anything else; the word, NULL likewise. */
long long qga_number(struct host_trial *t, const char *command) NONNULL(1, 2);
const char *qga_word(struct host_trial *t, const char *command) NONNULL(1, 2);
/* That text in the object that it answers; NULL when there is none. */
const char *qga_member(struct host_trial *t, const char *command, const char *name)
	NONNULL(1, 2, 3);

/* Tells the agent to do what it does not answer when it does it. */
void qga_tell(struct host_trial *t, const char *command) NONNULL(1, 2);

/* For sabotage, before the port is there: puts a command on the agent's block list. */
void qga_block(struct host_trial *t, const char *command) NONNULL(1, 2);

#endif
