/* SPDX-License-Identifier: Apache-2.0 */
/* An image's files: the image itself and what it is backed by, each recognised by content, opened once, and digested. */
#ifndef ASSAY_HOST_IMAGE_CHAIN_H
#define ASSAY_HOST_IMAGE_CHAIN_H

#include <limits.h>

#include "host/image/image.h"

#define CHAIN_BLOCKDEV_MAX (IMAGE_CHAIN_MAX * (PATH_MAX * 6 + 256)) /* bytes */

/* Follows the chain from image->path: fills chain, format, digest, file_size, virtual_size. Errors are sentences for
 * the user that name the file. */
int chain_open(struct image *image, const struct image_options *options, const struct patience *p,
	       struct err *e) NONNULL(1, 2, 3, 4);

void chain_done(struct image *image) NONNULL(1);

/* The chain as QEMU's block device description (JSON, read-only, with the backing files spelt out so that nothing is
 * probed), under that node name (NULL: none). */
void chain_blockdev(const struct image *image, const char *node, struct text *out) NONNULL(1, 3);

#endif
