/* SPDX-License-Identifier: Apache-2.0 */
/* Which filesystems are frozen. No file of the kernel tells; one that is frozen cannot be frozen again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guest/kit/probe.h"

/* Those of networks and of the kernel itself are nobody's to freeze. Btrfs gives its files numbers of no device. */
static bool lies_on_a_disk(const struct mntent *mount)
{
	struct stat st;

	if (stat(mount->mnt_dir, &st) == 0 && major(st.st_dev) != 0)
		return true;
	return stat(mount->mnt_fsname, &st) == 0 && S_ISBLK(st.st_mode);
}

/* "frozen", "thawed", or NULL for what cannot be frozen. */
static const char *state_of(const char *folder)
{
	CLEAN_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (ioctl(fd, FIFREEZE, 0) < 0)
		return errno == EBUSY ? "frozen" : NULL;
	(void)ioctl(fd, FITHAW, 0);
	return "thawed";
}

PROBE(freeze_states, "",
      "\"frozen PATH\" or \"thawed PATH\" for each mounted filesystem that can be written and frozen")
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;

	if (!mounts)
		return errno;
	while ((mount = getmntent(mounts))) {
		const char *state = NULL;
		if (!hasmntopt(mount, "ro") && lies_on_a_disk(mount))
			state = state_of(mount->mnt_dir);
		if (state)
			(void)text_addf(p->reply, "%s %s\n", state, mount->mnt_dir);
	}
	endmntent(mounts);
	return p->reply->overflowed ? EMSGSIZE : 0;
}
