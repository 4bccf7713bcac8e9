/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree of a disk that is not running: its partitions and logical volumes, the filesystems in them, and the root with the others
 * mounted where its fstab says. Runs in the shut-in child only.
 *
 *	struct offline *offline = offline_open(&source, probe_fd, NULL);
 *	struct tree *tree = offline_tree(offline);
 *	if (offline_needs_micro_vm(offline)) ...
 *	offline_free(offline);
 */
#ifndef ASSAY_HOST_IMAGE_OFFLINE_H
#define ASSAY_HOST_IMAGE_OFFLINE_H

#include <stdbool.h>

#include "guest/kit/disk.h"
#include "guest/kit/tree.h"
#include "guest/kit/volume_name.h"
#include "host/image/chunks.h"
#include "host/image/remote.h"

#define OFFLINE_FILESYSTEMS_MAX 32
#define OFFLINE_PROBLEM_MAX	320

struct offline_filesystem {
	char type[16]; /* libblkid's word: ext4, vfat, xfs, LVM2_member, swap …; "" nothing known */
	char uuid[40], label[64];
	char mount[64]; /* "" when it is not mounted */
	/* Where its first byte lies on the disk; 0 when it is a logical volume that cannot be read. */
	uint64_t offset, size;
	struct disk_partition partition; /* number 0: the whole disk, or a logical volume */
	/* A logical volume as device-mapper calls it, "" for all else; and of its first physical volume what lies there. */
	char volume[VOLUME_NAME_SIZE];
	uint64_t below_offset, below_size;
	/* Why what lies in it is not known: a whole clause; "" when it is, or nobody has tried. */
	char problem[OFFLINE_PROBLEM_MAX];
	bool is_opened; /* holds volumes that are all filesystems of their own here */
	bool is_readable;
	bool is_remote;		   /* readable through a micro-VM */
	bool is_clean, has_errors; /* of those that are read in process */
};

struct offline;

/* Looks at the disk. `probe_fd` is an empty memfd for libblkid, which knows nothing but descriptors; `remote` reads what
 * cannot be read in process, NULL: nothing does. Both are borrowed. A disk without anything known on it gives an empty
 * tree. */
struct offline *offline_open(const struct chunk_source *source, int probe_fd,
			     const struct remote_channel *remote) NONNULL(1);
void offline_free(struct offline *offline);
DEFINE_CLEANUP(offline);

struct tree *offline_tree(struct offline *offline) NONNULL(1); /* borrowed */
const struct disk_table *offline_table(const struct offline *offline)
	NONNULL(1); /* the partition table */
/* The filesystems; the root's is number 0 when there is a root. */
const struct offline_filesystem *offline_filesystem(const struct offline *offline, unsigned n)
	NONNULL(1);
bool offline_has_root(const struct offline *offline) NONNULL(1);

/* Lists and reads inside of filesystem n, mounted or not: for the EFI system partition. Gives a tree of its own. */
struct tree *offline_tree_of(struct offline *offline, unsigned n) NONNULL(1);

/* True when the root, or what its fstab mounts, lies in something that is not read in process. */
bool offline_needs_micro_vm(const struct offline *offline) NONNULL(1);

/* Why the root, or what its fstab mounts, is out of reach even with a micro-VM ("the logical volume vg/root is of type
 * thin"); "" when it is not. */
const char *offline_problem(const struct offline *offline) NONNULL(1);

#endif
