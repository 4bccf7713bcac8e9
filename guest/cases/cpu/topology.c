/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets, cores and threads: what was promised, and what the kernel's several descriptions say. */
#ifdef __x86_64__
#include <cpuid.h>
#endif

#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"

#define TOPOLOGY "/sys/devices/system/cpu/cpu%d/topology/%s"
#define CPUINFO	 "/proc/cpuinfo"
#define CPUS_MAX 4096

static const char *topology_line(struct trial *t, int cpu, const char *name)
{
	const char *line = file_line(t, case_format(t, TOPOLOGY, cpu, name));

	REQUIRE(t, line != NULL);
	return line;
}

static long long topology_number(struct trial *t, int cpu, const char *name)
{
	return file_number(t, case_format(t, TOPOLOGY, cpu, name), -1);
}

/* ---- what was promised ---- */

static unsigned count_sockets(struct trial *t)
{
	long long seen[CPUS_MAX];
	unsigned count = 0;

	for (int cpu = -1; (cpu = cpulist_next(cpus_online(t), cpu)) >= 0;) {
		long long socket = topology_number(t, cpu, "physical_package_id");
		unsigned i = 0;
		while (i < count && seen[i] != socket)
			i++;
		if (i == count && count < CPUS_MAX)
			seen[count++] = socket;
	}
	return count;
}

CASE(cpu, topology_matches_size, .title = "Sockets, cores and threads equal the declared topology",
     .priority = P1, .needs = "arch:x86_64",
     .why = "Schedulers place tasks, and vendors count licences, by sockets, cores and threads.",
     .remedy = "Compare the firmware's tables and the kernel log of the CPUs' start with the size.",
     .sources = "own")
{
	long long cpus = plan_number(t, "cpus", 0), nodes = plan_number(t, "numa", 1);
	/* The machine has a socket for each node, where the CPUs can be shared out so. */
	long long sockets = nodes > 0 && cpus % nodes == 0 ? nodes : 1, threads = 1;

	if (cpus == 0)
		case_skip(t, "policy:size", "the plan does not tell how many CPUs the size has");
	CHECK_EQ(t, count_sockets(t), sockets);
	for (int cpu = -1; (cpu = cpulist_next(cpus_online(t), cpu)) >= 0;) {
		CHECK_EQ(t, cpulist_count(topology_line(t, cpu, "thread_siblings_list")), threads);
		CHECK_EQ(t, cpulist_count(topology_line(t, cpu, "core_siblings_list")),
			 cpus / sockets);
	}
}

SABOTAGE(cpu, topology_matches_size, "the first CPU seems to have a second thread")
{
	sabotage_file(t, case_format(t, TOPOLOGY, 0, "thread_siblings_list"), "0,511\n");
}

/* ---- what the descriptions say ---- */

/* The number behind `key` in the part of /proc/cpuinfo about that CPU; -1 when it is not there. */
static long long cpuinfo_number(struct trial *t, int cpu, const char *key)
{
	const char *text = file_text(t, CPUINFO);
	size_t length = strlen(key);
	long long number = -1, value;

	REQUIRE(t, text != NULL);
	for (const char *line; (line = text_line(t, &text));) {
		const char *colon = strchr(line, ':');
		bool is_key = strncmp(line, key, length) == 0 && strchr("\t:", line[length]);
		if (!colon)
			continue;
		if (has_prefix(line, "processor"))
			(void)number_parse(colon + 2, 0, CPUS_MAX, &number);
		else if (is_key && number == cpu &&
			 number_parse(colon + 2, 0, UINT32_MAX, &value) == 0)
			return value;
	}
	return -1;
}

CASE(cpu, topology_sources_agree,
     .title = "CPUID, sysfs and /proc/cpuinfo describe the same CPU topology", .priority = P2,
     .needs = "arch:x86_64",
     .why = "Programs that ask one source and kernels that use another pin threads to the wrong CPUs.",
     .remedy = "Look for a kernel change in the CPUs' enumeration, and for wrong firmware tables.",
     .sources = "own")
{
	for (int cpu = -1; (cpu = cpulist_next(cpus_online(t), cpu)) >= 0;) {
		CHECK_EQ(t, cpuinfo_number(t, cpu, "physical id"),
			 topology_number(t, cpu, "physical_package_id"));
		CHECK_EQ(t, cpuinfo_number(t, cpu, "core id"), topology_number(t, cpu, "core_id"));
		CHECK_EQ(t, cpuinfo_number(t, cpu, "siblings"),
			 (long long)cpulist_count(topology_line(t, cpu, "core_siblings_list")));
	}
}

SABOTAGE(cpu, topology_sources_agree, "one source gives the first CPU more neighbours")
{
	sabotage_file(t, case_format(t, TOPOLOGY, 0, "core_siblings_list"), "0-510\n");
}

/* The number of the CPU that this runs on, as the processor itself says. */
static long long apic_id_by_cpuid(void)
{
#ifdef __x86_64__
	unsigned a, b = 0, c = 0, d = 0;

	if (__get_cpuid_count(0xb, 0, &a, &b, &c, &d) && b != 0)
		return d;
	if (__get_cpuid(1, &a, &b, &c, &d))
		return b >> 24;
#endif
	return -1;
}

CASE(cpu, apic_ids_are_consistent,
     .title = "Each CPU's APIC id is unique and the same from CPUID and kernel", .priority = P2,
     .needs = "arch:x86_64",
     .why = "Interrupts are sent by this number: a wrong one goes to another CPU, or nowhere.",
     .remedy = "Compare the firmware's MADT with the machine's CPUs.", .sources = "own")
{
	const char *online = cpus_online(t);

	for (int cpu = -1; (cpu = cpulist_next(online, cpu)) >= 0;) {
		long long id = cpuinfo_number(t, cpu, "apicid");
		REQUIRE_OK(t, cpu_enter(cpu));
		CHECK_EQ(t, id, apic_id_by_cpuid());
		for (int other = cpu; (other = cpulist_next(online, other)) >= 0;)
			CHECK_NE(t, id, cpuinfo_number(t, other, "apicid"));
	}
}

SABOTAGE(cpu, apic_ids_are_consistent, "the kernel has another number for the first CPU")
{
	sabotage_replace(t, CPUINFO,
			 case_format(t, "\napicid\t\t: %lld\n", cpuinfo_number(t, 0, "apicid")),
			 "\napicid\t\t: 77\n");
}
