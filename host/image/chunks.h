/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small reads anywhere. Where each request costs, they go through a cache of large chunks.
 *
 *	struct chunks *chunks = chunks_new(&(struct chunk_source){.read = nbd_read, .arg = nbd, .size = size});
 *	r = chunks_read(chunks, offset, buf, length);
 */
#ifndef ASSAY_HOST_IMAGE_CHUNKS_H
#define ASSAY_HOST_IMAGE_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

/* Reads exactly `size` bytes; 0 or -errno. Never asked for bytes beyond its size. */
typedef int chunk_read_fn(void *arg, uint64_t offset, void *buf, size_t size);

/* As chunk_read_fn, but does not wait: gives a ticket above 0, for which the other waits. Until then `buf` is in use. */
typedef int64_t chunk_begin_fn(void *arg, uint64_t offset, void *buf, size_t size);
typedef int chunk_finish_fn(void *arg, int64_t ticket);

struct chunk_source {
	chunk_read_fn *read;
	chunk_begin_fn *begin; /* NULL: nothing is read ahead */
	chunk_finish_fn *finish;
	void *arg; /* borrowed */
	uint64_t size;
	bool is_near; /* the kernel has its bytes: a request costs less than keeping what it gives */
};

struct chunks;

struct chunks *chunks_new(const struct chunk_source *source) NONNULL(1);
void chunks_free(struct chunks *chunks);
DEFINE_CLEANUP(chunks);

uint64_t chunks_size(const struct chunks *chunks) NONNULL(1);

/* Reads exactly `size` bytes: 0, -EIO (beyond the end), or what the source says. */
int chunks_read(struct chunks *chunks, uint64_t offset, void *buf, size_t size) NONNULL(1);

/* Says that these bytes will be read soon: where that helps, they are asked for now. */
void chunks_expect(struct chunks *chunks, uint64_t offset, uint64_t size) NONNULL(1);

#endif
