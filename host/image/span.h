/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the disk that read as one: a partition is one piece of it, a logical volume many, some of them striped.
 *
 *	CLEANUP(span) struct span *span = span_new(chunks);
 *	r = span_add(span, &(struct span_piece){.size = 4 << 20, .count = 1}, (uint64_t[]){at});
 *	r = span_read(span, offset, buf, length);
 */
#ifndef ASSAY_HOST_IMAGE_SPAN_H
#define ASSAY_HOST_IMAGE_SPAN_H

#include "base/text.h"
#include "host/image/chunks.h"

#define SPAN_PLACES_MAX                                                                            \
	1024U /* of all pieces together; a volume that was enlarged now and then has ten */

/* What follows in the span. With more than one place the bytes go round over them, stripe by stripe. */
struct span_piece {
	uint64_t size;
	uint64_t stripe_size; /* with one place: not looked at */
	unsigned count;	      /* of places */
};

struct span;

/* Empty; the chunks are borrowed for the span's life. */
struct span *span_new(struct chunks *chunks) NONNULL(1);
/* The one piece there, as far as the disk goes. */
struct span *span_of_range(struct chunks *chunks, uint64_t offset, uint64_t size) NONNULL(1);
void span_free(struct span *span);
DEFINE_CLEANUP(span);

/* Adds a piece behind the others, `places` says where on the disk its stripes begin. 0, -EINVAL (stripes that do not fill
 * it), -E2BIG (too many places) or -ERANGE (it goes beyond the disk's end). */
int span_add(struct span *span, const struct span_piece *piece, const uint64_t *places)
	NONNULL(1, 2, 3);

uint64_t span_size(const struct span *span) NONNULL(1);
/* Where on the disk its first byte lies. */
uint64_t span_start(const struct span *span) NONNULL(1);
/* Whether it is one piece without stripes. */
bool span_is_range(const struct span *span) NONNULL(1);

/* Reads exactly `size` bytes: 0, -EIO (beyond the end), or what the chunks say. */
int span_read(const struct span *span, uint64_t offset, void *buf, size_t size) NONNULL(1, 3);

/* Says that these bytes, as far as there are so many, will be read soon: as chunks_expect. */
void span_expect(const struct span *span, uint64_t offset, uint64_t size) NONNULL(1);

/* Adds a line "SIZE STRIPE_SIZE PLACE…" in bytes for each piece: how the agent of a micro-VM is told of it. */
void span_describe(const struct span *span, struct text *out) NONNULL(1, 2);

#endif
