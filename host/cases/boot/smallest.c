/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a machine of the product has. */
#include "host/cases/host_order.h"

#define BOOT_S	 500
#define SETTLE_S 150

static const struct size *smallest(struct host_trial *t)
{
	struct size *size = host_alloc(t, sizeof *size);
	const struct size *own = machine_spec(host_machine(t))->size;
	long long mem_mib = host_plan_number(t, "smallest_mem_mib", own->mem_mib);

	/* The run has seen to it that there is room for machines of its own size, and for no larger ones. */
	if (mem_mib > own->mem_mib)
		host_skip(
			t, host_format(t, "mem_mb>=%lld", mem_mib),
			"the size has %u MiB of memory, less than the smallest that the policy promises",
			own->mem_mib);
	*size = *own;
	size->cpus = 1;
	size->numa_nodes = 0;
	size->max_mem_mib = 0;
	size->mem_mib = (unsigned)mem_mib;
	return size;
}

HOST_CASE(
	boot, boots_on_smallest_size,
	.title = "The image boots with one CPU and the smallest memory that is promised",
	.priority = P1, .isolation = ISOLATION_FORK, .boots_again = true,
	.needs = "image:file,policy:smallest_mem_mib", .timeout_s = 800,
	.why = "The smallest machines are the cheapest, and the most.",
	.remedy =
		"Shrink the initrd (MODULES=dep, no needless firmware), take what is not needed out "
		"of the boot, or promise more memory.",
	.sources = "AZCERT:lisa-other/small-memory")
{
	const struct host_order order = {.size = smallest(t)};
	const char *cpus;

	HOST_REQUIRE(t, host_boot_ordered(t, &order, BOOT_S));
	HOST_CHECK(t, host_settle(t, SETTLE_S));
	cpus = host_guest_read(t, "/sys/devices/system/cpu/online");
	if (cpus)
		HOST_CHECK_TEXT(t, cpus, "0\n");
	HOST_CHECK_LACKS(t, host_console_whole(t), "Out of memory");
}

HOST_SABOTAGE(boot, boots_on_smallest_size, "the kernel takes most of the memory for itself")
{
	/* Whatever of them there is room for is set apart, before anything else of the system starts. */
	static const struct case_sabotage hoards = CMDLINE(
		"the kernel takes most of the memory for itself", "hugepagesz=2M hugepages=65536");

	host_plant(t, &hoards);
}
