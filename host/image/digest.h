/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of a file, remembered by its identity: device, inode, size, mtime and ctime. The memory is one file of lines,
 * "digests" in the cache folder; what is wrong in it is ignored, and losing it costs only time.
 *
 *	struct file_identity identity;
 *	file_identity(&st, &identity);
 *	r = digest_of_file(fd, path, &identity, cache_folder, &patience, digest, e);
 */
#ifndef ASSAY_HOST_IMAGE_DIGEST_H
#define ASSAY_HOST_IMAGE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/wait.h"

#define DIGEST_SIZE 65 /* 64 hex digits and the end */

struct file_identity {
	uint64_t device, inode, size, mtime_ns, ctime_ns;
};

void file_identity(const struct stat *st, struct file_identity *ret) NONNULL(1, 2);
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
	NONNULL(1, 2);

/* True, with the digest, when it is remembered for that identity. */
bool digest_recall(const char *cache_folder, const struct file_identity *identity,
		   char digest[DIGEST_SIZE]) NONNULL(1, 2, 3);

/* Remembers it. Failures are silent: it is only a cache. */
void digest_remember(const char *cache_folder, const struct file_identity *identity,
		     const char *digest) NONNULL(1, 2, 3);

/* Told now and then how far it is; the display is the caller's business. */
typedef void digest_progress_fn(void *arg, uint64_t done, uint64_t total);
struct digest_progress {
	digest_progress_fn *fn; /* NULL: nobody wants to know */
	void *arg;
};

/* Reads the whole file and takes its digest. Ends early with -ECANCELED or -ETIMEDOUT by the patience, and with
 * -ESTALE when the file changes meanwhile. `path` is for messages only. */
int digest_compute(int fd, const char *path, const struct file_identity *identity,
		   const struct patience *p, const struct digest_progress *progress,
		   char digest[DIGEST_SIZE], struct err *e) NONNULL(2, 3, 4, 5, 6, 7);

/* Recalls it, else computes and remembers it. `cache_folder` may be NULL. */
int digest_of_file(int fd, const char *path, const struct file_identity *identity,
		   const char *cache_folder, const struct patience *p,
		   const struct digest_progress *progress, char digest[DIGEST_SIZE], struct err *e)
	NONNULL(2, 3, 5, 6, 7, 8);

#endif
