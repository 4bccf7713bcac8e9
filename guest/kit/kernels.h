/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels installed in a tree, and what belongs to each, wherever the distribution puts it.
 *
 *	struct kernel *kernels;
 *	size_t count = kernels_find(t, &kernels);
 *	for (size_t i = 0; i < count; i++)
 *		if (!kernel_has_driver(t, &kernels[i], "virtio_blk")) ...
 */
#ifndef ASSAY_KIT_KERNELS_H
#define ASSAY_KIT_KERNELS_H

#include "guest/kit/case.h"

#define KERNELS_MAX 32

/* Paths are NULL when there is no such file. */
struct kernel {
	const char *
		release; /* "6.1.0-30-cloud-amd64": told by the image itself where it can, else its file's name */
	const char *image, *initrd, *config, *symbols, *modules;
	bool is_rescue;	     /* a distribution's fallback, which has no files of its own */
	const char *drivers; /* modules.builtin and modules.dep, once they have been read */
};

/* Gives the kernels, oldest first; 0 when there are none in the usual places. */
size_t kernels_find(struct trial *t, struct kernel **ret) NONNULL(1, 2);
/* The newest kernel that is no rescue kernel; skips the case when there is none. */
struct kernel *kernels_newest(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);
/* The kernel whose image is `path`; NULL when it is none of them. */
struct kernel *kernels_by_image(struct trial *t, const char *path) NONNULL(1);

/* Why its image cannot be booted, "is empty"; NULL: nothing is wrong with it, or its format is not known. */
const char *kernel_image_problem(struct trial *t, const struct kernel *kernel) NONNULL(1, 2);
/* Its configuration; NULL when there is none. Breaks the case when the file is not whole. */
const char *kernel_config_text(struct trial *t, const struct kernel *kernel) NONNULL(1, 2);

/* Whether a driver (a module's name) is built in or stands in the module index; dash and underscore are the same. */
bool kernel_has_driver(struct trial *t, struct kernel *kernel, const char *name) NONNULL(1, 2, 3);
bool kernel_has_builtin(struct trial *t, struct kernel *kernel, const char *name) NONNULL(1, 2, 3);

/* Finds "/NAME.ko" in a text of module paths; dash and underscore are the same. */
bool module_is_in(const char *paths, const char *name) NONNULL(1, 2);

#endif
