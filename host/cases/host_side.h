/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This host as it shows itself in /proc, /sys and /dev, for cases of the area `host`. A sabotage puts files in the way, which
 * the readers see instead of the real ones:
 *
 *	const char *clock = host_side_read(t, CLOCKSOURCE);
 *	...
 *	host_side_plant(t, CLOCKSOURCE, "hpet\n");              (in the sabotage)
 *
 * Such cases look only: they are ISOLATION_SHARED, and machines are none of their business.
 */
#ifndef ASSAY_HOST_CASES_HOST_SIDE_H
#define ASSAY_HOST_CASES_HOST_SIDE_H

#include "base/child.h"
#include "host/cases/host_case.h"

/* Where the file is: its own path, or that of what was planted there. */
const char *host_side_path(struct host_trial *t, const char *path) NONNULL(1, 2);
/* What stands before /proc and /sys for readers of many files: "", or the folder with what was planted. */
const char *host_side_root(struct host_trial *t) NONNULL(1);
/* A file's content (of a device: what it has without waiting), at most 4 MiB; NULL, with errno, when it cannot be read. */
const char *host_side_read(struct host_trial *t, const char *path) NONNULL(1, 2);
/* The same as a number, `fallback` when it is none. */
long long host_side_number(struct host_trial *t, const char *path, long long fallback)
	NONNULL(1, 2);
/* The names in a folder, sorted, those with a dot in front left out; NULL ends. None when there is no such folder. */
const char *const *host_side_names(struct host_trial *t, const char *path) NONNULL(1, 2)
	__attribute__((returns_nonnull));
bool host_side_is_there(struct host_trial *t, const char *path) NONNULL(1, 2);

/* For sabotages; what they plant goes with the trial. A file, a link to something real, an empty folder. */
void host_side_plant(struct host_trial *t, const char *path, const char *content) NONNULL(1, 2, 3);
void host_side_plant_link(struct host_trial *t, const char *path, const char *target)
	NONNULL(1, 2, 3);
void host_side_plant_folder(struct host_trial *t, const char *path) NONNULL(1, 2);

/* adjtimex(2), or what a sabotage has put in its place. */
struct timex;
typedef int host_adjtimex_fn(struct timex *state);
int host_side_adjtimex(struct host_trial *t, struct timex *state) NONNULL(1, 2);
void host_side_replace_adjtimex(struct host_trial *t, host_adjtimex_fn *fn) NONNULL(1, 2);

/* Where a sabotage puts a process that it leaves running; it ends with the trial. */
struct child *host_side_left(struct host_trial *t) NONNULL(1) __attribute__((returns_nonnull));

/* For the framework. */
void host_side_done(struct host_trial *t) NONNULL(1);

#endif
