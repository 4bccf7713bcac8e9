/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that lie: a seccomp filter over the sabotaged process. */
#include "guest/kit/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#define LOAD(offset)	      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define SKIP_UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n))
#define ANSWER(action)	      BPF_STMT(BPF_RET | BPF_K, (action))

static void install(struct trial *t, const struct sock_filter *filter, size_t count)
{
	struct sock_fprog program = {
		.len = (unsigned short)count,
		.filter = (struct sock_filter *)(uintptr_t)filter,
	};

	/* Root needs no PR_SET_NO_NEW_PRIVS, and with it a case could not run set-id programs any
	 * more. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		case_broken(t, "no seccomp filter can be set: %m");
}

void sabotage_syscall(struct trial *t, long number, int error)
{
	const struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		SKIP_UNLESS((unsigned)number, 1),
		ANSWER(SECCOMP_RET_ERRNO | (unsigned)error),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	install(t, filter, ARRAY_LEN(filter));
}

void sabotage_syscall_argument(struct trial *t, long number, unsigned index, unsigned value,
			       int error)
{
	unsigned at = (unsigned)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	at += sizeof(uint32_t);
#endif
	const struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		SKIP_UNLESS((unsigned)number, 3),
		LOAD(at),
		SKIP_UNLESS(value, 1),
		ANSWER(SECCOMP_RET_ERRNO | (unsigned)error),
		ANSWER(SECCOMP_RET_ALLOW),
	};

	install(t, filter, ARRAY_LEN(filter));
}
