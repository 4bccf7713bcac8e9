/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filesystems that a tree knows of, from tree_filesystem's facts.
 *
 *	struct filesystem *all;
 *	size_t count = filesystems_read(t, &all);
 */
#ifndef ASSAY_KIT_FILESYSTEMS_H
#define ASSAY_KIT_FILESYSTEMS_H

#include "guest/kit/case.h"

#define FILESYSTEMS_MAX 64

/* Texts are "" and numbers -1 when the fact is not known. */
struct filesystem {
	unsigned number; /* for tree_plant_fact */
	const char *type, *uuid, *label, *device, *mount, *part_uuid, *part_label, *part_type;
	const char *volume; /* a logical volume as device-mapper calls it (volume_name.h) */
	long long start;    /* where its first byte lies on the disk */
	long long part_start, part_size; /* bytes; a logical volume's are of what it lies in */
	int clean, errors;
	bool is_opened; /* holds volumes, and all of them are filesystems of the tree */
};

/* Gives them; skips the case (need image) when the tree knows of none. */
size_t filesystems_read(struct trial *t, struct filesystem **ret) NONNULL(1, 2);
/* Whether there may be volumes that are none of these filesystems: in LUKS, RAID, or LVM that is not read. */
bool filesystems_hide_some(const struct filesystem *all, size_t count) NONNULL(1);
/* Whether a logical volume of that name (volume_name.h) is among them. */
bool filesystems_have_volume(const struct filesystem *all, size_t count, const char *volume)
	NONNULL(1, 3);
/* The one that is mounted on `where`; NULL when there is none. */
const struct filesystem *filesystem_of(struct trial *t, const char *where) NONNULL(1, 2);

#endif
