/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that lie: a seccomp filter over the sabotaged process. */
#include "guest/kit/seccomp.h"

#include <linux/filter.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "guest/kit/helper.h"

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

/* ---- answered by a process beside ---- */

struct answerer {
	int listener;
	syscall_fn *fn;
	void *arg;
};

static int answer_calls(void *arg)
{
	const struct answerer *answerer = arg;

	for (;;) {
		struct seccomp_notif call = {0};
		if (ioctl(answerer->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
			if (errno == EINTR || errno == ENOENT) /* the caller was killed meanwhile */
				continue;
			return 0;
		}
		long answer = answerer->fn(&call.data, answerer->arg);
		struct seccomp_notif_resp response = {.id = call.id};
		if (answer == SYSCALL_GO_ON)
			response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (answer < 0)
			response.error = (int)answer;
		else
			response.val = answer;
		(void)ioctl(answerer->listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

void sabotage_syscall_by(struct trial *t, long number, syscall_fn *fn, void *arg)
{
	struct sock_filter filter[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		SKIP_UNLESS((unsigned)number, 1),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = ARRAY_LEN(filter), .filter = filter};
	struct answerer *answerer = case_alloc(t, sizeof *answerer);

	*answerer = (struct answerer){.fn = fn, .arg = arg};
	answerer->listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
					  SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (answerer->listener < 0)
		case_broken(t, "no seccomp filter can be set: %m");
	(void)helper_start(t, answer_calls, answerer);
	/* With the answerer's death its calls fail; this process must not keep them waiting. */
	close(answerer->listener);
}
