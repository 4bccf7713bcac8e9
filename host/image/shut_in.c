/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of system calls behind which foreign disks are parsed. */
#include "host/image/shut_in.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/scope.h"

/* What is needed to read descriptors that are there, to compute, and to answer. Everything else is refused. */
static const int allowed[] = {
	SCMP_SYS(read),		 SCMP_SYS(write),	 SCMP_SYS(readv),
	SCMP_SYS(writev),	 SCMP_SYS(pread64),	 SCMP_SYS(pwrite64),
	SCMP_SYS(recvfrom),	 SCMP_SYS(recvmsg),	 SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),	 SCMP_SYS(poll),	 SCMP_SYS(ppoll),
	SCMP_SYS(lseek),	 SCMP_SYS(fstat),	 SCMP_SYS(ftruncate),
	SCMP_SYS(close),	 SCMP_SYS(munmap),	 SCMP_SYS(mremap),
	SCMP_SYS(madvise),	 SCMP_SYS(brk),		 SCMP_SYS(futex),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(getrandom),	 SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),	 SCMP_SYS(sigaltstack),	 SCMP_SYS(getpid),
	SCMP_SYS(gettid),	 SCMP_SYS(exit),	 SCMP_SYS(exit_group),
	SCMP_SYS(shutdown),	 SCMP_SYS(sched_yield),	 SCMP_SYS(restart_syscall),
	SCMP_SYS(getrusage),
};

/* And what it takes to do that in copies of the process, and to end one that takes too long. */
static const int allowed_with_copies[] = {
	SCMP_SYS(clone),     SCMP_SYS(set_robust_list), SCMP_SYS(wait4),     SCMP_SYS(kill),
	SCMP_SYS(setitimer), SCMP_SYS(prlimit64),	SCMP_SYS(setrlimit), SCMP_SYS(rseq),
};

static int allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return r;
}

static int add_rules(scmp_filter_ctx filter, enum shut_in_with with)
{
	int r = allow(filter, allowed, ARRAY_LEN(allowed));

	if (r == 0 && with == SHUT_IN_WITH_COPIES)
		r = allow(filter, allowed_with_copies, ARRAY_LEN(allowed_with_copies));
	/* Memory, but none that is executed. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* fstat() is this call on some machines; paths can be looked at with it, but not opened. */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				     SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_GETFL));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, F_SETFL));
	/* abort() */
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
				     SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return r;
}

bool shut_in(enum shut_in_with with)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool ok = filter && prctl(PR_SET_DUMPABLE, 0) == 0 && add_rules(filter, with) == 0 &&
		  seccomp_load(filter) == 0;

	seccomp_release(filter);
	return ok;
}
