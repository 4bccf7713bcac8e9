/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A build as it is kept: <cache>/builds/<key>/ has the bzImage (linux-RELEASE-TREE), config-RELEASE, the modules, the build's log, what
 * the compiler said (build.json), and a lock. A folder is there whole or not at all.
 */
#ifndef ASSAY_HOST_KERNEL_KEPT_BUILD_H
#define ASSAY_HOST_KERNEL_KEPT_BUILD_H

#include "host/kernel/build.h"

#define BUILT_MODULES "modules"
#define BUILT_LOG     "build.log"
#define BUILT_ABOUT   "build.json"

char *built_kernel_path(const char *folder, const char *release, const char *digest)
	NONNULL(1, 2, 3);

int kept_build_save(const struct build *build, const char *folder, struct err *e) NONNULL(1, 2, 3);

/* Locks it, and fills in what it is. -ENOENT without blame: it is not there, or not whole. */
int kept_build_load(const char *folder, struct build *ret, struct err *e) NONNULL(1, 2, 3);

/* What the compiler said, as JSON and back: an object with "warnings" and "found". -EBADMSG: it is none. */
#define KEPT_BUILD_JSON_MAX (4U << 20)
void kept_build_encode(const struct build *build, struct text *out) NONNULL(1, 2);
int kept_build_decode(const char *bytes, size_t length, struct build *ret) NONNULL(1, 3);

#endif
