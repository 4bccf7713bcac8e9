/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the host holds what the plan puts on it. */
#include <stdio.h>
#include <sys/statvfs.h>

#include "host/cases/host_side.h"
#include "host/driver/qemu/lacks.h"
#include "host/driver/resources.h"

#define MIB	      (1LL << 20)
#define INODES_WANTED 1000

/* The number in kB behind that key of /proc/PID/status. */
static long long kib_of(const char *status, const char *key)
{
	const char *line = status ? strstr(status, key) : NULL;
	long long kib = 0;

	return line && sscanf(line + strlen(key), " %lld kB", &kib) == 1 ? kib : 0;
}

/* What the VMs of this process have taken already. */
static long long taken_bytes(struct host_trial *t)
{
	const char *children = host_format(t, "\nPPid:\t%d\n", (int)getpid());
	long long bytes = 0;

	for (const char *const *name = host_side_names(t, "/proc"); *name; name++) {
		if (strspn(*name, "0123456789") != strlen(*name))
			continue;
		const char *status = host_side_read(t, host_format(t, "/proc/%s/status", *name));
		if (status && has_prefix(status, "Name:\tqemu-system") && strstr(status, children))
			bytes += (kib_of(status, "\nRssAnon:") + kib_of(status, "\nRssShmem:")) *
				 1024;
	}
	return bytes;
}

/* The run was begun with RESOURCES_MACHINE_EXTRA_MIB more for each of them: that much may come and go. */
HOST_CASE(host, free_memory_fits_plan,
	  .title = "Free host memory suffices for every VM planned at once", .priority = P1,
	  .isolation = ISOLATION_SHARED, .timeout_s = 20,
	  .why = "A host that runs out of memory kills machines in the middle of a case.",
	  .remedy = "End other programs, or choose a smaller --size or fewer --jobs.",
	  .sources = "own")
{
	long long machines = host_plan_number(t, "machines", 1);
	long long each = machine_spec(host_machine(t))->size->mem_mib;
	long long available = (long long)resources_memory(host_side_root(t));
	long long taken = taken_bytes(t);

	if (available == 0)
		host_skip(t, "meminfo", "nothing tells how much memory is available");
	host_note(t,
		  "%lld MiB are free, %lld MiB taken, %lld machines may come to need %lld MiB each",
		  available / MIB, taken / MIB, machines, each);
	HOST_CHECK_GE(t, (available + taken) / MIB, machines * each);
}

HOST_SABOTAGE(host, free_memory_fits_plan, "hardly any memory is available")
{
	host_side_plant(t, "/proc/meminfo", "MemTotal:  1024000 kB\nMemAvailable:  1024 kB\n");
}

/* The folder of the machine is on the run's file system, where overlays, logs and the journal grow. */
HOST_CASE(host, free_disk_fits_plan,
	  .title = "Free host disk space and inodes suffice for all overlays", .priority = P1,
	  .isolation = ISOLATION_SHARED, .timeout_s = 10,
	  .why = "Where an overlay cannot grow, the guest sees a disk that fails.",
	  .remedy = "Make room, or choose another --out.", .sources = "own")
{
	const char *folder = host_side_path(t, machine_spec(host_machine(t))->folder);
	long long wanted = RESOURCES_RUN_MIB / 2; /* of what it was begun with */
	struct statvfs vfs;

	HOST_REQUIRE(t, statvfs(folder, &vfs) == 0);
	HOST_CHECK_GE(t, (long long)(vfs.f_bavail * vfs.f_frsize) / MIB, wanted);
	if (vfs.f_files > 0) /* btrfs and others have as many as they like */
		HOST_CHECK_GE(t, (long long)vfs.f_favail, INODES_WANTED);
}

/* procfs has neither room nor inodes. */
HOST_SABOTAGE(host, free_disk_fits_plan, "the folder lies on a file system without any room")
{
	host_side_plant_link(t, machine_spec(host_machine(t))->folder, "/proc");
}

/* ---- firmware ---- */

/* "_FVH" at 40, the volume's length at 32: UEFI PI Specification, volume 3, 3.2.1. */
static const char *volume_fault(struct host_trial *t, const char *path)
{
	unsigned char head[44];
	unsigned long long length = 0;
	FILE *file = fopen(host_side_path(t, path), "re");
	size_t count = file ? fread(head, 1, sizeof head, file) : 0;
	long long size = file && fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;

	if (file)
		(void)fclose(file);
	if (count < sizeof head)
		return host_format(t, "it has %lld bytes", size);
	for (int i = 7; i >= 0; i--)
		length = length << 8 | head[32 + i];
	if (memcmp(head + 40, "_FVH", 4) != 0)
		return "it does not begin with a firmware volume";
	if (length > (unsigned long long)size)
		return host_format(t, "its first volume of %llu bytes is cut at %lld", length,
				   size);
	return NULL;
}

typedef int find_fn(char **ret, struct err *e);

static const char *find(struct host_trial *t, find_fn *fn)
{
	struct err e = {0};
	char *path = NULL;

	if (fn(&path, &e) < 0) {
		HOST_FAIL(t, "%s", e.text);
		return NULL;
	}
	const char *kept = host_format(t, "%s", path);
	free(path);
	return kept;
}

HOST_CASE(host, firmware_files_are_present,
	  .title = "The firmware and the variables that machines get are there and whole",
	  .priority = P1, .isolation = ISOLATION_SHARED, .needs = "uefi", .timeout_s = 10,
	  .why = "With a damaged firmware no image boots.",
	  .remedy = "Install the package ovmf anew.", .sources = "own")
{
	find_fn *const parts[] = {qemu_firmware, qemu_firmware_variables};

	for (size_t i = 0; i < 2; i++) {
		const char *path = find(t, parts[i]);
		const char *fault = path ? volume_fault(t, path) : NULL;
		if (fault)
			HOST_FAIL(t, "%s: %s", path, fault);
		else if (path)
			host_check_passed(t);
	}
}

HOST_SABOTAGE(host, firmware_files_are_present, "the firmware is an empty file")
{
	struct err e = {0};
	char *path = NULL;

	if (qemu_firmware(&path, &e) < 0)
		host_broken(t, "%s", e.text);
	const char *kept = host_format(t, "%s", path);
	free(path);
	host_side_plant(t, kept, "");
}
