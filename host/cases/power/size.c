/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that comes back with another size. */
#include <stdio.h>

#include "host/cases/host_case.h"

#define SHUTDOWN_S 120
#define BOOT_S	   400
#define SETTLE_S   150

/* What programs can have, and what is set apart for a crash kernel: some set apart more on larger machines. */
static long long memory_kib(struct host_trial *t)
{
	const char *text = host_guest_read(t, "/proc/meminfo");
	const char *crash = host_guest_read(t, "/sys/kernel/kexec_crash_size");
	const char *at = text ? strstr(text, "MemTotal:") : NULL;
	long long kib = 0, crash_bytes = 0;

	HOST_REQUIRE(t, at && sscanf(at, "MemTotal: %lld kB", &kib) == 1);
	if (crash)
		(void)sscanf(crash, "%lld", &crash_bytes);
	return kib + crash_bytes / 1024;
}

/* A CPU more for each node, and half of the memory once more. */
static struct size *enlarged(struct host_trial *t, const struct size *size)
{
	struct size *larger = host_alloc(t, sizeof *larger);
	unsigned nodes = size->numa_nodes ? size->numa_nodes : 1;
	unsigned more_mib = size->mem_mib / 2 / nodes * nodes;

	*larger = *size;
	larger->cpus += nodes;
	larger->mem_mib += more_mib;
	if (size->max_mem_mib > 0)
		larger->max_mem_mib += more_mib;
	return larger;
}

static void restart_with(struct host_trial *t, const struct size *size)
{
	(void)host_call(t, "poweroff", NULL);
	HOST_REQUIRE(t, host_wait_event(t, "SHUTDOWN", SHUTDOWN_S));
	host_power_cut(t);
	host_resize(t, size);
	HOST_REQUIRE(t, host_power_on(t, BOOT_S));
}

static void require_cpus(struct host_trial *t, const struct size *size)
{
	const char *online = size->cpus > 1 ? host_format(t, "0-%u\n", size->cpus - 1) : "0\n";

	HOST_REQUIRE_TEXT(t, host_guest_read(t, "/sys/devices/system/cpu/online"), online);
}

HOST_CASE(
	power, new_size_is_seen_after_restart,
	.title = "After a restart with more or with less CPUs and memory the guest has just these",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .cuts_power = true,
	/* Half a machine more has room where a second one has. */
	.needs = "vms>=2", .timeout_s = 1100,
	.why = "Whoever pays for a larger machine gets it at the next start, or never.",
	.remedy =
		"Look for nr_cpus=, maxcpus= and mem= on the kernel's command line, and for what writes the "
		"size down at the first boot.",
	.sources = "LISA:verify_vm_resize_increase,LISA:verify_vm_resize_decrease")
{
	const struct size *size = machine_spec(host_machine(t))->size;
	const struct size *larger = enlarged(t, size);
	long long added_kib = (larger->mem_mib - size->mem_mib) * 1024LL;
	long long before_kib = memory_kib(t);

	restart_with(t, larger);
	require_cpus(t, larger);
	/* The kernel takes a 64th of it for its page descriptors, and some of its tables grow. */
	HOST_REQUIRE(t, memory_kib(t) - before_kib > added_kib - added_kib / 8);
	(void)host_settle(t, SETTLE_S);
	restart_with(t, size);
	require_cpus(t, size);
	HOST_CHECK_LE(t, memory_kib(t), size->mem_mib * 1024LL);
	HOST_CHECK_GT(t, memory_kib(t) - before_kib, -added_kib / 8);
}

/* The loader's files are reached as in the micro-VM: their filesystems are mounted once more. */
HOST_SABOTAGE(power, new_size_is_seen_after_restart, "the kernel's arguments fix the old size")
{
	const struct size *size = machine_spec(host_machine(t))->size;
	const char *argument = host_format(t, "nr_cpus=%u mem=%uM", size->cpus, size->mem_mib);

	if (host_call(t, "probe", "plant_kernel_argument", argument, NULL) != 0)
		host_broken(t, "no boot entry could be changed");
}
