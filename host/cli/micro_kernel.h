/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel of the micro-VM: the one that is named in $ASSAY_KERNEL, else the one that fetch-kernel has put into the
 * cache, else the newest of this host's own that has what the micro-VM cannot do without.
 *
 *	struct micro_kernel kernel;
 *	micro_kernel_find("", getenv("ASSAY_KERNEL"), cache, &kernel);
 *	if (kernel.path) ...
 *	micro_kernel_done(&kernel);
 */
#ifndef ASSAY_HOST_CLI_MICRO_KERNEL_H
#define ASSAY_HOST_CLI_MICRO_KERNEL_H

#include "base/scope.h"

struct micro_kernel {
	char *path, *modules; /* NULL: there is none; the modules' folder may be missing alone */
};

/* Looks below `root` for the host's own; `named` and `cache` may be NULL. Not having one is no error. */
void micro_kernel_find(const char *root, const char *named, const char *cache,
		       struct micro_kernel *ret) NONNULL(1, 4);
void micro_kernel_done(struct micro_kernel *kernel) NONNULL(1);

#endif
