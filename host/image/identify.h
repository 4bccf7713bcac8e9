/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the disk: asked of the shut-in child, which alone reads foreign file systems. */
#ifndef ASSAY_HOST_IMAGE_IDENTIFY_H
#define ASSAY_HOST_IMAGE_IDENTIFY_H

#include "host/image/image.h"

/* Fills the fields of `image` that are found by looking at the disk. */
int identify(struct image *image, const struct image_options *options, const struct patience *p,
	     struct err *e) NONNULL(1, 2, 3, 4);

#endif
