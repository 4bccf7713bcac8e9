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
	long long part_start, part_size; /* bytes */
	int clean, errors;
};

/* Gives them; skips the case (need image) when the tree knows of none. */
size_t filesystems_read(struct trial *t, struct filesystem **ret) NONNULL(1, 2);
/* The one that is mounted on `where`; NULL when there is none. */
const struct filesystem *filesystem_of(struct trial *t, const char *where) NONNULL(1, 2);

#endif
