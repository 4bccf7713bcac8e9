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

/* What can be asked: name, arguments (after a blank), least and most of them, help. Those without a word of ours are the agent's own. */
#define REACH_ARGUMENTS_MAX 64
#define REACH_VERBS(X)                                                                             \
	X("chmod", " PATH MODE", 2, 2, "change a file's mode")                                     \
	X("console", "", 0, 0, "what the serial console has said since the case began")            \
	X("exec", " PROGRAM [ARGUMENT...]", 1, REACH_ARGUMENTS_MAX - 1,                            \
	  "run a program; its exit status is that of this one")                                    \
	X("link", " TARGET PATH", 2, 2, "make a symbolic link")                                    \
	X("list", " PATH", 1, 1, "the names in a folder")                                          \
	X("mkdir", " PATH", 1, 1, "make a folder and those above it")                              \
	X("qmp", " COMMAND [JSON]", 1, 2, "ask QEMU")                                              \
	X("read", " PATH", 1, 1, "print a file")                                                   \
	X("reboot", " [SECONDS]", 0, 1, "reboot, and wait (else 600 s) until the guest is back")   \
	X("stat", " PATH", 1, 1, "type, mode, owner and size of a file")                           \
	X("sync", "", 0, 0, "write everything to the disks")                                       \
	X("unlink", " PATH", 1, 1, "remove a file or an empty folder")                             \
	X("write", " PATH", 2, 2, "replace a file by what comes on stdin")

struct reach_verb {
	const char *name, *arguments;
	int least, most;
	const char *help;
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
