/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's source tree: a folder as it lies there, or a revision of a git repository. It is known by what is in it, and never
 * written to: of a repository the files are put into the cache, where only those are written that are others than before, so that
 * the next build makes no more anew than it has to.
 *
 *	CLEAN_DONE(source) struct source source;
 *	const struct source_order order = {.tree = "linux", .revision = "v6.1", .cache = cache};
 *	r = source_open(&order, &patience, &source, e);
 *	r = source_lock(&source, &patience, e);
 *	r = source_put(&source, &patience, e);      (source.files is to be built, into source.objects)
 */
#ifndef ASSAY_HOST_KERNEL_SOURCE_H
#define ASSAY_HOST_KERNEL_SOURCE_H

#include "base/vec.h"
#include "host/image/digest.h"
#include "host/kernel/git.h"

#define SOURCE_FILES_MAX   500000 /* of a folder */
#define SOURCE_CHANGES_MAX 20000  /* files of a work tree that are not as they were committed */
#define SOURCES_CACHE_MAX  (32ULL << 30)

DEFINE_VEC(source_paths, char *);

struct source_order {
	const char *tree;     /* a folder; of a repository also a bare one */
	const char *revision; /* NULL: as it lies there */
	const char *cache;    /* Assay's, exists */
};

struct source {
	char *path;		     /* of what was given, absolute */
	struct git git;		     /* folder NULL: it is none of git's */
	char commit[GIT_ID_SIZE];    /* "" without git */
	struct source_paths changed; /* of the work tree, below it */
	char digest[DIGEST_SIZE];    /* of all files */
	char name[128];		     /* for people: "linux at v6.1 (0123456789ab)" */
	/* In the cache. */
	char *place, *files, *objects;
	int lock_fd; /* -1: not locked */
};

/* True for a folder in which a kernel's Makefile, Kbuild and Kconfig lie. */
bool source_is_one(const char *path) NONNULL(1);

/* Errors blame the user for what was given: there is nothing, it is no kernel's tree, git does not know the revision. */
int source_open(const struct source_order *order, const struct patience *p, struct source *ret,
		struct err *e) NONNULL(1, 2, 3, 4);
void source_done(struct source *source) NONNULL(1);
DEFINE_CLEAN_DONE(source);

/* Waits until nobody else builds from it, also nobody of whom a killed Assay has left something; `tell` is called when it has to wait. */
int source_lock(struct source *source, const struct patience *p,
		void (*tell)(void *arg, const char *line), void *arg, struct err *e)
	NONNULL(1, 2, 5);
/* Makes `files` what it should be. */
int source_put(const struct source *source, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);
/* -ESTALE (blame user): what lies there is not what it was when it was opened. */
int source_prove_unchanged(const struct source *source, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);

#endif
