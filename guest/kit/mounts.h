/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mounted, from the case's own view.
 *
 *	struct mount_entry root;
 *	REQUIRE(t, mounts_find(t, "/", &root));
 */
#ifndef ASSAY_KIT_MOUNTS_H
#define ASSAY_KIT_MOUNTS_H

#include "guest/kit/case.h"

struct mount_entry {
	const char *where, *type, *what; /* decoded; in the trial's memory */
	const char *options;		 /* of this mount */
	const char *super_options;	 /* of the filesystem */
	const char *root;		 /* the part of the filesystem that is mounted */
	unsigned major, minor;
};

/* Steps through /proc/self/mountinfo: start with *at = mounts_text(t). False at the end. */
const char *mounts_text(struct trial *t) __attribute__((returns_nonnull));
bool mounts_next(struct trial *t, const char **at, struct mount_entry *ret);

/* The mount that is on top at that path; false when nothing is mounted there. */
bool mounts_find(struct trial *t, const char *where, struct mount_entry *ret);

/* True when the option stands in the comma-separated list. */
bool mount_has_option(const char *options, const char *name) NONNULL(1, 2);

#endif
