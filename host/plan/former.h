/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan that was made before, as `assay plan --json` printed it: what was run then and need not be again.
 *
 *	CLEAN_DONE(former) struct former former = {0};
 *	r = former_read("plan.json", bytes, length, &axes, &former, e);
 *	request.former = former.rows;
 */
#ifndef ASSAY_HOST_PLAN_FORMER_H
#define ASSAY_HOST_PLAN_FORMER_H

#include "host/plan/combine.h"

#define FORMER_FILE_MAX (256U << 20)

/* An image of that plan, and what its file was; or a kernel, and what machines got of it. */
struct former_image {
	char *name, *sha256;
};
DEFINE_VEC(former_images, struct former_image);

struct former {
	struct combine_rows
		rows; /* of its cells those whose values all are there still; points into `items` */
	uint32_t *items;
	size_t cells; /* all that it had */
	struct former_images images, kernels;
};

/* Reads it for these axes. -EINVAL (blame user) names the file: it is no plan, of a schema that is not known, or of other axes. */
int former_read(const char *path, const char *bytes, size_t length, const struct axes *axes,
		struct former *ret, struct err *e) NONNULL(1, 2, 4, 5, 6);
void former_done(struct former *former) NONNULL(1);
DEFINE_CLEAN_DONE(former);

/* The digest of that image in it; NULL: it was not there. */
const char *former_digest(const struct former *former, const char *name) NONNULL(1, 2);
/* The same of a kernel's key. */
const char *former_kernel_key(const struct former *former, const char *name) NONNULL(1, 2);

#endif
