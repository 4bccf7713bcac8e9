/* SPDX-License-Identifier: Apache-2.0 */
/* Data disks that come back in other slots. */
#include <stdio.h>
#include <string.h>

#include "host/cases/host_hotplug.h"

#define REBOOT_S 400
#define MOUNT_S	 "60"
#define DISK_MIB 32
#define FSTAB	 "/etc/fstab"
#define MARK	 "here" /* a file on each, with its name */

static const struct data_disk {
	const char *id, *uuid, *folder;
} disks[] = {
	{"assayone", "0d6e5bd1-6f4e-4f6c-9a3e-5b1f0c8d7a01", "/srv/assay-one"},
	{"assaytwo", "0d6e5bd1-6f4e-4f6c-9a3e-5b1f0c8d7a02", "/srv/assay-two"},
};

/* Gives its name in the guest; its file system is made, with the mark. */
static const char *make_disk(struct host_trial *t, const struct data_disk *disk, unsigned port)
{
	const char *name = disk_plug(t, disk->id, port, DISK_MIB), *said = "";

	HOST_REQUIRE(t, name != NULL);
	if (host_guest_run(t, &said, "mkfs.ext4", "-q", "-F", "-U", disk->uuid,
			   host_format(t, "/dev/%s", name), NULL) != 0)
		host_broken(t, "mkfs.ext4 /dev/%s: %s", name, said);
	if (!disk_mount(t, name))
		host_broken(t, "what was made on /dev/%s cannot be mounted", name);
	host_guest_write(t, DEVICE_FOLDER "/" MARK, disk->id);
	if (host_call(t, "umount", DEVICE_FOLDER, NULL) != 0)
		host_broken(t, "/dev/%s cannot be unmounted", name);
	return name;
}

/* Each in its slot, and in fstab by what it is or by what it is called now. */
static void make_disks(struct host_trial *t, bool by_name)
{
	const char *fstab = host_guest_read(t, FSTAB);

	if (fstab && strstr(fstab, disks[0].folder))
		return; /* the sabotage has */
	if (fstab && fstab[0] && fstab[strlen(fstab) - 1] != '\n')
		fstab = host_format(t, "%s\n", fstab);
	for (unsigned i = 0; i < ARRAY_LEN(disks); i++) {
		const char *name = make_disk(t, &disks[i], i);
		const char *what = by_name ? host_format(t, "/dev/%s", name)
					   : host_format(t, "UUID=%s", disks[i].uuid);
		(void)host_call(t, "mkdir", disks[i].folder, NULL);
		fstab = host_format(t, "%s%s %s ext4 nofail 0 0\n", fstab ? fstab : "", what,
				    disks[i].folder);
	}
	host_guest_write(t, FSTAB, fstab);
}

static void swap_slots(struct host_trial *t)
{
	for (unsigned i = 0; i < ARRAY_LEN(disks); i++)
		HOST_REQUIRE(t, device_unplug(t, disks[i].id));
	for (unsigned i = 0; i < ARRAY_LEN(disks); i++)
		HOST_REQUIRE(t, disk_plug(t, disks[i].id, (unsigned)ARRAY_LEN(disks) - 1 - i,
					  DISK_MIB) != NULL);
}

HOST_CASE(
	storage, mounts_survive_disk_reorder,
	.title = "Filesystems mount at the right places after data disks swap slots",
	.priority = P1, .isolation = ISOLATION_REBOOT,
	.needs = "arch:x86_64,hotplug-slots>=2,cmd:mkfs.ext4", .timeout_s = 600,
	.why = "Clouds attach disks in any order: what goes by their names ends up in the wrong place.",
	.remedy = "Look at how fstab is read when the system comes up, and at blkid and udev.",
	.sources = "own")
{
	make_disks(t, false);
	(void)host_call(t, "sync", NULL);
	swap_slots(t);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	for (unsigned i = 0; i < ARRAY_LEN(disks); i++) {
		const char *mark = host_format(t, "%s/" MARK, disks[i].folder);
		HOST_CHECK_EQ(t, host_call(t, "await_path", MOUNT_S, mark, NULL), 0);
		HOST_CHECK_TEXT(t, host_guest_read(t, mark), disks[i].id);
	}
}

HOST_SABOTAGE(storage, mounts_survive_disk_reorder, "fstab names the disks as they are called now")
{
	make_disks(t, true);
}
