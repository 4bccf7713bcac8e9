/* SPDX-License-Identifier: Apache-2.0 */
/* A mirror of disks, made by the kernel's own calls: images that can have one need not have the program to make it. */
#include <fcntl.h>
#include <linux/major.h>
#include <linux/raid/md_p.h>
#include <linux/raid/md_u.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "guest/kit/probe.h"

#define MEMBERS	   2
#define MIRROR_KIB (32 * 1024)

static int add_member(int fd, int number, const char *disk)
{
	mdu_disk_info_t member = {.number = number,
				  .raid_disk = number,
				  .state = 1 << MD_DISK_ACTIVE | 1 << MD_DISK_SYNC};
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof path, "/dev/%s", disk);
	if (stat(path, &st) < 0)
		return errno;
	member.major = (int)major(st.st_rdev);
	member.minor = (int)minor(st.st_rdev);
	return ioctl(fd, ADD_NEW_DISK, &member) < 0 ? errno : 0;
}

/* Nothing of the mirror is written to the disks: it is gone with the next boot. */
PROBE(make_mirror, "NODE DISK [DISK]",
      "makes NODE a mirror of 32 MiB on the disks; with one, the other half is missing")
{
	mdu_array_info_t mirror = {.minor_version = 90,
				   .level = 1,
				   .size = MIRROR_KIB,
				   .nr_disks = (int)p->argument_count - 1,
				   .raid_disks = MEMBERS,
				   .not_persistent = 1,
				   .state = 1 << MD_SB_CLEAN};
	const char *node = probe_argument(p, 0);

	if (mknod(node, S_IFBLK | 0600, makedev(MD_MAJOR, 0)) < 0 && errno != EEXIST)
		return errno;
	CLEAN_FD int fd = open(node, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, SET_ARRAY_INFO, &mirror) < 0)
		return errno;
	for (int i = 0; i < MEMBERS && probe_argument(p, (size_t)i + 1)[0]; i++) {
		int r = add_member(fd, i, probe_argument(p, (size_t)i + 1));
		if (r)
			return r;
	}
	return ioctl(fd, RUN_ARRAY, NULL) < 0 ? errno : 0;
}
