/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg's status file: paragraphs of "Field: value", one a package; and the order of its version numbers.
 *
 *	struct dpkg_package package;
 *	for (const char *at = status; dpkg_next(&at, &package);)
 *		if (dpkg_is_installed(&package)) ...
 */
#ifndef ASSAY_KIT_DPKG_H
#define ASSAY_KIT_DPKG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define DPKG_STATUS "/var/lib/dpkg/status"

/* A paragraph; the strings are copies, cut to their size. */
struct dpkg_package {
	const char *begin, *end; /* in the text */
	char name[128], arch[32], version[128];
	char want[16], flag[16], state[24]; /* "install", "ok", "installed" */
};

bool dpkg_next(const char **at, struct dpkg_package *ret) NONNULL(1, 2);
bool dpkg_is_installed(const struct dpkg_package *package) NONNULL(1);
/* Gives a field's value with its continuation lines, as it stands in the text; false when there is none. */
bool dpkg_field(const struct dpkg_package *package, const char *name, const char **ret,
		size_t *ret_length) NONNULL(1, 2, 3, 4);

/* One alternative of a relation such as "libc6 (>= 2.36), a | b:any [amd64]". */
struct dpkg_relation {
	char name[128], version[128];
	char how[3];	 /* "", "<<", "<=", "=", ">=", ">>" */
	bool is_last_or; /* no further alternative of the same clause follows */
};

/* Steps through a relation field [*at, end); false at its end or at bytes that are no relation. */
bool dpkg_relation_next(const char **at, const char *end, struct dpkg_relation *ret)
	NONNULL(1, 2, 3);

/* Less than, equal to or greater than 0, as version a is older than, the same as or newer than b. */
int dpkg_version_compare(const char *a, const char *b) NONNULL(1, 2);
/* Whether `version` stands in relation `how` to `wanted`; true when how is "". */
bool dpkg_version_fits(const char *version, const char *how, const char *wanted) NONNULL(1, 2, 3);

#endif
