/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a kernel out of a source tree: out of tree, by the tree's own make, with ccache where it is installed. What came out is kept
 * in the cache by the tree's content, its configuration and the compiler; what the compiler said of it is kept with it.
 *
 *	CLEAN_DONE(build) struct build build;
 *	r = build_kernel(&order, &source, &patience, &build, e);
 *	if (r == 0 && build.failed)
 *		the tree does not build: build.found says why
 *	else if (r == 0)
 *		open the kernel build.kernel, with build.modules
 *
 * Whoever builds a tree runs its programs: its Makefile can do whatever the user can.
 */
#ifndef ASSAY_HOST_KERNEL_BUILD_H
#define ASSAY_HOST_KERNEL_BUILD_H

#include "host/kernel/diagnostic.h"
#include "host/kernel/source.h"

#define BUILDS_CACHE_MAX    (16ULL << 30)
#define BUILD_LOG_MAX	    (64U << 20)
#define BUILD_FOUND_MAX	    1000 /* different errors and warnings that are kept */
#define BUILD_FRAGMENTS_MAX 64
#define BUILD_WORDS_MAX	    32
#define BUILD_JOBS_MAX	    1024

struct build_order {
	const char *config;	 /* a file, or a target of the tree such as defconfig; NULL: that */
	const char *config_text; /* not NULL: this, and `config` says where it is from */
	const char *const *fragments; /* files with options that override it */
	size_t fragment_count;
	const char *const *words; /* "LLVM=1", for make */
	size_t word_count;
	unsigned jobs; /* 0: as many as there are CPUs */
	const char *cache;
	void (*tell)(void *arg, const char *line); /* progress; may be NULL */
	void *arg;
};

struct build {
	bool failed;   /* it does not build, and `found` has the errors */
	bool was_kept; /* it was built before */
	char key[DIGEST_SIZE];
	struct diagnostics found;	 /* in the order in which they came */
	unsigned errors, warnings;	 /* different ones; there may be more than are kept */
	struct text remarks;		 /* lines: options of fragments that do not hold */
	uint64_t span_ns;		 /* of the build, when it was one */
	char *folder, *kernel, *modules; /* modules NULL: it has none; all NULL when it failed */
	char *log;			 /* what the build printed */
	int lock_fd;			 /* the folder stays as long as it is open */
};

/* Errors blame the host for programs and headers that are missing (with the package that has them) and for a full disk, the user for
 * the configuration. */
int build_kernel(const struct build_order *order, struct source *source, const struct patience *p,
		 struct build *ret, struct err *e) NONNULL(1, 2, 3, 4, 5);
void build_done(struct build *build) NONNULL(1);
DEFINE_CLEAN_DONE(build);

/* Adds "3 errors, 1 warning", and the first `count` of these, a line each, indented. */
void build_tell(const struct build *build, size_t count, struct text *out) NONNULL(1, 3);

/* The first error in a line; "" when there is none. */
const char *build_why(const struct build *build, char *buf, size_t size) NONNULL(1, 2);

#endif
