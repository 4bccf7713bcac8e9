/* SPDX-License-Identifier: Apache-2.0 */
/* A SCSI disk that answers nothing for a while. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "host/cases/host_hotplug.h"

#define DISK	  "stalled"
#define DISK_MIB  64
#define STALL_S	  20
#define LEAST_S	  (STALL_S - 4) /* so long it must at least have been */
#define FILL_KIB  400
#define FILE_NAME DEVICE_FOLDER "/file"

/* Not virtio-scsi: its driver waits for ever, whatever the disk's timeout is. */
static const char *plug_disk(struct host_trial *t)
{
	const char *path = device_file(t, DISK);

	if (device_file_make(t, path, DISK_MIB))
		device_node(t, DISK, path, "\"discard\":\"unmap\"");
	device_plug(t, "pvscsi", "\"driver\":\"pvscsi\",\"bus\":\"hot0\"");
	device_plug(t, DISK,
		    "\"driver\":\"scsi-hd\",\"drive\":\"" DISK "\",\"serial\":\"" DISK "\","
		    "\"bus\":\"pvscsi.0\"");
	const char *disk = disk_await(t, DISK);
	/* That it comes is not what is to be found out here. */
	if (!disk)
		host_skip(t, "kmod:vmw_pvscsi",
			  "no driver takes a disk behind a PVSCSI controller");
	return disk;
}

static const char *device_attribute(struct host_trial *t, const char *disk, const char *name)
{
	return host_format(t, "/sys/block/%s/device/%s", disk, name);
}

/* Without what the kernel would go on to write by itself. */
static void make_filesystem(struct host_trial *t, const char *disk)
{
	const char *device = host_format(t, "/dev/%s", disk), *said = "";

	if (host_guest_run(t, &said, "mkfs.ext4", "-q", "-F", "-b", "4096", "-E",
			   "lazy_itable_init=0,lazy_journal_init=0", device, NULL) != 0)
		host_broken(t, "mkfs.ext4 %s: %s", device, said);
	if (!disk_mount(t, disk))
		host_broken(t, "what was made on %s cannot be mounted", device);
}

/* Of writing, in bytes a second; 0 none. With a limit one large request passes, and the next ones wait until it has made up for
 * that. udev reads when it likes: that does not count. */
static void limit_rate(struct host_trial *t, unsigned rate)
{
	const char *limit = host_format(t,
					"{\"id\":\"" DISK "\",\"bps\":0,\"bps_rd\":0,\"bps_wr\":%u,"
					"\"iops\":0,\"iops_rd\":0,\"iops_wr\":0}",
					rate);

	if (!host_qmp(t, "block_set_io_throttle", limit))
		host_broken(t, "QEMU does not limit the disk's rate");
}

/* The content passes, and what makes it durable is stuck. */
static int write_through_stall(struct host_trial *t, const char *disk)
{
	const char *timeout = host_guest_read(t, device_attribute(t, disk, "timeout"));
	char *content = host_alloc(t, FILL_KIB * 1024 + 1);
	uint64_t begun_ns = clock_now_ns();

	memset(content, 'a', FILL_KIB * 1024);
	limit_rate(t, FILL_KIB * 1024 / STALL_S);
	int code = host_call(t, "write", FILE_NAME, content, "sync", NULL);
	uint64_t seconds = (clock_now_ns() - begun_ns) / NS_PER_S;
	host_note(t, "it took %llu s until the file was durable", (unsigned long long)seconds);
	limit_rate(t, 0);
	if (code == 0 && seconds < LEAST_S)
		host_broken(t, "the disk was not stalled for %d s", STALL_S);
	long long timeout_s = timeout ? strtoll(timeout, NULL, 10) : 0;
	if (timeout_s > STALL_S && (long long)seconds >= timeout_s)
		host_broken(t, "on a host as busy as this one the stall lasted too long");
	return code;
}

HOST_CASE(
	storage, long_stall_is_survived,
	.title = "A 20-second storage stall causes no guest error or read-only filesystem",
	.priority = P1, .isolation = ISOLATION_FORK,
	.needs = "arch:x86_64,hotplug-slots>=1,kconfig:VMWARE_PVSCSI,cmd:mkfs.ext4",
	.timeout_s = 200, .waits = true,
	.why = "Storage on a network stands still while one of its heads takes over from another.",
	.remedy = "Let no rule of udev set the disks' timeout below the kernel's 30 seconds.",
	.sources = "own")
{
	const char *disk = plug_disk(t);

	make_filesystem(t, disk);
	HOST_CHECK_EQ(t, write_through_stall(t, disk), 0);
	/* Since Linux 6.1. */
	const char *timeouts = host_guest_read(t, device_attribute(t, disk, "iotmo_cnt"));
	if (timeouts)
		HOST_CHECK_TEXT(t, timeouts, "0x0\n");
	HOST_CHECK_EQ(t, host_call(t, "write", DEVICE_FOLDER "/after", "after", "sync", NULL), 0);
}

HOST_SABOTAGE(storage, long_stall_is_survived, "the disk's timeout is two seconds")
{
	host_guest_write(t, device_attribute(t, plug_disk(t), "timeout"), "2");
}
