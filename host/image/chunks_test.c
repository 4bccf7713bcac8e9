/* SPDX-License-Identifier: Apache-2.0 */
/* Reads through a cache of large chunks. */
#include "host/image/chunks.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"

#define SIZE ((100ULL << 20) + 12345) /* more than the cache holds, and no multiple of a chunk */

struct pattern {
	unsigned reads;
	uint64_t broken_from;
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
