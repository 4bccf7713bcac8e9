/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of a folder are images that have come in whole, in the order in which they came. It opens nothing: it is told what
 * lies there, again and again, and by which clock.
 *
 *	CLEANUP(arrivals) struct arrivals *arrivals = arrivals_new(5 * NS_PER_S);
 *	arrivals_begin(arrivals);
 *	for each file of the folder: arrivals_see(arrivals, name, &file, now_ns);
 *	arrivals_end(arrivals);
 *	while ((name = arrivals_next(arrivals, now_ns, wall_ns)))
 *		...arrivals_done(arrivals, name);
 *
 * A file is whole when it came by a rename (arrivals_renamed), or when neither its size nor its time of change has moved for the
 * settling time. What a name gives away as unfinished or as no image is never one.
 */
#ifndef ASSAY_HOST_WATCH_ARRIVAL_H
#define ASSAY_HOST_WATCH_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

#define ARRIVALS_MAX	  100000 /* files of a folder */
#define ARRIVAL_NAME_SIZE 256

/* A file as it was seen. The same file has the same of all but ctime_ns, which a link moves. */
struct arrival_file {
	uint64_t device, inode, size, mtime_ns, ctime_ns;
};
bool arrival_file_is_same(const struct arrival_file *a, const struct arrival_file *b) NONNULL(1, 2);
struct stat;
void arrival_file_read(const struct stat *stat_, struct arrival_file *ret) NONNULL(1, 2);
/* True when that very file lies there, and no link. */
bool arrival_file_lies_at(const char *path, const struct arrival_file *file) NONNULL(1, 2);

/* Why a name is none of an image: "its name says that it is not complete"; NULL: it may be one. */
const char *arrival_why_not(const char *name) NONNULL(1);

struct arrivals;
struct arrivals *arrivals_new(uint64_t settle_ns);
void arrivals_free(struct arrivals *arrivals);
DEFINE_CLEANUP(arrivals);

/* One look at the folder. arrivals_see returns true for a file that was not there before, or is another one than before; beyond
 * ARRIVALS_MAX files are left for later looks. */
void arrivals_begin(struct arrivals *arrivals) NONNULL(1);
bool arrivals_see(struct arrivals *arrivals, const char *name, const struct arrival_file *file,
		  uint64_t now_ns) NONNULL(1, 2, 3);
void arrivals_end(struct arrivals *arrivals) NONNULL(1);

/* It came by a rename: the next look takes it as whole. */
void arrivals_renamed(struct arrivals *arrivals, const char *name) NONNULL(1, 2);

/* The first that is whole and not done; NULL: there is none. The name holds until the next look. */
const char *arrivals_next(const struct arrivals *arrivals, uint64_t now_ns, uint64_t wall_ns)
	NONNULL(1);
/* How it was seen last; NULL: it is not there. */
const struct arrival_file *arrivals_file(const struct arrivals *arrivals, const char *name)
	NONNULL(1, 2);

/* Nothing more is to be done with it as long as it is the same file. */
void arrivals_done(struct arrivals *arrivals, const char *name) NONNULL(1, 2);
/* It is not to be tried before then (monotonic). */
void arrivals_put_off(struct arrivals *arrivals, const char *name, uint64_t until_ns) NONNULL(1, 2);

/* When arrivals_next may have more to say without another look; UINT64_MAX: never. */
uint64_t arrivals_due_ns(const struct arrivals *arrivals, uint64_t now_ns, uint64_t wall_ns)
	NONNULL(1);

#endif
