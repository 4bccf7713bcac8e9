/* SPDX-License-Identifier: Apache-2.0 */
/* The disk and the mounted filesystems of the running system; for tree_folder.c, and what
 * sabotage.c has to tell it. */
#ifndef ASSAY_KIT_TREE_RUNNING_H
#define ASSAY_KIT_TREE_RUNNING_H

#include <stdint.h>
#include <sys/types.h>

#include "base/scope.h"
#include "base/text.h"

/* The disk that holds the root filesystem, opened when it is first asked for. */
struct running_disk {
	int fd; /* -1: not opened yet */
};
#define RUNNING_DISK_INIT                                                                          \
	{                                                                                          \
		.fd = -1                                                                           \
	}

ssize_t running_disk_read(struct running_disk *disk, uint64_t offset, void *buf, size_t size)
	NONNULL(1, 3);
uint64_t running_disk_size(struct running_disk *disk)
	NONNULL(1); /* 0: there is none, or it is not a plain disk */
void running_disk_done(struct running_disk *disk) NONNULL(1);

struct tree;
/* From now on what lies on `device` counts to the filesystem of that number: a sabotage has covered part of it. Does
 * nothing for a tree that is not of tree_of_folder. */
void tree_folder_adopt(struct tree *tree, dev_t device, uint32_t number) NONNULL(1);

/* The process has changed its root: the tree of "/" is that of the new one from now on. */
void tree_folder_reopen(struct tree *tree) NONNULL(1);

/* As tree_ops.filesystem: the n-th mounted filesystem that lies on a block device, root's first. */
int running_filesystem(unsigned n, struct text *facts) NONNULL(2);

#endif
