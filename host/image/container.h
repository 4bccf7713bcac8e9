/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container of an image: the tables by which a qcow2 finds the disk's content in its file. QEMU's own checker reads
 * them; the content is not looked at.
 *
 *	r = container_check(image, &patience, &state, e);
 *	if (r == 0 && state.corruptions > 0) puts(state.words);
 */
#ifndef ASSAY_HOST_IMAGE_CONTAINER_H
#define ASSAY_HOST_IMAGE_CONTAINER_H

#include "host/image/image.h"

struct container_state {
	unsigned long long corruptions,
		leaks; /* clusters; none where the format has nothing to check, as in a raw disk */
	char words[300]; /* the checker's, of one of them; "" none */
};

/* Checks the image's file and those that it is backed by. */
int container_check(const struct image *image, const struct patience *p,
		    struct container_state *ret, struct err *e) NONNULL(1, 2, 3, 4);

/* The same for a copy in which the first entry of the refcount table is zero. The copy, in that existing folder, holds only
 * what differs from the image, and is gone afterwards. The image must be a qcow2. */
int container_check_spoilt(const struct image *image, const char *folder, const struct patience *p,
			   struct container_state *ret, struct err *e) NONNULL(1, 2, 3, 4, 5);

#endif
