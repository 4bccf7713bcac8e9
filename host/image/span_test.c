/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a disk that read as one. */
#include "host/image/span.h"

#include <string.h>

#include "base/test.h"

#define DISK 100000U

/* Every byte of the disk says where it is. */
static unsigned char byte_at(uint64_t offset)
{
	return (unsigned char)(offset * 7 + offset / 251);
}

static int read_pattern(void *arg UNUSED, uint64_t offset, void *buf, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)buf)[i] = byte_at(offset + i);
	return 0;
}

static const struct chunk_source source = {.read = read_pattern, .size = DISK};

static int add(struct span *span, uint64_t size, uint64_t place)
{
	return span_add(span, &(struct span_piece){.size = size, .count = 1}, &place);
}

static bool reads(const struct span *span, uint64_t offset, size_t size, uint64_t place)
{
	CLEAN_FREE unsigned char *buf = xnew(size);

	if (span_read(span, offset, buf, size) < 0)
		return false;
	for (size_t i = 0; i < size; i++)
		if (buf[i] != byte_at(place + i))
			return false;
	return true;
}

TEST(span, a_range_ends_with_the_disk)
{
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_of_range(chunks, DISK - 100, 1000);
	CLEANUP(span) struct span *beyond = span_of_range(chunks, DISK + 1, 10);
	char byte;

	EXPECT_NUMBER((long long)span_size(span), 100);
	EXPECT_NUMBER((long long)span_start(span), DISK - 100);
	EXPECT(span_is_range(span));
	EXPECT(reads(span, 3, 97, DISK - 97));
	EXPECT_NUMBER(span_read(span, 3, &byte, 98), -EIO);
	EXPECT_NUMBER(span_read(span, UINT64_MAX, &byte, 1), -EIO);
	EXPECT_NUMBER((long long)span_size(beyond), 0);
	EXPECT_NUMBER(span_read(beyond, 0, &byte, 1), -EIO);
}

TEST(span, pieces_read_as_one)
{
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_new(chunks);
	CLEAN_TEXT struct text text = TEXT_INIT(1000);
	unsigned char two[2];

	EXPECT_NUMBER(add(span, 1000, 50000), 0);
	EXPECT(span_is_range(span));
	EXPECT_NUMBER(add(span, 1000, 20000), 0);
	EXPECT_NUMBER(add(span, 500, 21000), 0); /* goes on */
	EXPECT_NUMBER(add(span, 500, 0), 0);
	EXPECT(!span_is_range(span));
	EXPECT_NUMBER((long long)span_size(span), 3000);
	EXPECT_NUMBER((long long)span_start(span), 50000);
	EXPECT(reads(span, 0, 1000, 50000));
	EXPECT(reads(span, 1000, 1500, 20000));
	EXPECT(reads(span, 2500, 500, 0));
	EXPECT_NUMBER(span_read(span, 999, two, 2), 0);
	EXPECT(two[0] == byte_at(50999) && two[1] == byte_at(20000));
	EXPECT_NUMBER(span_read(span, 2499, two, 2), 0);
	EXPECT(two[0] == byte_at(21499) && two[1] == byte_at(0));
	span_describe(span, &text);
	EXPECT_TEXT(text.buf, "1000 0 50000\n1500 0 20000\n500 0 0\n");
}

TEST(span, stripes_go_round)
{
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_new(chunks);
	CLEAN_TEXT struct text text = TEXT_INIT(1000);
	const struct span_piece piece = {.size = 600, .stripe_size = 100, .count = 3};

	EXPECT_NUMBER(add(span, 10, 9), 0);
	EXPECT_NUMBER(span_add(span, &piece, (uint64_t[]){1000, 5000, 9000}), 0);
	EXPECT(reads(span, 10, 100, 1000) && reads(span, 110, 100, 5000) &&
	       reads(span, 210, 100, 9000));
	EXPECT(reads(span, 310, 100, 1100) && reads(span, 410, 100, 5100) &&
	       reads(span, 510, 100, 9100));
	EXPECT(reads(span, 355, 5, 1145));
	span_describe(span, &text);
	EXPECT_TEXT(text.buf, "10 0 9\n600 100 1000 5000 9000\n");
}

TEST(span, refuses_what_cannot_be)
{
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_new(chunks);
	const uint64_t places[2] = {0, 1000};

	EXPECT_NUMBER(add(span, 0, 0), -EINVAL);
	EXPECT_NUMBER(add(span, 1, DISK), -ERANGE);
	EXPECT_NUMBER(add(span, UINT64_MAX, 1), -ERANGE);
	EXPECT_NUMBER(span_add(span, &(struct span_piece){200, 0, 2}, places), -EINVAL);
	EXPECT_NUMBER(span_add(span, &(struct span_piece){200, 30, 2}, places), -EINVAL);
	EXPECT_NUMBER(span_add(span, &(struct span_piece){201, 1, 2}, places), -EINVAL);
	for (unsigned i = 0; i < SPAN_PLACES_MAX; i++)
		EXPECT_NUMBER(add(span, 1, 2 * i), 0);
	EXPECT_NUMBER(add(span, 1, 5000), -E2BIG);
	EXPECT_NUMBER((long long)span_size(span), SPAN_PLACES_MAX);
}

/* Counts what is asked for ahead; a ticket is that count. */
static int64_t begin_pattern(void *arg, uint64_t offset, void *buf, size_t size)
{
	(void)read_pattern(NULL, offset, buf, size);
	return ++*(int *)arg;
}

static int finish_pattern(void *arg UNUSED, int64_t ticket UNUSED)
{
	return 0;
}

TEST(span, expects_in_all_pieces)
{
	int begun = 0;
	const struct chunk_source ahead = {
		.read = read_pattern,
		.begin = begin_pattern,
		.finish = finish_pattern,
		.arg = &begun,
		.size = DISK,
	};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&ahead);
	CLEANUP(span) struct span *span = span_new(chunks);

	EXPECT(add(span, 1000, 70000) == 0 && add(span, 1000, 20000) == 0);
	span_expect(span, 2000, 1);
	EXPECT_NUMBER(begun, 0);
	span_expect(span, 1000, 1); /* the first chunk, in the second piece */
	EXPECT_NUMBER(begun, 1);
	span_expect(span, 900, UINT64_MAX);
	EXPECT_NUMBER(begun, 2);
}
