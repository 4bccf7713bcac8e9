/* SPDX-License-Identifier: Apache-2.0 */
/* Shutting the process in. */
#include "netpeer/sandbox.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/scope.h"

/* No socket(), no open(), no execve(); descriptors come from the host alone. */
static const int allowed[] = {
	SCMP_SYS(read),		SCMP_SYS(write),
	SCMP_SYS(readv),	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),	SCMP_SYS(sendmsg),
	SCMP_SYS(poll),		SCMP_SYS(ppoll),
	SCMP_SYS(shutdown),	SCMP_SYS(close),
	SCMP_SYS(munmap),	SCMP_SYS(mremap),
	SCMP_SYS(madvise),	SCMP_SYS(brk),
	SCMP_SYS(futex),	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),	SCMP_SYS(gettid),
	SCMP_SYS(exit),		SCMP_SYS(exit_group),
	SCMP_SYS(sched_yield),	SCMP_SYS(restart_syscall),
	SCMP_SYS(fstat),
};

/* SCMP_A1 and SCMP_A2 leave members out. */
static struct scmp_arg_cmp argument(unsigned number, enum scmp_compare how, scmp_datum_t a,
				    scmp_datum_t b)
{
	return (struct scmp_arg_cmp){.arg = number, .op = how, .datum_a = a, .datum_b = b};
}

static int add_rules(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(allowed) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	/* Memory, but none that is executed. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* abort() */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     argument(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return r;
}

bool sandbox_shut(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = filter && prctl(PR_SET_DUMPABLE, 0) == 0 && add_rules(filter) == 0 &&
		  seccomp_load(filter) == 0;

	if (filter)
		seccomp_release(filter);
	return ok;
}
