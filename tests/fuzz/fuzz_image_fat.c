/* SPDX-License-Identifier: Apache-2.0 */
/* The FAT reader: everything is listed and the beginning of every file is read. */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/volume.h"

#define ENTRIES_MAX 2000
#define DEPTH_MAX   8

struct memory {
	const uint8_t *data;
	size_t size;
};

struct visit {
	struct volume *volume;
	unsigned *left, depth;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct memory *memory = arg;

	if (offset > memory->size || size > memory->size - offset)
		abort(); /* the cache promises never to ask for it */
	memcpy(buf, memory->data + offset, size);
	return 0;
}

static int visit_entry(void *arg, const char *name, size_t length, uint64_t handle,
		       const struct tree_stat *stat)
{
	const struct visit *visit = arg;
	char piece[3000];

	if (length == 0 || length > VOLUME_NAME_MAX || memchr(name, '/', length) ||
	    memchr(name, '\0', length))
		abort();
	if (--*visit->left == 0)
		return -E2BIG;
	(void)visit->volume->ops->read(visit->volume, handle, 0, piece, sizeof piece);
	(void)visit->volume->ops->read(visit->volume, handle, 100000, piece, sizeof piece);
	if (!S_ISDIR(stat->mode) || visit->depth == DEPTH_MAX)
		return 0;
	struct visit deeper = {visit->volume, visit->left, visit->depth + 1};
	int r = visit->volume->ops->list(visit->volume, handle, visit_entry, &deeper);
	return r == -E2BIG ? r : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory memory = {data, size};
	const struct chunk_source source = {.read = read_memory, .arg = &memory, .size = size};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_of_range(chunks, 0, size);
	CLEANUP(volume) struct volume *volume = NULL;
	unsigned left = ENTRIES_MAX;

	if (fat_open(span, &volume) < 0)
		return 0;
	struct visit visit = {volume, &left, 0};
	(void)volume->ops->list(volume, volume->root, visit_entry, &visit);
	return 0;
}
