// SPDX-License-Identifier: Apache-2.0
// A cpio archive, fed piece by piece (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
#include "guest/kit/cpio.h"

#include <string.h>

static uint64_t padded(uint64_t size)
{
	return (size + 3) & ~3ULL;
}

void cpio_init(struct cpio *cpio, cpio_entry_fn *on_entry, void *arg)
{
	memset(cpio, 0, offsetof(struct cpio, header));
	cpio->on_entry = on_entry;
	cpio->arg = arg;
	cpio->state = CPIO_BETWEEN;
}

bool cpio_is_complete(const struct cpio *cpio)
{
	return cpio->state == CPIO_BETWEEN && cpio->is_ended;
}

/* Field `index` of the header: eight hexadecimal digits behind the magic; false when it is something else. */
static bool header_number(const struct cpio *cpio, unsigned index, uint64_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < 8; i++) {
		char c = cpio->header[6 + 8 * index + i];
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							: 16;
		if (digit > 15)
			return false;
		*ret = *ret << 4 | digit;
	}
	return true;
}

static int begin_name(struct cpio *cpio)
{
	uint64_t mode, uid, size, name_size;

	if (memcmp(cpio->header, "07070", 5) != 0 ||
	    (cpio->header[5] != '1' && cpio->header[5] != '2'))
		return -EBADMSG;
	if (!header_number(cpio, 1, &mode) || !header_number(cpio, 2, &uid) ||
	    !header_number(cpio, 6, &size) || !header_number(cpio, 11, &name_size))
		return -EBADMSG;
	if (name_size == 0 || name_size > CPIO_NAME_MAX)
		return -EBADMSG;
	cpio->entry =
		(struct cpio_entry){.mode = (uint32_t)mode, .uid = (uint32_t)uid, .size = size};
	cpio->name_size = (size_t)name_size;
	/* The header's own length is not a multiple of four: name and header together are aligned. */
	cpio->left = padded(CPIO_HEADER + name_size) - CPIO_HEADER;
	cpio->state = CPIO_IN_NAME;
	cpio->filled = 0;
	return 0;
}

static void finish_entry(struct cpio *cpio)
{
	cpio->content[cpio->filled] = '\0';
	cpio->entry.name = cpio->name;
	cpio->entry.content = cpio->content;
	cpio->entry.kept = cpio->filled;
	if (strcmp(cpio->name, "TRAILER!!!") == 0)
		cpio->is_ended = true;
	else
		cpio->on_entry(cpio->arg, &cpio->entry);
	cpio->state = CPIO_BETWEEN;
}

static void begin_data(struct cpio *cpio)
{
	cpio->name[cpio->name_size - 1] = '\0';
	cpio->left = padded(cpio->entry.size);
	cpio->filled = 0;
	cpio->state = CPIO_IN_DATA;
	if (cpio->left == 0)
		finish_entry(cpio);
}

/* Copies of `length` bytes what still belongs into `buf`, whose wanted size is `size`. */
static void keep(struct cpio *cpio, char *buf, size_t size, const char *bytes, size_t length)
{
	size_t room = size > cpio->filled ? size - cpio->filled : 0;

	if (length > room)
		length = room;
	memcpy(buf + cpio->filled, bytes, length);
	cpio->filled += length;
}

/* Takes bytes of the state's part; the state changes when it is whole. */
static int take(struct cpio *cpio, const char *bytes, size_t length)
{
	size_t wanted = cpio->entry.size < CPIO_KEEP_MAX ? (size_t)cpio->entry.size : CPIO_KEEP_MAX;

	if (cpio->state == CPIO_IN_HEADER)
		keep(cpio, cpio->header, CPIO_HEADER, bytes, length);
	else if (cpio->state == CPIO_IN_NAME)
		keep(cpio, cpio->name, cpio->name_size, bytes, length);
	else
		keep(cpio, cpio->content, wanted, bytes, length);
	cpio->left -= length;
	if (cpio->left > 0)
		return 0;
	if (cpio->state == CPIO_IN_HEADER)
		return begin_name(cpio);
	if (cpio->state == CPIO_IN_NAME)
		begin_data(cpio);
	else
		finish_entry(cpio);
	return 0;
}

/* Between entries. True when a header begins; zeroes are stepped over, behind a trailer only. */
static bool begin_header(struct cpio *cpio, const char *bytes, size_t length, size_t *used)
{
	while (cpio->is_ended && *used < length && bytes[*used] == '\0') {
		(*used)++;
		cpio->at++;
	}
	/* Inside an archive anything but a header is damage, and begin_name() says so. */
	if (*used == length || (bytes[*used] != '0' && (cpio->is_ended || cpio->at == 0)))
		return false;
	cpio->is_ended = false;
	cpio->state = CPIO_IN_HEADER;
	cpio->left = CPIO_HEADER;
	cpio->filled = 0;
	return true;
}

long cpio_feed(struct cpio *cpio, const void *bytes, size_t length)
{
	const char *from = bytes;
	size_t used = 0;

	while (used < length) {
		if (cpio->state == CPIO_BETWEEN && !begin_header(cpio, from, length, &used))
			return (long)used;
		size_t piece = length - used < cpio->left ? length - used : (size_t)cpio->left;
		int r = take(cpio, from + used, piece);
		if (r < 0)
			return r;
		used += piece;
		cpio->at += piece;
	}
	return (long)used;
}
