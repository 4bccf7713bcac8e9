/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a program of the guest, for cases whose subject is that program. What can be read from files, netlink or systemd's
 * socket is read there: a program may be missing, or print something else in the next release.
 *
 *	struct program_result run = program_run(t, 30, "sshd", "-t", NULL);
 *	CHECK_EQ(t, run.exit_code, 0);
 *	CHECK_LACKS(t, run.output, "error");
 */
#ifndef ASSAY_KIT_PROGRAM_H
#define ASSAY_KIT_PROGRAM_H

#include "guest/kit/case.h"

#define PROGRAM_OUTPUT_MAX (1U << 20)

struct program_result {
	int exit_code; /* 128 + the signal's number when it was killed */
	/* stdout and stderr as they came; what is more than the maximum is dropped */
	const char *output;
};

/* Runs it with nothing on its stdin, and waits. The arguments end with NULL; the program is looked for in the usual folders.
 * Ends the case as broken when it is not there or has not ended within `limit_s` (then it is killed, with its group). */
struct program_result program_run(struct trial *t, unsigned limit_s, const char *program, ...)
	__attribute__((sentinel));

#endif
