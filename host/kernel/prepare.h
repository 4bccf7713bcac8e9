/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels in the cache: <cache>/kernels/<key>/ has the bzImage, what was unpacked (root/boot, root/lib/modules), the medium
 * and a lock. A folder is there whole or not at all.
 */
#ifndef ASSAY_HOST_KERNEL_PREPARE_H
#define ASSAY_HOST_KERNEL_PREPARE_H

#include "host/kernel/subject.h"

#define KEPT_FOLDER	   "kernels"
#define KEPT_BUILDS	   "builds"  /* kernels that were built here: build.h */
#define KEPT_SOURCES	   "sources" /* what they are built from and in: source.h */
#define KEPT_KERNEL	   "vmlinuz"
#define KEPT_ROOT	   "root"
#define KEPT_MEDIUM	   "modules.iso"
#define KEPT_LOCK	   "lock"
#define KEPT_CONFIG_SOURCE "config-source"

/* What a folder holds, by names, sizes and times. */
int prepare_fingerprint(const char *folder, char ret[DIGEST_SIZE], struct err *e) NONNULL(1, 2, 3);
int prepare_key(const char *kernel_digest, const char *modules_digest, char ret[DIGEST_SIZE],
		struct err *e) NONNULL(1, 2, 3, 4);

/* Makes `folder` in `kernels` from the kernel's path and modules_given. */
int prepare_kernel(const struct kernel_subject *kernel, const char *kernels, const char *folder,
		   const struct patience *p, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Of a folder whose entries are folders with a lock in them: removes entries, the longest unused first, until at most so many bytes are
 * kept; those that are locked stay. Adds to *ret_freed. */
int kept_prune(const char *parent, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
	NONNULL(1, 3, 4);

#endif
