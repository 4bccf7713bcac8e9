/* SPDX-License-Identifier: Apache-2.0 */
/* How many CPUs there are, and whether the kernel uses and schedules on all of them. */
#include <sched.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"
#include "guest/kit/knob.h"
#include "guest/kit/seccomp.h"

#define CPU_PRESENT "/sys/devices/system/cpu/present"

CASE(cpu, all_present_are_online, .title = "Every present CPU is online", .priority = P0,
     .needs = "cpus>=2",
     .why = "A CPU that failed to start is paid for and not used, and hints at broken firmware tables.",
     .remedy =
	     "Look in the kernel log for the CPU that did not come up, and for maxcpus= on the command line.",
     .sources = "own")
{
	const char *present = file_line(t, CPU_PRESENT);

	REQUIRE(t, present != NULL);
	CHECK_EQ(t, cpus_online(t), present);
}

SABOTAGE(cpu, all_present_are_online, "CPU 1 is taken offline")
{
	knob_set(t, "/sys/devices/system/cpu/cpu1/online", "0");
}

CASE(cpu, count_matches_size, .title = "Online CPUs equal the count the VM size promises",
     .priority = P0,
     .why = "A guest that sees fewer CPUs than its size has lost what the customer pays for.",
     .remedy =
	     "Compare the firmware's tables and the kernel's command line (maxcpus=, nr_cpus=) with the size.",
     .sources =
	     "LISA:verify_cpu_count,CIT:shapevalidation.TestCpu,CIV:test_number_of_cpus_are_correct")
{
	long long promised = plan_number(t, "cpus", 0);

	if (promised == 0)
		case_skip(t, "policy:size", "the plan does not tell how many CPUs the size has");
	CHECK_EQ(t, cpulist_count(cpus_online(t)), promised);
}

SABOTAGE(cpu, count_matches_size, "the kernel runs another number of CPUs than the size has")
{
	sabotage_file(t, CPU_ONLINE, "0-510\n");
}

CASE(cpu, affinity_is_obeyed, .title = "A pinned task runs on its CPU only", .priority = P2,
     .needs = "cpus>=2",
     .why = "Databases and packet processors pin their threads and rely on it for speed and correctness.",
     .remedy =
	     "Check for a cpuset that overrides the affinity, and for kernel changes to the scheduler.",
     .sources = "own")
{
	const char *online = cpus_online(t);

	for (int cpu = -1; (cpu = cpulist_next(online, cpu)) >= 0;) {
		REQUIRE_OK(t, cpu_enter(cpu));
		int strays = 0;
		for (int i = 0; i < 50; i++) {
			sched_yield();
			strays += sched_getcpu() != cpu;
		}
		CHECK_EQ(t, strays, 0);
	}
}

SABOTAGE(cpu, affinity_is_obeyed, "affinities are taken and ignored")
{
	sabotage_syscall(t, SYS_sched_setaffinity, 0);
}

/* The sum of the local timer's interrupts on the n-th online CPU; -1 when the kernel does not count
 * them. */
static long long timer_ticks(struct trial *t, unsigned column)
{
	const char *text = file_text(t, "/proc/interrupts");
	long long sum = -1;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (!strstr(line, "Local timer interrupts") && !strstr(line, "arch_timer"))
			continue;
		const char *number = strchr(line, ':');
		unsigned long long count = 0;
		int used = 0;
		for (unsigned i = 0; number && i <= column; i++) {
			number += i == 0 ? 1 : used;
			if (sscanf(number, " %llu%n", &count, &used) != 1)
				number = NULL;
		}
		if (number)
			sum = (sum < 0 ? 0 : sum) + (long long)count;
	}
	return sum;
}

static bool timer_ticks_rise(struct trial *t, unsigned column)
{
	long long before = timer_ticks(t, column);
	uint64_t until_ns = clock_now_ns() + 3 * NS_PER_S;

	REQUIRE(t, before >= 0);
	/* Busy on purpose: an idle CPU may stop its tick. */
	while (clock_now_ns() < until_ns) {
		uint64_t slice_ns = clock_now_ns() + 5 * NS_PER_MS;
		while (clock_now_ns() < slice_ns)
			;
		if (timer_ticks(t, column) > before)
			return true;
	}
	return false;
}

CASE(cpu, timer_ticks_on_every_cpu, .title = "Local timer interrupts rise on every busy CPU",
     .priority = P1, .timeout_s = 120,
     .why = "A CPU without a tick never preempts: the first busy task on it runs for ever.",
     .remedy =
	     "Look for a dead local APIC timer or architected timer in the kernel log of the boot.",
     .sources = "own")
{
	const char *online = cpus_online(t);
	unsigned column = 0;

	for (int cpu = -1; (cpu = cpulist_next(online, cpu)) >= 0; column++) {
		REQUIRE_OK(t, cpu_enter(cpu));
		if (timer_ticks_rise(t, column))
			check_passed(t);
		else
			FAIL(t, "CPU %d has had no timer interrupt in three busy seconds", cpu);
	}
}

SABOTAGE(cpu, timer_ticks_on_every_cpu, "the interrupt counters stand still")
{
	const char *frozen = file_text(t, "/proc/interrupts");

	REQUIRE(t, frozen != NULL);
	sabotage_file(t, "/proc/interrupts", frozen);
}
