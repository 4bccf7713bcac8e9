/* SPDX-License-Identifier: Apache-2.0 */
/* The share of a CPU that a control group may use. */
#include <sys/resource.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

/* A tenth of a CPU: five milliseconds in each fifty. */
#define PERIOD_US "50000"
#define QUOTA_US  "5000"
#define SPAN_NS	  (600 * NS_PER_MS)

static uint64_t cpu_time_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

/* Exits with the share of the CPU, in per cent, that it was given. */
static int burn(void *arg)
{
	if (cgroup_enter(arg) < 0)
		return 125;
	uint64_t start_ns = clock_now_ns(), start_used_ns = cpu_time_ns();
	while (clock_now_ns() - start_ns < SPAN_NS)
		;
	uint64_t span_ns = clock_now_ns() - start_ns;
	return (int)((cpu_time_ns() - start_used_ns) * 100 / span_ns);
}

static const char *quota_file(void)
{
	return cgroup_is_v2() ? "cpu.max" : "cpu.cfs_quota_us";
}

CASE(cpu, quota_is_honoured, .title = "A cgroup CPU quota holds a busy task to its share",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "kconfig:CFS_BANDWIDTH",
     .why = "Container platforms promise their tenants CPU shares by this means.",
     .remedy =
	     "Check that the cpu controller is on and that no kernel change broke bandwidth control.",
     .sources = "own")
{
	const char *group = cgroup_new(t, "cpu");

	if (!cgroup_is_v2())
		cgroup_write(t, group, "cpu.cfs_period_us", PERIOD_US);
	cgroup_write(t, group, quota_file(), cgroup_is_v2() ? QUOTA_US " " PERIOD_US : QUOTA_US);
	int status = helper_run(t, burn, (void *)(uintptr_t)group);
	REQUIRE(t, WIFEXITED(status) && WEXITSTATUS(status) != 125);
	/* A tenth was granted; the other half of the allowance is for the kernel's coarse
	 * accounting. */
	CHECK_LE(t, WEXITSTATUS(status), 25);
}

SABOTAGE(cpu, quota_is_honoured, "writing a quota changes nothing")
{
	/* Only writes of exactly the quota's length are lost, so that everything else still works.
	 */
	size_t length = cgroup_is_v2() ? sizeof QUOTA_US " " PERIOD_US - 1 : sizeof QUOTA_US - 1;

	sabotage_syscall_argument(t, SYS_write, 2, (unsigned)length, 0);
}
