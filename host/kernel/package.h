/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a kernel, out of an archive: a Debian package, an RPM package, or a tarball in any packing. Taken are the
 * files below boot/ and lib/modules/ (in usr/ as well); all else, and links, stay behind. A name that leads out of the folder
 * is an attack and ends it.
 *
 *	if (package_is_one(bytes, length)) ...
 *	r = package_unpack("/…/linux-image.deb", folder, &patience, &found, e);
 */
#ifndef ASSAY_HOST_KERNEL_PACKAGE_H
#define ASSAY_HOST_KERNEL_PACKAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wait.h"

#define PACKAGE_FILES_MAX 100000
#define PACKAGE_BYTES_MAX (4ULL << 30)

struct package_found {
	unsigned files,
		unpacked; /* modules that were packed one by one, as .ko.xz, and are plain ones now */
	uint64_t bytes;
};

/* By its first bytes: a package or an archive, and no kernel. */
bool package_is_one(const void *bytes, size_t length) NONNULL(1);

/* Puts them into the folder, which exists, as boot/… and lib/modules/…. Errors blame the user for the archive, the host for
 * the folder. Finding nothing is none. */
int package_unpack(const char *path, const char *folder, const struct patience *p,
		   struct package_found *ret, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* The same out of a folder: of `make modules_install`, or a root. */
int package_copy(const char *path, const char *folder, const struct patience *p,
		 struct package_found *ret, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Where a member of an archive goes: "lib/modules/6.1.0/…" of "./usr/lib/modules/6.1.0/…". 0: nowhere, it is of no use;
 * -EINVAL: it leads out. */
#define PACKAGE_NAME_MAX 512
int package_place(const char *name, char ret[PACKAGE_NAME_MAX]) NONNULL(1, 2);

#endif
