/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel as what is validated: a bzImage with or without its modules, or a distribution's package. It is looked at, unpacked
 * and kept in the cache by its content, ready for machines; what is given is never written to.
 *
 *	CLEANUP(kernel_subject) struct kernel_subject *kernel = NULL;
 *	const struct kernel_order order = {.path = "linux-image.deb", .cache = cache};
 *	r = kernel_subject_open(&order, &p, &kernel, e);
 *	printf("%s %s\n", kernel->release, kernel->digest);
 */
#ifndef ASSAY_HOST_KERNEL_SUBJECT_H
#define ASSAY_HOST_KERNEL_SUBJECT_H

#include "base/err.h"
#include "base/wait.h"
#include "host/image/digest.h"
#include "host/kernel/bzimage.h"

#define KERNEL_ARCH	  "x86_64" /* of all that is taken */
#define KERNELS_CACHE_MAX (4ULL << 30)

struct kernel_order {
	const char *path;
	const char *modules; /* a folder, a tarball or a package; NULL: none */
	const char *cache;   /* Assay's, exists */
};

struct kernel_subject {
	char *path;		    /* of what was given, absolute */
	char *modules_given;	    /* the same of its modules; NULL: none were */
	char name[96];		    /* its base name */
	bool is_package;	    /* an archive with a kernel in it, and no bzImage */
	char digest[DIGEST_SIZE];   /* SHA-256 of the file at `path` */
	char key[DIGEST_SIZE];	    /* of all that a machine gets of it */
	char release[RELEASE_SIZE]; /* as uname -r says it */
	char version[256];	    /* as its header says it, with who built it and when */
	/* In the cache, for machines. */
	char *kernel;		/* the bzImage */
	char *modules;		/* the folder with modules.dep; NULL: it has none */
	char *medium;		/* for kernel_medium; NULL: there is none */
	char *config;		/* the text; NULL: it is not known */
	char config_source[64]; /* "its own configuration", "the package's boot/config-…" */
	int lock_fd;		/* the folder in the cache stays as long as it is open */
};

/* Errors blame the user for what was given (no kernel, cut short, of another processor, modules of another version, a package
 * without a kernel), the host for its cache and for depmod. */
int kernel_subject_open(const struct kernel_order *order, const struct patience *p,
			struct kernel_subject **ret, struct err *e) NONNULL(1, 2, 3, 4);
void kernel_subject_free(struct kernel_subject *kernel);
DEFINE_CLEANUP(kernel_subject);

/* -ESTALE (blame host): the file is another one than it was. */
int kernel_subject_prove_unchanged(const struct kernel_subject *kernel, const struct patience *p,
				   struct err *e) NONNULL(1, 2, 3);

/* How many are kept, and how much of the disk they take. */
struct kernels_size {
	size_t count;
	uint64_t bytes;
};
void kernels_measure(const char *cache, struct kernels_size *ret) NONNULL(1, 2);

/* Removes kernels, the longest unused first, until at most so many bytes are kept; those in use stay. */
int kernels_prune(const char *cache, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
	NONNULL(1, 3, 4);

#endif
