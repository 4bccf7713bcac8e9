/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of a virtual disk lie in the image's files. */
#include "host/image/extents.h"

#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/image/chain.h"
#include "host/image/memory.h"
#include "host/image/qemu_img.h"

#define MAP_MAX	 (4U << 20) /* some 30,000 extents; a disk in more pieces is read by the daemon */
#define MAP_WHAT "map-1"    /* one more whenever what is kept changes */
#define NO_LIST	 "[]"

struct extent {
	uint64_t start, length; /* in the disk */
	uint64_t offset;	/* in the file */
	uint64_t file;		/* in the chain */
};

/* One piece of memory, so that it is handed over with one write. */
struct extents {
	uint64_t disk_size;
	uint64_t count;
	struct extent items[]; /* by start; what lies between them reads as zeros */
};

static size_t bytes_of(uint64_t count)
{
	return sizeof(struct extents) + (size_t)count * sizeof(struct extent);
}

void extents_free(struct extents *extents)
{
	free(extents);
}

uint64_t extents_disk_size(const struct extents *extents)
{
	return extents->disk_size;
}

/* ---- finding ---- */

static uint64_t number(const json_t *entry, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(entry, key));

	return value < 0 ? UINT64_MAX : (uint64_t)value;
}

/* Takes an entry with data over. False when they do not lie in a file as they are. */
static bool add_extent(const struct image *image, const json_t *entry, struct extents *extents)
{
	const struct extent extent = {
		.start = number(entry, "start"),
		.length = number(entry, "length"),
		.offset = number(entry, "offset"),
		.file = number(entry, "depth"),
	};

	if (!json_is_true(json_object_get(entry, "data")) ||
	    json_is_true(json_object_get(entry, "compressed")) ||
	    !json_object_get(entry, "offset") || extent.file >= image->chain_count)
		return false;
	uint64_t file_size = image->chain[extent.file].size;
	if (extent.length > file_size || extent.offset > file_size - extent.length)
		return false;
	extents->items[extents->count++] = extent;
	return true;
}

/* The entries must follow one another without a gap to the end of the disk. */
static bool add_entries(const struct image *image, const json_t *root, struct extents *extents)
{
	uint64_t at = 0;
	size_t i;
	json_t *entry;

	json_array_foreach(root, i, entry)
	{
		uint64_t length = number(entry, "length");
		if (number(entry, "start") != at || length == 0 ||
		    length > image->virtual_size - at)
			return false;
		if (!json_is_true(json_object_get(entry, "zero")) &&
		    !add_extent(image, entry, extents))
			return false;
		at += length;
	}
	return at == image->virtual_size;
}

struct extents *extents_parse(const struct image *image, const char *json)
{
	json_error_t error;
	json_t *root = json_loads(json, 0, &error);
	CLEANUP(extents) struct extents *extents = xnew(bytes_of(json_array_size(root)));

	extents->disk_size = image->virtual_size;
	bool is_whole = root && add_entries(image, root, extents);
	json_decref(root);
	return is_whole ? STEAL_PTR(extents) : NULL;
}

static bool is_mappable(const struct image *image)
{
	for (unsigned i = 0; i < image->chain_count; i++)
		if (strcmp(image->chain[i].format, "qcow2") != 0 &&
		    strcmp(image->chain[i].format, "raw") != 0)
			return false;
	return true;
}

/* The whole file is the disk: nobody needs to be asked. */
static struct extents *extents_of_raw(const struct image *image)
{
	struct extents *extents = xnew(bytes_of(1));

	*extents = (struct extents){.disk_size = image->file_size, .count = 1};
	extents->items[0] = (struct extent){.length = image->file_size};
	return extents;
}

struct extents *extents_find(const struct image *image, const struct image_options *options,
			     const struct patience *p)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(MAP_MAX);
	CLEAN_TEXT struct text disk = TEXT_INIT(CHAIN_BLOCKDEV_MAX);
	const char *folder = options->cache_folder;
	struct err e = {0};

	if (!is_mappable(image))
		return NULL;
	if (image->chain_count == 1 && strcmp(image->format, "raw") == 0)
		return extents_of_raw(image);
	if (memory_recall(folder, image->digest, MAP_WHAT, &out.stdout_text))
		return extents_parse(image, out.stdout_text.buf);
	(void)text_adds(&disk, "json:");
	chain_blockdev(image, NULL, &disk);
	const char *argv[] = {"qemu-img", "map", "--output=json", "--force-share", disk.buf, NULL};
	int r = qemu_img_ok(argv, p, &out, &e);
	struct extents *extents = r < 0 ? NULL : extents_parse(image, out.stdout_text.buf);
	if (r == 0 || r == -EMSGSIZE)
		memory_keep(folder, image->digest, MAP_WHAT,
			    extents ? out.stdout_text.buf : NO_LIST);
	return extents;
}

/* ---- handing over ---- */

int extents_hand_over(const struct extents *extents, struct err *e)
{
	CLEAN_FD int fd = memfd_create("extents", MFD_CLOEXEC);
	size_t size = bytes_of(extents->count);

	if (fd < 0 || pwrite(fd, extents, size, 0) != (ssize_t)size)
		return err_set(e, BLAME_HOST, errno, "memfd: %m");
	return STEAL_FD(fd);
}

struct extents *extents_take_over(int fd)
{
	struct extents head;
	struct stat st;

	if (fstat(fd, &st) < 0 || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
	    st.st_size != (off_t)bytes_of(head.count))
		return NULL;
	CLEANUP(extents) struct extents *extents = xnew((size_t)st.st_size);
	return pread(fd, extents, (size_t)st.st_size, 0) == st.st_size ? STEAL_PTR(extents) : NULL;
}

/* ---- reading ---- */

static int read_file(int fd, uint64_t offset, char *buf, size_t size)
{
	while (size > 0) {
		ssize_t n = pread(fd, buf, size, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		buf += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* The first one that does not end before `offset`; NULL behind the last. */
static const struct extent *find_extent(const struct extents *extents, uint64_t offset)
{
	uint64_t low = 0, high = extents->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct extent *extent = &extents->items[middle];
		if (extent->start + extent->length <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < extents->count ? &extents->items[low] : NULL;
}

int extents_read(const struct extents *extents, int first_fd, uint64_t offset, void *buf,
		 size_t size)
{
	const struct extent *extent = find_extent(extents, offset);
	const struct extent *end = extents->items + extents->count;
	char *to = buf;

	for (size_t n; size > 0; to += n, offset += n, size -= n) {
		bool is_data = extent && extent->start <= offset;
		uint64_t until =
			!extent ? UINT64_MAX : extent->start + (is_data ? extent->length : 0);
		n = until - offset < size ? (size_t)(until - offset) : size;
		if (!is_data) {
			memset(to, 0, n);
			continue;
		}
		int r = read_file(first_fd + (int)extent->file,
				  extent->offset + offset - extent->start, to, n);
		if (r < 0)
			return r;
		if (offset + n == until)
			extent = extent + 1 < end ? extent + 1 : NULL;
	}
	return 0;
}
