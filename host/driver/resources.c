/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: MemAvailable of /proc/meminfo (Linux Documentation/filesystems/proc.rst). Control groups: memory.max,
 * memory.current, inactive_file of memory.stat, and cpu.max (Documentation/admin-guide/cgroup-v2.rst); the limit of each
 * group above ours holds as well. Pressure: /proc/pressure/memory and memory.pressure of the groups (Documentation/
 * accounting/psi.rst).
 */
#include "host/driver/resources.h"

#include <sched.h>
#include <string.h>

#include "base/text.h"

#define FILE_MAX    65536
#define CGROUP_ROOT "/sys/fs/cgroup"

/* The number behind `key` at the beginning of a line; -1: there is none. */
static long long number_of(const char *text, const char *key)
{
	long long number = -1;
	char word[32];

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!has_prefix(line, key))
			continue;
		const char *at = line + strlen(key);
		at += strspn(at, " \t");
		size_t length = strcspn(at, " \t\n");
		if (length == 0 || length >= sizeof word)
			return -1;
		memcpy(word, at, length);
		word[length] = '\0';
		return number_parse(word, 0, 1LL << 60, &number) == 0 ? number : -1;
	}
	return -1;
}

static long long read_number(const char *folder, const char *name, const char *key)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_TEXT struct text text = TEXT_INIT(FILE_MAX);

	return text_read_file(&text, path) == 0 ? number_of(text.buf, key) : -1;
}

/* This process's group below the mount ("" is the top); NULL: there is no cgroup v2. */
static char *own_group(const char *root)
{
	CLEAN_FREE char *path = xasprintf("%s/proc/self/cgroup", root);
	CLEAN_TEXT struct text text = TEXT_INIT(FILE_MAX);

	if (text_read_file(&text, path) < 0)
		return NULL;
	const char *line = has_prefix(text.buf, "0::/") ? text.buf : strstr(text.buf, "\n0::/");
	if (!line)
		return NULL;
	line = strchr(line, '/');
	size_t length = strcspn(line, "\n");
	while (length > 0 && line[length - 1] == '/')
		length--;
	return strndup(line, length);
}

/* Calls `look` for the folder of our group and of each one above it. */
static void walk_groups(const char *root, void (*look)(const char *folder, void *arg), void *arg)
{
	CLEAN_FREE char *group = own_group(root);

	while (group) {
		CLEAN_FREE char *folder = xasprintf("%s" CGROUP_ROOT "%s", root, group);
		look(folder, arg);
		char *slash = strrchr(group, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* What fits below a group's limit; cached files that nobody used lately give way. */
static void look_at_memory(const char *folder, void *arg)
{
	uint64_t *available = arg;
	long long max = read_number(folder, "memory.max", ""),
		  used = read_number(folder, "memory.current", ""),
		  cache = read_number(folder, "memory.stat", "inactive_file ");

	if (max < 0 || used < 0)
		return;
	used -= cache > 0 ? cache : 0;
	uint64_t left = used < max ? (uint64_t)(max - used) : 1;
	if (left < *available)
		*available = left;
}

uint64_t resources_memory(const char *root)
{
	CLEAN_FREE char *proc = xasprintf("%s/proc", root);
	long long kib = read_number(proc, "meminfo", "MemAvailable:");
	uint64_t available = kib < 0 ? UINT64_MAX : (uint64_t)kib * 1024;

	walk_groups(root, look_at_memory, &available);
	return available == UINT64_MAX ? 0 : available;
}

static void look_at_memory_limit(const char *folder, void *arg)
{
	long long max = read_number(folder, "memory.max", "");
	uint64_t *total = arg;

	if (max >= 0 && (uint64_t)max < *total)
		*total = (uint64_t)max;
}

uint64_t resources_memory_total(const char *root)
{
	CLEAN_FREE char *proc = xasprintf("%s/proc", root);
	long long kib = read_number(proc, "meminfo", "MemTotal:");
	uint64_t total = kib < 0 ? UINT64_MAX : (uint64_t)kib * 1024;

	walk_groups(root, look_at_memory_limit, &total);
	return total == UINT64_MAX ? 0 : total;
}

/* ---- pressure ---- */

struct pressures {
	struct resources_pressure worst;
	bool found;
};

/* Hundredths of a percent in "some avg10=1.53 avg60=…"; -1: the line is not there or not so. */
static long long average_of(const char *text, const char *line)
{
	const char *at = strstr(text, line);
	long long whole, hundredths;
	char digits[32];

	if (!at || (at > text && at[-1] != '\n'))
		return -1;
	at += strlen(line);
	size_t length = strcspn(at, " \n"), point = strcspn(at, ".");
	if (length >= sizeof digits || point + 3 != length)
		return -1;
	memcpy(digits, at, length);
	digits[length] = digits[point] = '\0';
	if (number_parse(digits, 0, 100, &whole) < 0 ||
	    number_parse(digits + point + 1, 0, 99, &hundredths) < 0)
		return -1;
	return whole * 100 + hundredths;
}

static void read_pressure(const char *folder, const char *name, struct pressures *ret)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_TEXT struct text text = TEXT_INIT(FILE_MAX);

	if (text_read_file(&text, path) < 0)
		return;
	long long some = average_of(text.buf, "some avg10="),
		  full = average_of(text.buf, "full avg10=");
	if (some < 0)
		return;
	ret->found = true;
	if (some > ret->worst.some)
		ret->worst.some = (unsigned)some;
	if (full > ret->worst.full)
		ret->worst.full = (unsigned)full;
}

static void look_at_pressure(const char *folder, void *arg)
{
	read_pressure(folder, "memory.pressure", arg);
}

bool resources_memory_pressure(const char *root, struct resources_pressure *ret)
{
	CLEAN_FREE char *proc = xasprintf("%s/proc/pressure", root);
	struct pressures pressures = {0};

	read_pressure(proc, "memory", &pressures);
	walk_groups(root, look_at_pressure, &pressures);
	if (pressures.found)
		*ret = pressures.worst;
	return pressures.found;
}

/* ---- CPUs ---- */

/* "200000 100000": two CPUs' worth of time. */
static void look_at_cpus(const char *folder, void *arg)
{
	CLEAN_FREE char *path = xasprintf("%s/cpu.max", folder);
	CLEAN_TEXT struct text text = TEXT_INIT(FILE_MAX);
	unsigned *cpus = arg;

	if (text_read_file(&text, path) < 0)
		return;
	const char *space = strchr(text.buf, ' ');
	long long quota = number_of(text.buf, ""), period = space ? number_of(space + 1, "") : -1;
	if (quota <= 0 || period <= 0)
		return;
	long long whole = quota / period;
	if (whole < *cpus)
		*cpus = whole < 1 ? 1 : (unsigned)whole;
}

unsigned resources_cpus(const char *root)
{
	cpu_set_t set;
	unsigned cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;

	walk_groups(root, look_at_cpus, &cpus);
	return cpus;
}
