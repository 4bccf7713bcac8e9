/* SPDX-License-Identifier: Apache-2.0 */
/* Reads through a cache of large chunks. */
#include "host/image/chunks.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"

#define SIZE ((100ULL << 20) + 12345) /* more than the cache holds, and no multiple of a chunk */

#define CHUNK (64U << 10)

struct pattern {
	unsigned reads;
	uint64_t broken_from;
	/* What was begun and not finished; a ticket is a place in it, counted from 1. */
	struct begun {
		uint64_t offset;
		void *buf;
		size_t size;
	} begun[4096];
	unsigned begun_count, finished_count;
};

static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 2654435761U >> 7);
}

static int read_pattern(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct pattern *pattern = arg;
	unsigned char *to = buf;

	pattern->reads++;
	EXPECT(offset + size <= SIZE);
	if (offset >= pattern->broken_from)
		return -EIO;
	for (size_t i = 0; i < size; i++)
		to[i] = byte_at(offset + i);
	return 0;
}

static int64_t begin_pattern(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct pattern *pattern = arg;

	if (offset >= pattern->broken_from && offset % (2 * CHUNK) == 0)
		return -EIO; /* others fail later */
	pattern->begun[pattern->begun_count++] = (struct begun){offset, buf, size};
	return pattern->begun_count;
}

static int finish_pattern(void *arg, int64_t ticket)
{
	struct pattern *pattern = arg;
	struct begun *begun = &pattern->begun[ticket - 1];
	unsigned reads = pattern->reads;

	EXPECT(begun->buf);
	int r = read_pattern(pattern, begun->offset, begun->buf, begun->size);
	pattern->reads = reads;
	pattern->finished_count++;
	begun->buf = NULL;
	return r;
}

static struct chunks *read_ahead_of(struct pattern *pattern)
{
	const struct chunk_source source = {
		.read = read_pattern,
		.begin = begin_pattern,
		.finish = finish_pattern,
		.arg = pattern,
		.size = SIZE,
	};

	*pattern = (struct pattern){.broken_from = UINT64_MAX};
	return chunks_new(&source);
}

static bool is_right(struct chunks *chunks, uint64_t offset, size_t size)
{
	CLEAN_FREE unsigned char *buf = xnew(size);

	if (chunks_read(chunks, offset, buf, size) < 0)
		return false;
	for (size_t i = 0; i < size; i++)
		if (buf[i] != byte_at(offset + i))
			return false;
	return true;
}

TEST(chunks, reads_what_is_there)
{
	struct pattern pattern = {.broken_from = UINT64_MAX};
	const struct chunk_source source = {.read = read_pattern, .arg = &pattern, .size = SIZE};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);

	EXPECT(is_right(chunks, 0, 1));
	EXPECT(is_right(chunks, (64 << 10) - 3, 700 << 10)); /* over several chunks */
	EXPECT(is_right(chunks, SIZE - 5, 5));
	EXPECT_NUMBER(chunks_read(chunks, SIZE - 5, &pattern, 6), -EIO);
	EXPECT_NUMBER(chunks_read(chunks, UINT64_MAX - 1, &pattern, 4), -EIO);
}

TEST(chunks, asks_once_until_it_is_full)
{
	struct pattern pattern = {.broken_from = UINT64_MAX};
	const struct chunk_source source = {.read = read_pattern, .arg = &pattern, .size = SIZE};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);

	EXPECT(is_right(chunks, 10, 10) && is_right(chunks, 5000, 10));
	EXPECT_NUMBER(pattern.reads, 1);
	for (uint64_t at = 0; at < SIZE - 10; at += 64 << 10)
		if (!is_right(chunks, at, 10))
			EXPECT(false);
	EXPECT_NUMBER(pattern.reads, 1601);
	EXPECT(is_right(chunks, SIZE - 10, 10)); /* the newest is still there … */
	EXPECT_NUMBER(pattern.reads, 1601);
	EXPECT(is_right(chunks, 10, 10)); /* … the oldest is not */
	EXPECT_NUMBER(pattern.reads, 1602);
}

