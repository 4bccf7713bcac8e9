/* SPDX-License-Identifier: Apache-2.0 */
/* What a program is told when it does what the processor refuses. */
#include <sys/mman.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

static void read_nowhere(void)
{
	/* Where no page is ever mapped; the compiler must not know. */
	static volatile uintptr_t nowhere = 8;

	(void)*(volatile char *)nowhere;
}

static void write_read_only(void)
{
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
}

static void read_past_end(void)
{
	int fd = memfd_create("assay", MFD_CLOEXEC);
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	(void)*page;
}

static void run_illegal(void)
{
#ifdef __x86_64__
	__asm__ volatile("ud2");
#elif defined __aarch64__
	__asm__ volatile("udf #0");
#endif
}

#ifdef __x86_64__
static void divide_by_zero(void)
{
	__asm__ volatile("xor %%ecx, %%ecx\n\tmov $1, %%eax\n\tcltd\n\tidiv %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx", "cc");
}

static void run_breakpoint(void)
{
	__asm__ volatile("int3");
}
#endif

static const struct fault {
	const char *name;
	void (*commit)(void);
	int signal, code;
} faults[] = {
#ifdef __x86_64__
	{"breakpoint", run_breakpoint, SIGTRAP, SI_KERNEL},
	{"divide", divide_by_zero, SIGFPE, FPE_INTDIV},
	{"illegal", run_illegal, SIGILL, ILL_ILLOPN},
#else
	{"illegal", run_illegal, SIGILL, ILL_ILLOPC},
#endif
	{"no-page", read_nowhere, SIGSEGV, SEGV_MAPERR},
	{"past-end", read_past_end, SIGBUS, BUS_ADRERR},
	{"read-only", write_read_only, SIGSEGV, SEGV_ACCERR},
};

enum { TOLD_RIGHT, TOLD_OTHER_SIGNAL, TOLD_OTHER_CODE, TOLD_NOTHING };

/* Of the child. */
static const struct fault *committed;

static void be_told(int number, siginfo_t *info, void *context UNUSED)
{
	if (number != committed->signal)
		_exit(TOLD_OTHER_SIGNAL);
	_exit(info->si_code == committed->code ? TOLD_RIGHT : TOLD_OTHER_CODE);
}

static int commit_fault(void *arg)
{
	static const int signals[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
	const struct sigaction action = {.sa_sigaction = be_told, .sa_flags = SA_SIGINFO};

	committed = arg;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
	committed->commit();
	return TOLD_NOTHING;
}

CASE_EACH(
	cpu, faults_raise_right_signals, faults,
	.title = "Divide, breakpoint, illegal and page faults give the right signal and code",
	.priority = P2,
	.why = "Language run-times, debuggers and garbage collectors work by catching exactly these.",
	.remedy = "Look for a kernel change in the exception entry; rule the hypervisor out.",
	.sources = "own")
{
	static const char *const words[] = {"right", "another signal", "another code", "nothing"};
	int status = helper_run(t, commit_fault, (void *)(uintptr_t)c);

	if (WIFSIGNALED(status))
		FAIL(t, "the fault killed the program with signal %d past its handler",
		     WTERMSIG(status));
	else if (WEXITSTATUS(status) != TOLD_RIGHT)
		FAIL(t, "the program was told %s, not signal %d with code %d",
		     words[WEXITSTATUS(status) % ARRAY_LEN(words)], c->signal, c->code);
	else
		check_passed(t);
}

SABOTAGE(cpu, faults_raise_right_signals, "no program can catch a signal")
{
	sabotage_syscall(t, SYS_rt_sigaction, 0);
}
