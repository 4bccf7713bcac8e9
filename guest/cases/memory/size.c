/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory the kernel has found and leaves to programs. */
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"

#define MEMINFO	     "/proc/meminfo"
#define NODES_ONLINE "/sys/devices/system/node/online"

/* A line "Key:  123 kB", with an optional "Node 0 " before it; -1 when it is not there. */
static long long meminfo_kib(struct trial *t, const char *path, const char *key)
{
	const char *text = file_text(t, path);
	const char *at = text ? strstr(text, key) : NULL;
	long long kib;

	return at && sscanf(at + strlen(key), " %lld kB", &kib) == 1 ? kib : -1;
}

CASE(memory, total_matches_size,
     .title = "Usable memory is at least what the VM size promises, less policy overhead",
     .priority = P0,
     .why = "Memory that firmware or kernel keep for themselves is missing to the customer's programs.",
     .remedy =
	     "Compare the firmware's memory map in the kernel log with the size; look for mem= and crashkernel=.",
     .sources = "CIT:shapevalidation.TestMem")
{
	long long promised_mib = plan_number(t, "mem_mib", 0);
	long long total_kib = meminfo_kib(t, MEMINFO, "MemTotal:");
	long long crash_kib = file_number(t, "/sys/kernel/kexec_crash_size", 0) / 1024;

	if (promised_mib == 0)
		case_skip(t, "policy:size", "the plan does not tell how much memory the size has");
	REQUIRE(t, total_kib > 0);
	/* The kernel's image, its page descriptors (1/64) and what it reserves early grow with the size, but not all. */
	long long overhead_kib = plan_number(t, "mem_overhead_mib", 64 + promised_mib / 16) * 1024;
	CHECK_GE(t, total_kib + crash_kib, promised_mib * 1024 - overhead_kib);
	CHECK_LE(t, total_kib, promised_mib * 1024);
}

SABOTAGE(memory, total_matches_size, "the kernel has found a quarter of the memory")
{
	long long kib = meminfo_kib(t, MEMINFO, "MemTotal:") / 4;

	sabotage_file(t, MEMINFO, case_format(t, "MemTotal:       %lld kB\n", kib));
}

CASE(memory, numa_nodes_match_size,
     .title = "NUMA nodes, their CPUs and memory equal the declared layout", .priority = P1,
     .needs = "kconfig:NUMA",
     .why = "Programs that place memory by node run at half speed when the layout is not the real one.",
     .remedy = "Check the firmware's SRAT table, and numa= on the command line.",
     .sources = "CIT:shapevalidation.TestNuma,CIV:test_numa_settings")
{
	long long promised = plan_number(t, "numa", 0);
	const char *nodes = file_line(t, NODES_ONLINE);

	if (promised == 0)
		case_skip(t, "policy:size",
			  "the plan does not tell how many NUMA nodes the size has");
	REQUIRE(t, nodes != NULL);
	CHECK_EQ(t, cpulist_count(nodes), promised);
	for (int node = -1; (node = cpulist_next(nodes, node)) >= 0;) {
		const char *folder = case_format(t, "/sys/devices/system/node/node%d", node);
		const char *cpus = file_line(t, case_format(t, "%s/cpulist", folder));
		if (!cpus || cpulist_count(cpus) == 0)
			FAIL(t, "node %d has no CPU", node);
		if (meminfo_kib(t, case_format(t, "%s/meminfo", folder), "MemTotal:") <= 0)
			FAIL(t, "node %d has no memory", node);
	}
}

SABOTAGE(memory, numa_nodes_match_size, "the kernel sees more nodes than the size has")
{
	sabotage_file(t, NODES_ONLINE, "0-62\n");
}
