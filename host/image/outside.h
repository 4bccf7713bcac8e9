/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a platform looks at before it boots anything: the image file's name, the disk's size, and a VHD's footer. Each function
 * judges one, with its planted defect when `spoilt`; `parameters` are the plan's and the policy's lines key=value.
 *
 *	r = outside_judge(OUTSIDE_ALIGNMENT, image, parameters, false, &verdict, e);
 *	if (r == 0 && !verdict.ok) puts(verdict.words);
 */
#ifndef ASSAY_HOST_IMAGE_OUTSIDE_H
#define ASSAY_HOST_IMAGE_OUTSIDE_H

#include "host/image/image.h"

struct outside_verdict {
	bool ok;
	char words[400]; /* why not */
};

enum outside_fact { OUTSIDE_ALIGNMENT, OUTSIDE_SIZE, OUTSIDE_NAME, OUTSIDE_VHD_FOOTER };

/* Errors: the file cannot be read (blame host), or a promise is missing that the plan has looked for (blame bug). */
int outside_judge(enum outside_fact fact, const struct image *image, const char *parameters,
		  bool spoilt, struct outside_verdict *ret, struct err *e) NONNULL(2, 3, 5, 6);

#define VHD_FOOTER_SIZE 512
/* The footer of a fixed VHD of so many bytes of data, by its specification. */
void vhd_footer_judge(const unsigned char footer[VHD_FOOTER_SIZE], uint64_t data_size,
		      struct outside_verdict *ret) NONNULL(1, 3);

#endif
