/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of a suite, from a folder or a tarball that the user gives, as an ISO 9660 file which machines get as a read-only
 * disk. It is made without root, and kept in the cache by what the source is; nothing of it is unpacked on the host. What
 * would reach out of the tree is refused with the member's name: absolute names, "..", links that lead out, names below a
 * link, devices, and more than the maxima.
 *
 *	CLEAN_FREE char *disk = NULL;
 *	r = pack_make("ltp.tar.xz", cache, &disk, e);
 *	r = pack_read(disk, wants, arg, take, e);          (the files that wants() says, as they come)
 */
#ifndef ASSAY_HOST_BUNDLE_PACK_H
#define ASSAY_HOST_BUNDLE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PACK_MEMBERS_MAX 200000
#define PACK_BYTES_MAX	 (8ULL << 30)
#define PACK_NAME_MAX	 1024
#define PACK_DEPTH_MAX	 32
#define PACK_READ_MAX	 (16U << 20)  /* of one file that is read */
#define PACK_CACHE_MAX	 (8ULL << 30) /* of all that are kept; the ones used last stay */

/* What is said of a member by its name, and what it is. */
enum pack_kind { PACK_FOLDER, PACK_FILE, PACK_LINK, PACK_HARD_LINK, PACK_OTHER };

/* The members so far, for the names that are refused. */
struct pack_names;
struct pack_names *pack_names_new(void);
void pack_names_free(struct pack_names *names);
DEFINE_CLEANUP(pack_names);

/* Without "./" in front. */
const char *pack_plain(const char *name) NONNULL(1);

/*
 * Judges the next member: 1 it is taken, and *ret is its plain name inside `names`; 0 it says nothing new (the top folder, a
 * folder that was there). -EPERM and others (blame user) name it and say what is wrong. `target`: where a link leads.
 */
int pack_names_take(struct pack_names *names, const char *name, enum pack_kind kind,
		    const char *target, uint64_t bytes, const char **ret, struct err *e)
	NONNULL(1, 2, 6, 7);

/* Gives the path of the disk, below the folder `cache`, which exists. */
int pack_make(const char *source, const char *cache, char **ret, struct err *e) NONNULL(1, 2, 3, 4);

typedef bool pack_wants_fn(void *arg, const char *name);
/* Takes one; a negative errno ends it. */
typedef int pack_take_fn(void *arg, const char *name, const char *bytes, size_t length,
			 struct err *e);
int pack_read(const char *disk, pack_wants_fn *wants, pack_take_fn *take, void *arg, struct err *e)
	NONNULL(1, 2, 3, 5);

#endif
