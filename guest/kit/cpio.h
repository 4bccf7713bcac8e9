/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cpio archive of the kind that the kernel takes as its initial root ("newc"), fed piece by piece.
 *
 *	struct cpio cpio;
 *	cpio_init(&cpio, on_entry, arg);
 *	long used = cpio_feed(&cpio, bytes, length);
 *
 * Archives may follow one another with zeroes between them. At bytes that begin no archive the feeding stops: an initrd
 * goes on there in compressed form.
 */
#ifndef ASSAY_KIT_CPIO_H
#define ASSAY_KIT_CPIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define CPIO_HEADER   110
#define CPIO_NAME_MAX 4096
#define CPIO_KEEP_MAX 16384 /* of each file's content */

struct cpio_entry {
	const char *name;
	uint32_t mode, uid;
	uint64_t size;
	const char *content; /* the first `kept` bytes, terminated */
	size_t kept;
};
typedef void cpio_entry_fn(void *arg, const struct cpio_entry *entry);

enum cpio_state { CPIO_BETWEEN, CPIO_IN_HEADER, CPIO_IN_NAME, CPIO_IN_DATA };

struct cpio {
	cpio_entry_fn *on_entry;
	void *arg;
	enum cpio_state state;
	bool is_ended; /* a trailer has been seen */
	uint64_t at;   /* of all bytes taken */
	uint64_t left; /* of the state's bytes, with what aligns them */
	size_t filled; /* of header, name or content */
	size_t name_size;
	struct cpio_entry entry;
	char header[CPIO_HEADER + 1];
	char name[CPIO_NAME_MAX + 1];
	char content[CPIO_KEEP_MAX + 1];
};

void cpio_init(struct cpio *cpio, cpio_entry_fn *on_entry, void *arg) NONNULL(1, 2);

/* Takes bytes. Returns how many it took: fewer than `length` where bytes begin that are no archive (only between
 * archives), or -EBADMSG for an archive that is damaged. */
long cpio_feed(struct cpio *cpio, const void *bytes, size_t length) NONNULL(1, 2);

/* True when nothing has been begun that is not finished. */
bool cpio_is_complete(const struct cpio *cpio) NONNULL(1);

#endif
