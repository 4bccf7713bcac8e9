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

#define DESCRIPTION_MAX	     (64U << 10)
#define DESCRIPTION_REVISION "4" /* one more whenever the lines or how they are found change */

void describe(struct offline *offline, struct text *out) NONNULL(1, 2);

/* Takes the lines over into the image. */
void description_read(const char *description, struct image *image) NONNULL(1, 2);

#endif
