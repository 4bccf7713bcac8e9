/* SPDX-License-Identifier: Apache-2.0 */
/* A data disk to write over. */
#include "guest/kit/scratch.h"

#include <sys/mount.h>

#include "guest/kit/block.h"
#include "guest/kit/program.h"

#define LOOKED_AT (1U << 20) /* where partition tables and superblocks lie */
#define MKFS_S	  60
#define FOLDER	  "/run/assay-scratch"

static bool is_in_use(struct trial *t, const char *disk)
{
	const char *folder = case_format(t, "/sys/block/%s", disk);

	if (*file_names(t, case_format(t, "%s/holders", folder)))
		return true;
	for (const char *const *name = file_names(t, folder); *name; name++) {
		if (has_prefix(*name, disk)) /* a partition */
			return true;
	}
	return false;
}

static bool is_blank(struct trial *t, const char *disk)
{
	unsigned char *bytes = case_alloc(t, LOOKED_AT);
	/* O_EXCL: fails when it is mounted. */
	int fd = open(case_format(t, "/dev/%s", disk), O_RDONLY | O_EXCL | O_CLOEXEC);
	bool is_read = fd >= 0 && pread(fd, bytes, LOOKED_AT, 0) == (ssize_t)LOOKED_AT;

	if (fd >= 0)
		close(fd);
	for (size_t i = 0; is_read && i < LOOKED_AT; i++) {
		if (bytes[i])
			return false;
	}
	return is_read;
}

const char *scratch_disk(struct trial *t)
{
	const char *root = block_root_disk(t), *found = NULL;

	for (const char *const *disk = block_disks(t); *disk; disk++) {
		if ((!root || strcmp(*disk, root) != 0) && !is_in_use(t, *disk) &&
		    is_blank(t, *disk))
			found = *disk;
	}
	if (!found)
		case_skip(t, "disk:data", "there is no data disk that is blank and unused");
	return found;
}

static void close_disk(void *arg)
{
	close(*(int *)arg);
}

int scratch_open(struct trial *t, const char *disk, int flags)
{
	int *fd = case_alloc(t, sizeof *fd);

	*fd = open(case_format(t, "/dev/%s", disk), flags | O_CLOEXEC);
	if (*fd < 0)
		case_broken(t, "open /dev/%s: %m", disk);
	case_defer(t, close_disk, fd);
	return *fd;
}

static void unmount(void *arg UNUSED)
{
	(void)umount2(FOLDER, MNT_DETACH);
	(void)rmdir(FOLDER);
}

const char *scratch_filesystem(struct trial *t, const char *disk, unsigned mib)
{
	const char *device = case_format(t, "/dev/%s", disk);
	struct program_result made =
		program_run(t, MKFS_S, "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", device,
			    case_format(t, "%um", mib), NULL);

	if (made.exit_code != 0)
		case_broken(t, "mkfs.ext4 %s: %s", device, made.output);
	(void)mkdir(FOLDER, 0700);
	if (mount(device, FOLDER, "ext4", 0, "") < 0)
		case_broken(t, "mount %s: %m", device);
	case_defer(t, unmount, NULL);
	return FOLDER;
}
