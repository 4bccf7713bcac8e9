/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest gives back of a disk, on the host. */
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cases/host_hotplug.h"

#define DISK_MIB 128
#define FILE_MIB 48
#define MIB	 (1LL << 20)
#define FILLED	 DEVICE_FOLDER "/filled"

/* Not all filesystems of hosts can have holes made in a file. */
static void require_holes(struct host_trial *t)
{
	const char *path = device_file(t, "holes");

	device_file_make(t, path, 1);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool can = fd >= 0 && write(fd, "x", 1) == 1 &&
		   fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 65536) == 0;
	if (fd >= 0)
		close(fd);
	if (!can)
		host_skip(t, "host:holes", "the host's filesystem cannot take holes in files");
}

HOST_CASE(storage, trim_frees_host_space,
	  .title = "Trimming deleted files returns their blocks to the host image", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,cmd:mkfs.ext4", .timeout_s = 200,
	  .why = "A thin disk grows for ever when what is deleted is not given back.",
	  .remedy = "Look at the disk's discard limits in /sys/block, and at the driver.",
	  .sources = "LISA:verify_nvme_fstrim")
{
	require_holes(t);
	const char *disk = disk_plug(t, "thin", 0, DISK_MIB), *path = device_file(t, "thin");
	HOST_REQUIRE(t, disk != NULL);
	disk_mount_new(t, disk);
	HOST_REQUIRE(t, host_call(t, "probe", "fill", FILLED, host_format(t, "%d", FILE_MIB),
				  NULL) == 0);
	long long full = disk_file_used(t, path);
	HOST_REQUIRE(t, full >= FILE_MIB * MIB);
	HOST_REQUIRE(t, host_call(t, "unlink", FILLED, NULL) == 0);
	HOST_REQUIRE(t, host_call(t, "sync", NULL) == 0);
	HOST_CHECK_EQ(t, host_call(t, "probe", "trim", DEVICE_FOLDER, NULL), 0);
	HOST_CHECK_LE(t, disk_file_used(t, path), full - (FILE_MIB - 8) * MIB);
}

HOST_SABOTAGE(storage, trim_frees_host_space, "the disk takes what is trimmed and keeps it")
{
	const char *path = device_file(t, "thin");

	device_file_make(t, path, DISK_MIB);
	device_node(t, "thin", path, "\"discard\":\"ignore\"");
}
