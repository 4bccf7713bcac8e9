/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The installed packages, of dpkg, apk or pacman.
 *
 *	const struct packages *packages = packages_read(t);
 *	const struct package *found = packages_find(packages, "openssl");
 */
#ifndef ASSAY_KIT_PACKAGES_H
#define ASSAY_KIT_PACKAGES_H

#include "guest/kit/case.h"

struct package {
	const char *name, *version;
	const char *source,
		*source_version; /* what it was built from; its own where nothing else is told */
};

struct packages {
	const struct package *items; /* sorted by name */
	size_t count;
};

/* Skips the case where none of these databases is found: rpm's is not read. */
const struct packages *packages_read(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);
/* The first of that name (several architectures have one each); NULL when there is none. */
const struct package *packages_find(const struct packages *packages, const char *name)
	NONNULL(1, 2);

/* For sabotage: adds an installed package to the database; takes one of that name out of it. */
void sabotage_package(struct trial *t, const char *name, const char *version) NONNULL(1, 2, 3);
void sabotage_no_package(struct trial *t, const char *name) NONNULL(1, 2);

#endif
