/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree of a disk that is not running: its partitions, the filesystems in them, and the root with the others
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
#include "host/image/chunks.h"
#include "host/image/remote.h"

#define OFFLINE_FILESYSTEMS_MAX 32

struct offline_filesystem {
	char type[16]; /* libblkid's word: ext4, vfat, xfs, LVM2_member, swap …; "" nothing known */
	char uuid[40], label[64];
	char mount[64]; /* "" when it is not mounted */
	uint64_t offset, size;
	struct disk_partition partition; /* number 0: the filesystem covers the whole disk */
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

#endif
