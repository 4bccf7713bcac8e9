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

#include <limits.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "guest/kit/case.h"

/* The call fails with `error`; 0: it does nothing and says that it succeeded. Broken when no filter
 * can be set. */
void sabotage_syscall(struct trial *t, long number, int error);

/* The same only when the call's argument `index` (its low 32 bits) equals `value`. */
void sabotage_syscall_argument(struct trial *t, long number, unsigned index, unsigned value,
			       int error);

/*
 * Each such call of this process and its children first runs `fn` in a process beside it. What that returns becomes the
 * call's answer (negative: -errno), and the call itself is never made; SYSCALL_GO_ON: it is made as it was meant.
 *
 *	static long lose_block(const struct seccomp_data *call, void *arg)
 *	{
 *		return call->args[3] == LOST_AT ? (long)call->args[2] : SYSCALL_GO_ON;
 *	}
 *	sabotage_syscall_by(t, SYS_pwrite64, lose_block, NULL);	(one write says that it was done)
 *
 * `fn` sees numbers only: pointers are those of the caller. It must not make the call itself, and may use nothing of `t`.
 * Needs Linux 5.5; broken without.
 */
#define SYSCALL_GO_ON LONG_MIN
typedef long syscall_fn(const struct seccomp_data *call, void *arg);
void sabotage_syscall_by(struct trial *t, long number, syscall_fn *fn, void *arg);

#endif
