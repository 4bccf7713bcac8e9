/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on a disk, as lines "key=value": written in the shut-in child, read by image_open. The lines are foreign text
 * for the reader: what does not fit is left out.
 */
#ifndef ASSAY_HOST_IMAGE_DESCRIBE_H
#define ASSAY_HOST_IMAGE_DESCRIBE_H

#include "base/text.h"
#include "host/image/image.h"
#include "host/image/offline.h"

#define DESCRIPTION_MAX (64U << 10)

void describe(struct offline *offline, struct text *out) NONNULL(1, 2);

/* Takes the lines over into the image. */
void description_read(const char *description, struct image *image) NONNULL(1, 2);

/* What was found on a disk with that digest is remembered in the cache folder, for this version of Assay. */
bool description_recall(const struct image_options *options, const char *digest, struct text *ret)
	NONNULL(1, 2, 3);
void description_remember(const struct image_options *options, const char *digest,
			  const struct text *description) NONNULL(1, 2, 3);

#endif
