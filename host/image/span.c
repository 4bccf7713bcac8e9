/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the disk that read as one. */
#include "host/image/span.h"

#include <string.h>

#include "base/vec.h"

struct piece {
	struct span_piece is;
	uint64_t from; /* in the span */
	size_t first;  /* of its places */
};

DEFINE_VEC(piece_vec, struct piece);
DEFINE_VEC(place_vec, uint64_t);

struct span {
	struct chunks *chunks;
	struct piece_vec pieces;
	struct place_vec places;
	uint64_t size;
};

struct span *span_new(struct chunks *chunks)
{
	struct span *span = xnew(sizeof *span);

	*span = (struct span){
		.chunks = chunks,
		.pieces = VEC_INIT(SPAN_PLACES_MAX),
		.places = VEC_INIT(SPAN_PLACES_MAX),
	};
	return span;
}

struct span *span_of_range(struct chunks *chunks, uint64_t offset, uint64_t size)
{
	struct span *span = span_new(chunks);
	uint64_t disk = chunks_size(chunks), left = offset < disk ? disk - offset : 0;
	const struct span_piece piece = {.size = size < left ? size : left, .count = 1};

	if (piece.size > 0)
		(void)span_add(span, &piece, &offset);
	return span;
}

void span_free(struct span *span)
{
	if (!span)
		return;
	vec_done(&span->pieces);
	vec_done(&span->places);
	free(span);
}

/* A piece that goes on where the last one ends is no piece of its own. */
static bool goes_on(const struct span *span, const struct span_piece *piece, uint64_t place)
{
	if (span->pieces.count == 0 || piece->count != 1)
		return false;
	const struct piece *last = &span->pieces.items[span->pieces.count - 1];
	return last->is.count == 1 && span->places.items[last->first] + last->is.size == place;
}

static int check_piece(const struct span *span, const struct span_piece *piece,
		       const uint64_t *places)
{
	uint64_t disk = chunks_size(span->chunks), end;

	if (piece->size == 0 || piece->count == 0 || piece->size % piece->count != 0)
		return -EINVAL;
	uint64_t each = piece->size / piece->count;
	if (piece->count > 1 && (piece->stripe_size == 0 || each % piece->stripe_size != 0))
		return -EINVAL;
	for (unsigned i = 0; i < piece->count; i++)
		if (places[i] > disk || each > disk - places[i])
			return -ERANGE;
	return __builtin_add_overflow(span->size, piece->size, &end) ? -ERANGE : 0;
}

int span_add(struct span *span, const struct span_piece *piece, const uint64_t *places)
{
	int r = check_piece(span, piece, places);

	if (r < 0)
		return r;
	if (goes_on(span, piece, places[0])) {
		span->pieces.items[span->pieces.count - 1].is.size += piece->size;
		span->size += piece->size;
		return 0;
	}
	const struct piece more = {*piece, span->size, span->places.count};
	if (piece->count > SPAN_PLACES_MAX - span->places.count || !vec_add(&span->pieces, more))
		return -E2BIG;
	for (unsigned i = 0; i < piece->count; i++)
		(void)vec_add(&span->places, places[i]);
	span->size += piece->size;
	return 0;
}

uint64_t span_size(const struct span *span)
{
	return span->size;
}

uint64_t span_start(const struct span *span)
{
	return span->places.count ? span->places.items[0] : 0;
}

bool span_is_range(const struct span *span)
{
	return span->places.count == 1;
}

/* ---- reading ---- */

static const struct piece *find_piece(const struct span *span, uint64_t offset)
{
	size_t low = 0, high = span->pieces.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (span->pieces.items[middle].from <= offset)
			low = middle;
		else
			high = middle;
	}
	return &span->pieces.items[low];
}

/* Where on the disk a byte of the piece lies, and how many follow it there. */
static uint64_t locate(const struct span *span, const struct piece *piece, uint64_t within,
		       uint64_t *ret_left)
{
	const uint64_t *places = &span->places.items[piece->first];

	if (piece->is.count == 1) {
		*ret_left = piece->is.size - within;
		return places[0] + within;
	}
	uint64_t stripe = within / piece->is.stripe_size,
		 in_stripe = within % piece->is.stripe_size;
	*ret_left = piece->is.stripe_size - in_stripe;
	/* cppcheck-suppress objectIndex; each piece has as many places as its count says */
	return places[stripe % piece->is.count] + stripe / piece->is.count * piece->is.stripe_size +
	       in_stripe;
}

int span_read(const struct span *span, uint64_t offset, void *buf, size_t size)
{
	unsigned char *to = buf;

	if (offset > span->size || size > span->size - offset)
		return -EIO;
	while (size > 0) {
		const struct piece *piece = find_piece(span, offset);
		uint64_t left, at = locate(span, piece, offset - piece->from, &left);
		size_t n = left < size ? (size_t)left : size;
		int r = chunks_read(span->chunks, at, to, n);
		if (r < 0)
			return r;
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}

void span_expect(const struct span *span, uint64_t offset, uint64_t size)
{
	uint64_t n;

	if (offset >= span->size)
		return;
	if (size > span->size - offset)
		size = span->size - offset;
	for (; size > 0; offset += n, size -= n) {
		const struct piece *piece = find_piece(span, offset);
		uint64_t left, at = locate(span, piece, offset - piece->from, &left);
		n = left < size ? left : size;
		chunks_expect(span->chunks, at, n);
	}
}

void span_describe(const struct span *span, struct text *out)
{
	vec_each (&span->pieces, piece) {
		(void)text_addf(
			out, "%llu %llu", (unsigned long long)piece->is.size,
			(unsigned long long)(piece->is.count > 1 ? piece->is.stripe_size : 0));
		for (unsigned i = 0; i < piece->is.count; i++)
			(void)text_addf(out, " %llu",
					(unsigned long long)span->places.items[piece->first + i]);
		(void)text_adds(out, "\n");
	}
}
