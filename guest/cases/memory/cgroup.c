/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a control group may use. */
#include <sys/mman.h>

#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define LIMIT	  "25165824" /* 24 MiB */
#define HOG_BYTES (64U << 20)

/* Uses more than the group may, and exits with 0 when nobody stops it. */
static int hog(void *arg)
{
	if (cgroup_enter(arg) < 0)
		return 125;
	char *memory =
		mmap(NULL, HOG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 124;
	for (size_t at = 0; at < HOG_BYTES; at += 4096)
		memory[at] = 1;
	return 0;
}

static const char *limit_file(void)
{
	return cgroup_is_v2() ? "memory.max" : "memory.limit_in_bytes";
}

CASE(memory, cgroup_limit_is_enforced,
     .title = "A cgroup over its memory limit is reclaimed or killed, alone", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "kconfig:MEMCG,mem_mb>=256",
     .why = "Without it one container takes the memory of all others.",
     .remedy = "Check that the memory controller is on (cgroup_disable= on the command line).",
     .sources = "own")
{
	const char *group = cgroup_new(t, "memory");

	cgroup_write(t, group, limit_file(), LIMIT);
	if (file_exists(t, case_format(t, "%s/memory.swap.max", group)))
		cgroup_write(t, group, "memory.swap.max", "0");
	int status = helper_run(t, hog, (void *)(uintptr_t)group);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 124)
		case_broken(t, "the child could not start to use memory");
	CHECK(t, WIFSIGNALED(status));
	CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

SABOTAGE(memory, cgroup_limit_is_enforced, "writing a limit changes nothing")
{
	sabotage_syscall_argument(t, SYS_write, 2, sizeof LIMIT - 1, 0);
}
