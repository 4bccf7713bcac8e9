// SPDX-License-Identifier: Apache-2.0
// Where one compressed part of an initrd ends: the kernel takes further archives behind it, libraries stumble over them.
#include "guest/kit/cpio.h"
#include "guest/kit/initrd.h"

#define CHUNK		65536
#define ZSTD_MAGIC	0xfd2fb528U
#define ZSTD_SKIPPABLE	0x184d2a50U /* the last four bits are free */
#define ZSTD_BLOCKS_MAX 1000000
#define ZSTD_HEADER_MAX 18

static uint32_t le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* ---- zstd (RFC 8878): frames of blocks, each with its size ---- */

/* The length of a frame's header with its magic: descriptor, window, dictionary id, content size. */
static uint64_t zstd_header_size(unsigned char descriptor)
{
	static const unsigned dictionary[] = {0, 1, 2, 4}, content[] = {0, 2, 4, 8};
	bool is_single = descriptor & 0x20;
	unsigned content_size = content[descriptor >> 6];

	if (content_size == 0 && is_single)
		content_size = 1;
	return 4 + 1 + !is_single + dictionary[descriptor & 3] + content_size;
}

/* Steps over the frame at *at. Returns 1, 0 when none begins there, -EBADMSG when it runs over the end. */
static int skip_zstd_frame(initrd_source_fn *source, void *arg, uint64_t *at)
{
	unsigned char head[8];
	ssize_t got = source(arg, *at, head, sizeof head);

	if (got < 5)
		return got < 0 ? (int)got : 0;
	if ((le32(head) & ~0xfU) == ZSTD_SKIPPABLE && got == sizeof head) {
		*at += 8 + (uint64_t)le32(head + 4);
		return 1;
	}
	if (le32(head) != ZSTD_MAGIC)
		return 0;
	bool has_checksum = head[4] & 4;
	uint64_t place = *at + zstd_header_size(head[4]);
	for (unsigned i = 0; i < ZSTD_BLOCKS_MAX; i++) {
		got = source(arg, place, head, 3);
		if (got != 3)
			return got < 0 ? (int)got : -EBADMSG;
		uint32_t block = head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16;
		bool is_repeated = (block >> 1 & 3) == 1; /* one byte stands for all */
		place += 3 + (is_repeated ? 1 : block >> 3);
		if (!(block & 1))
			continue;
		*at = place + (has_checksum ? 4 : 0);
		return 1;
	}
	return -EBADMSG;
}

/* ---- others: until a header of an archive, at a multiple of four ---- */

static bool is_header(const unsigned char *at)
{
	if (memcmp(at, "07070", 5) != 0 || (at[5] != '1' && at[5] != '2'))
		return false;
	for (unsigned i = 6; i < CPIO_HEADER; i++)
		if (!strchr("0123456789abcdefABCDEF", at[i]) || at[i] == '\0')
			return false;
	return true;
}

static int find_header(initrd_source_fn *source, void *arg, uint64_t offset, uint64_t *ret_end)
{
	unsigned char *chunk = malloc(CHUNK);
	ssize_t got = 0;

	if (!chunk)
		return -ENOMEM;
	/* Pieces overlap by more than a header, so that one on the border is found in the next piece. */
	for (uint64_t at = (offset + 4) & ~3ULL; (got = source(arg, at, chunk, CHUNK)) > 0;
	     at += CHUNK - 128) {
		for (size_t i = 0; i + CPIO_HEADER <= (size_t)got; i += 4)
			if (is_header(chunk + i)) {
				*ret_end = at + i;
				free(chunk);
				return 0;
			}
		*ret_end = at + (uint64_t)got;
		if (got < CHUNK)
			break;
	}
	free(chunk);
	return got < 0 ? (int)got : 0;
}

int initrd_segment_end(initrd_source_fn *source, void *arg, uint64_t offset, uint64_t *ret_end)
{
	unsigned frames = 0;
	int r;

	*ret_end = offset;
	while ((r = skip_zstd_frame(source, arg, ret_end)) > 0)
		frames++;
	if (r < 0 || frames > 0)
		return r;
	return find_header(source, arg, offset, ret_end);
}
