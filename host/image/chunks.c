/* SPDX-License-Identifier: Apache-2.0 */
/* A cache of large chunks: least recently used go first, found by a hash of their number. Some are still on their way. */
#include "host/image/chunks.h"

#include <string.h>

#include "base/text.h"

/* A qcow2 cluster: a compressed one is unpacked once. Larger ones cost as much as they save: a walk over a distribution's
 * root needs 1,150 of these (72 MiB), or 600 of 256 KiB (149 MiB). */
#define CHUNK_SIZE  (64U << 10)
#define CHUNK_COUNT 1024U /* 64 MiB */
#define HASH_SIZE   1024U
#define AWAITED_MAX 256U /* on their way at once */
#define AHEAD_MAX   8U	 /* read ahead of a reader that goes from chunk to chunk */

struct chunk {
	unsigned char *bytes;
	uint64_t number;
	struct chunk *next_in_hash;
	struct chunk *newer, *older;
	int64_t ticket; /* 0: it has come */
};

struct chunks {
	struct chunk_source source;
	struct chunk *hash[HASH_SIZE];
	struct chunk slots[CHUNK_COUNT];
	unsigned used, awaited;
	struct chunk *newest, *oldest;
	uint64_t last;	 /* number of the chunk that was read last */
	unsigned streak; /* so many before it were read one after the other */
};

struct chunks *chunks_new(const struct chunk_source *source)
{
	struct chunks *chunks = xnew(sizeof *chunks);

	chunks->source = *source;
	return chunks;
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

/* Takes a chunk out of the hash: one that could not be read, or whose slot is to be used again. */
static void unhash(struct chunks *chunks, struct chunk *chunk)
{
	struct chunk **at = bucket(chunks, chunk->number);

	while (*at != chunk)
		at = &(*at)->next_in_hash;
	*at = chunk->next_in_hash;
}

static void hash(struct chunks *chunks, struct chunk *chunk, uint64_t number)
{
	struct chunk **head = bucket(chunks, number);

	chunk->number = number;
	chunk->next_in_hash = *head;
	*head = chunk;
}

/* One that could not be read gets a number that is never asked for, so the slot is not lost. */
static void forget(struct chunks *chunks, struct chunk *chunk)
{
	unhash(chunks, chunk);
	hash(chunks, chunk, UINT64_MAX);
}

/* Until its bytes are there. */
static int await(struct chunks *chunks, struct chunk *chunk)
{
	if (chunk->ticket == 0)
		return 0;
	int r = chunks->source.finish(chunks->source.arg, chunk->ticket);
	chunk->ticket = 0;
	chunks->awaited--;
	if (r < 0)
		forget(chunks, chunk);
	return r;
}

void chunks_free(struct chunks *chunks)
{
	if (!chunks)
		return;
	for (unsigned i = 0; i < chunks->used; i++) {
		(void)await(chunks, &chunks->slots[i]); /* else its bytes come into freed memory */
		free(chunks->slots[i].bytes);
	}
	free(chunks);
}

/* A chunk of that number without its bytes: in a fresh slot, or in that of the one not used for the longest time. */
static struct chunk *add(struct chunks *chunks, uint64_t number)
{
	struct chunk *chunk = chunks->oldest;

	if (chunks->used < CHUNK_COUNT) {
		chunk = &chunks->slots[chunks->used++];
		chunk->bytes = malloc(CHUNK_SIZE); /* not cleared: it is overwritten */
		if (!chunk->bytes)
			abort();
	} else {
		(void)await(chunks, chunk);
		unhash(chunks, chunk);
		unlink_age(chunks, chunk);
	}
	hash(chunks, chunk, number);
	link_newest(chunks, chunk);
	return chunk;
}

static size_t size_of(const struct chunks *chunks, uint64_t number)
{
	uint64_t left = chunks->source.size - number * CHUNK_SIZE;

	return left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE;
}

static struct chunk *find(struct chunks *chunks, uint64_t number)
{
	struct chunk *chunk = *bucket(chunks, number);

	while (chunk && chunk->number != number)
		chunk = chunk->next_in_hash;
	return chunk;
}

/* The chunk with its bytes. */
static int get(struct chunks *chunks, uint64_t number, struct chunk **ret)
{
	const struct chunk_source *source = &chunks->source;
	struct chunk *chunk = find(chunks, number);
	int r;

	if (chunk) {
		unlink_age(chunks, chunk);
		link_newest(chunks, chunk);
		r = await(chunks, chunk);
	} else {
		chunk = add(chunks, number);
		r = source->read(source->arg, number * CHUNK_SIZE, chunk->bytes,
				 size_of(chunks, number));
		if (r < 0)
			forget(chunks, chunk);
	}
	*ret = chunk;
	return r;
}

/* ---- ahead of who reads ---- */

static void begin(struct chunks *chunks, uint64_t number)
{
	const struct chunk_source *source = &chunks->source;

	if (chunks->awaited == AWAITED_MAX || find(chunks, number))
		return;
	struct chunk *chunk = add(chunks, number);
	int64_t ticket = source->begin(source->arg, number * CHUNK_SIZE, chunk->bytes,
				       size_of(chunks, number));
	if (ticket <= 0) {
		forget(chunks, chunk);
		return;
	}
	chunk->ticket = ticket;
	chunks->awaited++;
}

void chunks_expect(struct chunks *chunks, uint64_t offset, uint64_t size)
{
	if (!chunks->source.begin || offset >= chunks->source.size || size == 0)
		return;
	if (size > chunks->source.size - offset)
		size = chunks->source.size - offset;
	for (uint64_t n = offset / CHUNK_SIZE; n <= (offset + size - 1) / CHUNK_SIZE; n++)
		begin(chunks, n);
}

/* Who has read two chunks after another goes on: the longer so far, the further. */
static void follow(struct chunks *chunks, uint64_t number)
{
	if (number == chunks->last)
		return;
	chunks->streak = number == chunks->last + 1 ? chunks->streak + 1 : 0;
	chunks->last = number;
	if (chunks->streak < 2)
		return;
	uint64_t ahead = chunks->streak < AHEAD_MAX ? chunks->streak : AHEAD_MAX;
	chunks_expect(chunks, (number + 1) * CHUNK_SIZE, ahead * CHUNK_SIZE);
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
		uint64_t number = offset / CHUNK_SIZE;
		int r = get(chunks, number, &chunk);
		if (r < 0)
			return r;
		size_t within = offset % CHUNK_SIZE;
		size_t n = CHUNK_SIZE - within < size ? CHUNK_SIZE - within : size;
		memcpy(to, chunk->bytes + within, n);
		follow(chunks, number);
		to += n;
		offset += n;
		size -= n;
	}
	return 0;
}
