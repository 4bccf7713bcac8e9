// SPDX-License-Identifier: Apache-2.0
// Archives and compressed parts of a foreign initrd: the same in one piece and byte by byte.
#include <string.h>

#include "guest/kit/cpio.h"
#include "guest/kit/initrd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t size;
};

static ssize_t read_bytes(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct bytes *bytes = arg;

	if (offset >= bytes->size)
		return 0;
	if (size > bytes->size - offset)
		size = bytes->size - (size_t)offset;
	memcpy(buf, bytes->at + offset, size);
	return (ssize_t)size;
}

static void count(void *arg, const struct cpio_entry *entry)
{
	unsigned *entries = arg;

	(*entries)++;
	if (strlen(entry->name) > CPIO_NAME_MAX || entry->kept > CPIO_KEEP_MAX)
		__builtin_trap();
}

static unsigned feed(const uint8_t *data, size_t size, size_t piece)
{
	static struct cpio cpio;
	unsigned entries = 0;

	cpio_init(&cpio, count, &entries);
	for (size_t at = 0; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		if (cpio_feed(&cpio, data + at, length) != (long)length)
			break;
	}
	return entries;
}

static int discard(void *arg, const void *bytes, size_t length)
{
	(void)arg;
	(void)bytes;
	return length > (64U << 20) ? -EFBIG : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {data, size};
	uint64_t end = 0;

	if (size > 65536)
		return 0;
	if (feed(data, size, size + 1) != feed(data, size, 1))
		__builtin_trap();
	if (initrd_segment_end(read_bytes, &bytes, 0, &end) == 0 && end > 0 && end <= size)
		(void)initrd_unpack(read_bytes, &bytes, 0, end, discard, NULL);
	return 0;
}
