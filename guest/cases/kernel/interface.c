/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces of the kernel that tools build on: tracing a process, counting events, computing digests. */
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

static int be_traced(void *arg UNUSED)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return 1;
	(void)raise(SIGSTOP);
	return 7;
}

CASE(kernel, ptrace_controls_child,
     .title = "A debugger can stop, step and read a child to its normal exit", .priority = P2,
     .why = "Debuggers and crash reporters stand on it.",
     .remedy = "Check the kernel's configuration and security modules that forbid tracing to root.",
     .sources = "own")
{
	pid_t pid = helper_start(t, be_traced, NULL);
	int status = 0;

	REQUIRE_EQ(t, waitpid(pid, &status, 0), pid);
	REQUIRE(t, WIFSTOPPED(status));
	for (int i = 0; i < 5; i++) {
		REQUIRE_OK(t, ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
		REQUIRE_EQ(t, waitpid(pid, &status, 0), pid);
		CHECK(t, WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	}
	errno = 0;
	(void)ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)be_traced, NULL);
	CHECK_EQ(t, errno, 0);
	REQUIRE_OK(t, ptrace(PTRACE_CONT, pid, NULL, NULL));
	REQUIRE_EQ(t, waitpid(pid, &status, 0), pid);
	CHECK(t, WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

SABOTAGE(kernel, ptrace_controls_child, "tracing is forbidden")
{
	sabotage_syscall(t, SYS_ptrace, EPERM);
}

CASE(kernel, perf_software_event_counts, .title = "A software performance event opens and counts",
     .priority = P2, .needs = "kconfig:PERF_EVENTS",
     .why = "Profilers find where time goes by such events.",
     .remedy = "Check the kernel's configuration and kernel.perf_event_paranoid.", .sources = "own")
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof attr,
		.config = PERF_COUNT_SW_TASK_CLOCK,
	};
	/* Where the scheduler's clock is coarse, and ticks come late, it stands still for a while. */
	uint64_t until_ns = clock_now_ns() + 2 * NS_PER_S, counted_ns = 0;
	int fd;

	REQUIRE_OK(t, fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0UL));
	do
		REQUIRE_EQ(t, read(fd, &counted_ns, sizeof counted_ns), (ssize_t)sizeof counted_ns);
	while (counted_ns == 0 && clock_now_ns() < until_ns);
	CHECK_GT(t, counted_ns, 0ULL);
	close(fd);
}

SABOTAGE(kernel, perf_software_event_counts, "opening an event is refused")
{
	sabotage_syscall(t, SYS_perf_event_open, EACCES);
}

/* <linux/if_alg.h> is not in every set of headers. */
struct alg_address {
	uint16_t family;
	unsigned char type[14];
	uint32_t feature, mask;
	unsigned char name[64];
};

/* FIPS 180-4, the digests of "abc". */
static const struct digest {
	const char *name, *hex;
} digests[] = {
	{"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
};

CASE_EACH(
	kernel, crypto_answers_are_right, digests,
	.title = "The kernel's digests give the published test vectors", .priority = P2,
	.isolation = ISOLATION_FORK, .needs = "kconfig:CRYPTO_USER_API_HASH",
	.why = "Disk encryption, signatures of modules and network tunnels compute by the same code.",
	.remedy = "Suspect an accelerated implementation for this CPU model.", .sources = "own")
{
	struct alg_address address = {.family = 38 /* AF_ALG */, .type = "hash"};
	unsigned char digest[64];
	char hex[129] = "";
	int listener, fd;

	memcpy(address.name, c->name, strlen(c->name));
	REQUIRE_OK(t, listener = socket(38, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	REQUIRE_OK(t,
		   bind(listener, (const struct sockaddr *)(const void *)&address, sizeof address));
	REQUIRE_OK(t, fd = accept(listener, NULL, NULL));
	REQUIRE_EQ(t, send(fd, "abc", 3, 0), (ssize_t)3);
	ssize_t length = read(fd, digest, sizeof digest);
	for (ssize_t i = 0; i < length; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	CHECK_EQ(t, (const char *)hex, c->hex);
	close(fd);
	close(listener);
}

SABOTAGE(kernel, crypto_answers_are_right, "what is to be digested gets lost")
{
	/* As if three bytes had been taken and none digested. */
	sabotage_syscall_argument(t, SYS_sendto, 2, 3, 0);
}
