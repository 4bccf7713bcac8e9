/* SPDX-License-Identifier: Apache-2.0 */
/* A cache of large chunks: least recently used go first, found by a hash of their number. */
#include "host/image/chunks.h"

#include <string.h>

#include "base/text.h"

/* A qcow2 cluster: a compressed one is unpacked once. Larger ones cost as much as they save: a walk over a distribution's
 * root needs 1,150 of these (72 MiB), or 600 of 256 KiB (149 MiB). */
#define CHUNK_SIZE  (64U << 10)
#define CHUNK_COUNT 1024U /* 64 MiB */
#define HASH_SIZE   1024U

struct chunk {
	unsigned char *bytes;
	uint64_t number;
	struct chunk *next_in_hash;
	struct chunk *newer, *older;
};

struct chunks {
	struct chunk_source source;
	struct chunk *hash[HASH_SIZE];
	struct chunk slots[CHUNK_COUNT];
	unsigned used;
	struct chunk *newest, *oldest;
};

struct chunks *chunks_new(const struct chunk_source *source)
{
	struct chunks *chunks = xnew(sizeof *chunks);

	chunks->source = *source;
	return chunks;
}

void chunks_free(struct chunks *chunks)
{
	if (!chunks)
		return;
	for (unsigned i = 0; i < chunks->used; i++)
		free(chunks->slots[i].bytes);
	free(chunks);
}

uint64_t chunks_size(const struct chunks *chunks)
{
	return chunks->source.size;
}

static struct chunk **bucket(struct chunks *chunks, uint64_t number)
{
	return &chunks->hash[number % HASH_SIZE];
}

static void unlink_age(struct chunks *chunks, struct chunk *chunk)
{
	*(chunk->newer ? &chunk->newer->older : &chunks->newest) = chunk->older;
	*(chunk->older ? &chunk->older->newer : &chunks->oldest) = chunk->newer;
}

static void link_newest(struct chunks *chunks, struct chunk *chunk)
{
	chunk->newer = NULL;
	chunk->older = chunks->newest;
	*(chunks->newest ? &chunks->newest->newer : &chunks->oldest) = chunk;
	chunks->newest = chunk;
}

/* A chunk that is in neither list: a fresh one, or the one that was not used for the longest time. */
static struct chunk *take_slot(struct chunks *chunks)
{
	if (chunks->used < CHUNK_COUNT) {
		struct chunk *chunk = &chunks->slots[chunks->used++];
		chunk->bytes = malloc(CHUNK_SIZE); /* not cleared: it is overwritten */
		if (!chunk->bytes)
			abort();
		return chunk;
	}
	struct chunk *oldest = chunks->oldest;
	struct chunk **at = bucket(chunks, oldest->number);
	while (*at != oldest)
		at = &(*at)->next_in_hash;
	*at = oldest->next_in_hash;
	unlink_age(chunks, oldest);
	return oldest;
}

static int load(struct chunks *chunks, uint64_t number, struct chunk **ret)
{
	struct chunk *chunk = take_slot(chunks);
	uint64_t offset = number * CHUNK_SIZE, left = chunks->source.size - offset;
	int r = chunks->source.read(chunks->source.arg, offset, chunk->bytes,
				    left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE);

	/* One that could not be read gets a number that is never asked for, so the slot is not lost. */
	chunk->number = r < 0 ? UINT64_MAX : number;
	struct chunk **head = bucket(chunks, chunk->number);
	chunk->next_in_hash = *head;
	*head = chunk;
	link_newest(chunks, chunk);
	*ret = chunk;
	return r;
}

static int find(struct chunks *chunks, uint64_t number, struct chunk **ret)
{
	for (struct chunk *chunk = *bucket(chunks, number); chunk; chunk = chunk->next_in_hash) {
		if (chunk->number != number)
			continue;
		if (chunk != chunks->newest) {
			unlink_age(chunks, chunk);
			link_newest(chunks, chunk);
		}
		*ret = chunk;
		return 0;
	}
	return load(chunks, number, ret);
}

int chunks_read(struct chunks *chunks, uint64_t offset, void *buf, size_t size)
{
	unsigned char *to = buf;

	if (offset > chunks->source.size || size > chunks->source.size - offset)
		return -EIO;
	if (chunks->source.is_near)
		return chunks->source.read(chunks->source.arg, offset, buf, size);
	while (size > 0) {
		struct chunk *chunk;
		int r = find(chunks, offset / CHUNK_SIZE, &chunk);
		if (r < 0)
			return r;
		size_t within = offset % CHUNK_SIZE;
		size_t n = CHUNK_SIZE - within < size ? CHUNK_SIZE - within : size;
		memcpy(to, chunk->bytes + within, n);
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}
