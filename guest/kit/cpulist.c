/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's lists of CPUs. */
#include "guest/kit/cpulist.h"

#include <ctype.h>
#include <sched.h>

/* Reads a number at *at; -1 when there is none or it is too large. */
static int number_at(const char **at)
{
	int number = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	for (; isdigit((unsigned char)**at); ++*at) {
		number = number * 10 + (**at - '0');
		if (number >= CPULIST_MAX)
			return -1;
	}
	return number;
}

int cpulist_next(const char *list, int after)
{
	int found = -1;

	for (const char *at = list; *at && *at != '\n';) {
		int first = number_at(&at), last = first;
		if (*at == '-') {
			at++;
			last = number_at(&at);
		}
		if (first < 0 || last < first || (*at && *at != ',' && *at != '\n'))
			return -1;
		int candidate = first > after ? first : after + 1;
		if (candidate <= last && (found < 0 || candidate < found))
			found = candidate;
		if (*at == ',')
			at++;
	}
	return found;
}

unsigned cpulist_count(const char *list)
{
	unsigned count = 0;

	for (int cpu = -1; (cpu = cpulist_next(list, cpu)) >= 0;)
		count++;
	return count;
}

const char *cpus_online(struct trial *t)
{
	const char *online = file_line(t, CPU_ONLINE);

	/* Who runs on each CPU of an empty list has tried nothing. */
	REQUIRE(t, online != NULL);
	REQUIRE(t, cpulist_next(online, -1) >= 0);
	return online;
}

int cpu_enter(int cpu)
{
	cpu_set_t *set = CPU_ALLOC(CPULIST_MAX);
	size_t size = CPU_ALLOC_SIZE(CPULIST_MAX);

	if (!set)
		return -ENOMEM;
	CPU_ZERO_S(size, set);
	CPU_SET_S(cpu, size, set);
	int r = sched_setaffinity(0, size, set) < 0 ? -errno : 0;
	CPU_FREE(set);
	return r;
}
