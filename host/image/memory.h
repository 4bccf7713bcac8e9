/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found out about a content is remembered by its digest, for this version of Assay: files in the folder "looks" of
 * the cache folder. What is not whole counts as not there, and losing it costs only time.
 *
 *	if (!memory_recall(cache_folder, digest, "map-1", &text)) {
 *		... find out ...
 *		memory_keep(cache_folder, digest, "map-1", text.buf);
 *	}
 *
 * `what` names the fact and the revision of how it is found and written.
 */
#ifndef ASSAY_HOST_IMAGE_MEMORY_H
#define ASSAY_HOST_IMAGE_MEMORY_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* False, with nothing in `ret`, when it is not remembered. `cache_folder` may be NULL: nothing is. */
bool memory_recall(const char *cache_folder, const char *digest, const char *what, struct text *ret)
	NONNULL(2, 3, 4);

/* Failures are silent. `cache_folder` may be NULL. */
void memory_keep(const char *cache_folder, const char *digest, const char *what,
		 const char *content) NONNULL(2, 3, 4);

struct memory_size {
	size_t files;
	uint64_t bytes; /* on disk */
};

/* Adds up what is remembered. A folder that is not there holds nothing. */
int memory_measure(const char *cache_folder, struct memory_size *ret, struct err *e)
	NONNULL(1, 2, 3);

/* Forgets what nobody has asked for since that time (wall clock), and adds up what that was. */
int memory_forget(const char *cache_folder, uint64_t since_ns, struct memory_size *ret,
		  struct err *e) NONNULL(1, 3, 4);

#endif
