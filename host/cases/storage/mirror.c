/* SPDX-License-Identifier: Apache-2.0 */
/* A mirror that loses one of its disks. */
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define DISK_MIB 64
#define MIRROR	 "assay-mirror"
#define BEFORE	 "written while both disks were there\n"
#define AFTER	 "written when one of them was gone\n"

static const char *plugged(struct host_trial *t, const char *id, unsigned port)
{
	const char *disk = disk_plug(t, id, port, DISK_MIB);

	HOST_REQUIRE(t, disk != NULL);
	return disk;
}

/* Mounted at DEVICE_FOLDER, unless something is. */
static void make_mirror(struct host_trial *t, const char *first, const char *second)
{
	if (device_folder_is_mounted(t))
		return;
	(void)host_guest_run(t, NULL, "modprobe", "raid1", NULL);
	if (host_call(t, "probe", "make_mirror", "/dev/" MIRROR, first, second, NULL) != 0)
		host_broken(t, "the kernel makes no mirror of %s and %s", first,
			    second ? second : "nothing");
	disk_mount_new(t, MIRROR);
}

HOST_CASE(storage, mirror_survives_lost_disk,
	  .title = "A mirror keeps serving data when one disk is unplugged", .priority = P2,
	  .isolation = ISOLATION_FORK,
	  .needs = "hotplug-slots>=2,kconfig:BLK_DEV_MD,kconfig:MD_RAID1,cmd:mkfs.ext4",
	  .timeout_s = 200, .why = "It is what the second disk was paid for.",
	  .remedy = "Look in the kernel log for what md did when the disk went.", .sources = "own")
{
	const char *first = plugged(t, "mirror0", 0), *second = plugged(t, "mirror1", 1);

	make_mirror(t, first, second);
	HOST_REQUIRE(t, host_call(t, "write", DEVICE_FOLDER "/before", BEFORE, "sync", NULL) == 0);
	HOST_CHECK(t, device_unplug(t, "mirror0"));
	HOST_CHECK(t, disk_await_absence(t, first));
	HOST_CHECK_EQ(t, host_call(t, "write", DEVICE_FOLDER "/after", AFTER, "sync", NULL), 0);
	/* What is read comes from the disk. */
	HOST_REQUIRE(t, host_call(t, "umount", DEVICE_FOLDER, NULL) == 0);
	HOST_REQUIRE(t, disk_mount(t, MIRROR));
	HOST_CHECK_TEXT(t, host_guest_read(t, DEVICE_FOLDER "/before"), BEFORE);
	HOST_CHECK_TEXT(t, host_guest_read(t, DEVICE_FOLDER "/after"), AFTER);
	HOST_CHECK_TEXT(t, host_guest_read(t, "/sys/block/md0/md/degraded"), "1\n");
}

HOST_SABOTAGE(storage, mirror_survives_lost_disk, "the other disk is not in the mirror")
{
	make_mirror(t, plugged(t, "mirror0", 0), NULL);
}
