/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk over all files, for the cases that look for owners and modes anywhere: what is unusual is written down.
 *
 *	const struct census *census = census_take(t);
 *	for (size_t i = 0; i < census->count; i++)
 *		if (census->items[i].stat.mode & S_ISUID) ...
 */
#ifndef ASSAY_KIT_CENSUS_H
#define ASSAY_KIT_CENSUS_H

#include "guest/kit/case.h"

#define CENSUS_ITEMS_MAX  4096 /* of unusual files; more of them are only counted */
#define CENSUS_OWNERS_MAX 1024

/* A file that is set-id, a device, or writable by everyone (links are not). */
struct census_item {
	const char *path;
	struct tree_stat stat;
};

/* A user or group that owns something, and the first thing that it owns. */
struct census_owner {
	uint32_t id;
	const char *path;
};

struct census {
	size_t total; /* entries seen */
	size_t count; /* items kept */
	size_t left_out;
	struct census_item items[CENSUS_ITEMS_MAX];
	size_t user_count, group_count;
	struct census_owner users[CENSUS_OWNERS_MAX], groups[CENSUS_OWNERS_MAX];
};

/* Walks the tree, or gives what the last walk found when it was over the same tree with nothing planted before or now. What
 * only a running system has (/proc, /sys, /dev, /run) is left out. Skips the case when the tree has no files. */
const struct census *census_take(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);

#endif
