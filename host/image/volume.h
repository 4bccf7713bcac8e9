/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filesystem that is read in process. Each kind (ext4.c, fat.c) fills in struct volume_ops; files are named by a
 * handle that means something to that kind only.
 *
 *	struct volume *volume;
 *	r = ext4_open(span, &volume);       (-EINVAL: it is none, -ENOTSUP: one we cannot read)
 *	r = volume->ops->list(volume, volume->root, entry, arg);
 *	volume_free(volume);
 */
#ifndef ASSAY_HOST_IMAGE_VOLUME_H
#define ASSAY_HOST_IMAGE_VOLUME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/scope.h"
#include "guest/kit/tree.h"
#include "host/image/span.h"

#define VOLUME_NAME_MAX 255 /* bytes */

struct volume;

/* Is told one entry; a value other than 0 stops the listing and is returned. */
typedef int volume_entry_fn(void *arg, const char *name, size_t length, uint64_t handle,
			    const struct tree_stat *stat);

struct volume_ops {
	/* Neither "." nor "..". A folder that is damaged is listed as far as it goes, then -EBADMSG. */
	int (*list)(struct volume *volume, uint64_t handle, volume_entry_fn *entry, void *arg);
	int (*stat)(struct volume *volume, uint64_t handle, struct tree_stat *ret);
	ssize_t (*read)(struct volume *volume, uint64_t handle, uint64_t offset, void *buf,
			size_t size);
	ssize_t (*readlink)(struct volume *volume, uint64_t handle, char *buf,
			    size_t size); /* NULL: has no links */
	ssize_t (*xattr)(struct volume *volume, uint64_t handle, const char *name, void *buf,
			 size_t size); /* NULL */
	void (*free)(struct volume *volume);
};

/* The kinds embed it as their first member. */
struct volume {
	const struct volume_ops *ops;
	uint64_t root;
	const char
		*subvolume; /* the path of the folder that is mounted by default; NULL: the root */
	bool folds_case;    /* names differ by more than case */
	bool is_clean,
		has_errors; /* was it unmounted, does it say that something went wrong with it */
};

static inline void volume_free(struct volume *volume)
{
	if (volume)
		volume->ops->free(volume);
}
DEFINE_CLEANUP(volume);

/* Each opens what lies in the span, which is borrowed for the volume's life. */
int ext4_open(const struct span *span, struct volume **ret) NONNULL(1, 2);
int fat_open(const struct span *span, struct volume **ret) NONNULL(1, 2);

/* FAT has no owners and modes: the mount's options make them ("umask=0077,uid=0"). */
void fat_set_options(struct volume *volume, const char *options) NONNULL(1, 2);

#endif
