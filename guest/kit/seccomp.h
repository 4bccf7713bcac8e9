/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sabotage that needs no change of the system: from now on a system call of this process and its
 *children answers what it is told to.
 *
 *	SABOTAGE(bpf, program_runs, "the bpf call is forbidden")
 *	{
 *		sabotage_syscall(t, SYS_bpf, EPERM);
 *	}
 */
#ifndef ASSAY_KIT_SECCOMP_H
#define ASSAY_KIT_SECCOMP_H

#include <sys/syscall.h>

#include "guest/kit/case.h"

/* The call fails with `error`; 0: it does nothing and says that it succeeded. Broken when no filter
 * can be set. */
void sabotage_syscall(struct trial *t, long number, int error);

/* The same only when the call's argument `index` (its low 32 bits) equals `value`. */
void sabotage_syscall_argument(struct trial *t, long number, unsigned index, unsigned value,
			       int error);

#endif
