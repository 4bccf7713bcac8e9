/* SPDX-License-Identifier: Apache-2.0 */
/* Taking CPUs away from the running kernel and giving them back. */
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"
#include "guest/kit/knob.h"

static void put_online(void *arg)
{
	(void)knob_write(arg, "1");
}

static bool is_in_list(const char *list, int cpu)
{
	return cpulist_next(list, cpu - 1) == cpu;
}

static void cycle(struct trial *t, int cpu, const char *path)
{
	case_defer(t, put_online, (void *)(uintptr_t)path);
	REQUIRE_OK(t, knob_write(path, "0"));
	if (is_in_list(cpus_online(t), cpu))
		FAIL(t, "CPU %d is still online after it was told to go", cpu);
	else
		check_passed(t);
	REQUIRE_OK(t, knob_write(path, "1"));
	if (is_in_list(cpus_online(t), cpu))
		check_passed(t);
	else
		FAIL(t, "CPU %d has not come back", cpu);
}

CASE(cpu, offline_online_cycle_works,
     .title = "Each CPU but the first can go offline and come back", .priority = P2,
     .isolation = ISOLATION_FORK, .needs = "cpus>=2,kconfig:HOTPLUG_CPU", .timeout_s = 120,
     .why = "Resizing a running VM, suspending it and isolating a failing CPU all go this way.",
     .remedy = "The kernel log names the driver or state that refused to leave or enter the CPU.",
     .sources = "own")
{
	const char *online = cpus_online(t);
	unsigned cycled = 0;

	for (int cpu = 0; (cpu = cpulist_next(online, cpu)) >= 0;) {
		const char *path = case_format(t, "/sys/devices/system/cpu/cpu%d/online", cpu);
		if (!file_exists(t, path))
			continue;
		cycle(t, cpu, path);
		cycled++;
	}
	CHECK_GT(t, cycled, 0);
}

SABOTAGE(cpu, offline_online_cycle_works, "the switch of CPU 1 is not connected to anything")
{
	sabotage_file(t, "/sys/devices/system/cpu/cpu1/online", "1\n");
}