TEST(chunks, errors_do_not_stick)
{
	struct pattern pattern = {.broken_from = 0};
	const struct chunk_source source = {.read = read_pattern, .arg = &pattern, .size = SIZE};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	char byte;

	EXPECT_NUMBER(chunks_read(chunks, 0, &byte, 1), -EIO);
	pattern.broken_from = UINT64_MAX;
	EXPECT(is_right(chunks, 0, 1));
}

TEST(chunks, expected_ones_are_asked_for_once)
{
	static struct pattern pattern;
	CLEANUP(chunks) struct chunks *chunks = read_ahead_of(&pattern);

	chunks_expect(chunks, 5 * CHUNK - 1, 2);
	chunks_expect(chunks, 4 * CHUNK, 1);
	chunks_expect(chunks, SIZE - 1, UINT64_MAX);
	EXPECT_NUMBER(pattern.begun_count, 3);
	EXPECT_NUMBER(pattern.finished_count, 0);
	EXPECT(is_right(chunks, 5 * CHUNK - 3, 6) && is_right(chunks, 4 * CHUNK, 100) &&
	       is_right(chunks, SIZE - 5, 5));
	EXPECT_NUMBER(pattern.reads, 0);
	EXPECT_NUMBER(pattern.finished_count, 3);
	chunks_expect(chunks, SIZE, 1);
	chunks_expect(chunks, 0, 0);
	chunks_expect(chunks, 4 * CHUNK, CHUNK);
	EXPECT_NUMBER(pattern.begun_count, 3);
}

TEST(chunks, are_read_ahead_of_who_goes_on)
{
	static struct pattern pattern;
	CLEANUP(chunks) struct chunks *chunks = read_ahead_of(&pattern);

	EXPECT(is_right(chunks, 100 * CHUNK, 10) && is_right(chunks, 300 * CHUNK, 10) &&
	       is_right(chunks, 301 * CHUNK, 10) && is_right(chunks, 200 * CHUNK, 10));
	EXPECT_NUMBER(pattern.begun_count, 0);
	for (unsigned i = 0; i < 100; i++)
		if (!is_right(chunks, i * CHUNK, 10) || !is_right(chunks, i * CHUNK + 20, 10))
			EXPECT(false);
	EXPECT_NUMBER(pattern.reads, 4 + 3);
	EXPECT_NUMBER(pattern.begun_count, 97 + 7);	       /* the 100th is there */
	EXPECT(is_right(chunks, SIZE - 3 * CHUNK, 3 * CHUNK)); /* and never beyond the end */
}

TEST(chunks, expected_in_vain_are_asked_for_again)
{
	static struct pattern pattern;
	CLEANUP(chunks) struct chunks *chunks = read_ahead_of(&pattern);
	char byte;

	pattern.broken_from = 0;
	chunks_expect(chunks, 0, 2 * CHUNK);
	EXPECT_NUMBER(pattern.begun_count, 1);
	EXPECT_NUMBER(chunks_read(chunks, CHUNK, &byte, 1), -EIO);
	pattern.broken_from = UINT64_MAX;
	EXPECT(is_right(chunks, CHUNK, 1) && is_right(chunks, 0, 1));
	EXPECT_NUMBER(pattern.reads, 2);
}

TEST(chunks, expected_ones_have_bounds)
{
	static struct pattern pattern;
	struct chunks *chunks = read_ahead_of(&pattern);

	chunks_expect(chunks, 0, SIZE);
	EXPECT_NUMBER(pattern.begun_count, 256);
	/* Slots on which bytes are still to come are not taken for others before. */
	for (uint64_t at = 256 * CHUNK; at < SIZE; at += 2 * CHUNK)
		if (!is_right(chunks, at, 10))
			EXPECT(false);
	EXPECT_NUMBER(pattern.reads, (1601 - 256 + 1) / 2);
	for (uint64_t at = 257 * CHUNK; at < SIZE; at += 2 * CHUNK)
		if (!is_right(chunks, at, 10))
			EXPECT(false);
	EXPECT(pattern.finished_count > 0);
	chunks_expect(chunks, 0, 10 * CHUNK);
	chunks_free(chunks);
	EXPECT_NUMBER(pattern.finished_count, pattern.begun_count);
}
