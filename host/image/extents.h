/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of a virtual disk lie in the image's files. Of raw files, and of qcow2 without compression, they lie there
 * as they are: who has this list and the files open reads the disk without a program that understands the format.
 *
 *	image->extents = extents_find(image, &options, &patience);      (NULL: there is no such list)
 *	fd = extents_hand_over(image->extents, e);                      (for the child that reads)
 *
 * and in the child:
 *
 *	struct extents *extents = extents_take_over(fd);
 *	r = extents_read(extents, first_file_fd, offset, buf, size);
 */
#ifndef ASSAY_HOST_IMAGE_EXTENTS_H
#define ASSAY_HOST_IMAGE_EXTENTS_H

#include <stdint.h>

#include "host/image/image.h"

struct extents;

/* Asks qemu-img, or the memory. Never an error: without a list the disk is read in another way. */
struct extents *extents_find(const struct image *image, const struct image_options *options,
			     const struct patience *p) NONNULL(1, 2, 3);
void extents_free(struct extents *extents);
DEFINE_CLEANUP(extents);

/* Reads what `qemu-img map --output=json` says of the image. NULL: it is no whole list, it names what does not lie in the
 * image's files, or some bytes do not lie there as they are. */
struct extents *extents_parse(const struct image *image, const char *json) NONNULL(1, 2);

uint64_t extents_disk_size(const struct extents *extents) NONNULL(1);

/* A memfd with the list; or -errno. */
int extents_hand_over(const struct extents *extents, struct err *e) NONNULL(1, 2);
struct extents *extents_take_over(int fd); /* NULL: it is none */

/* Reads exactly `size` bytes inside of the disk from the files, whose descriptors begin with `first_fd` in the order of the
 * chain. 0, or -EIO. */
int extents_read(const struct extents *extents, int first_fd, uint64_t offset, void *buf,
		 size_t size) NONNULL(1, 4);

#endif
