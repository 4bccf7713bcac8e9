/* SPDX-License-Identifier: Apache-2.0 */
/* A whole disk: partition table, filesystems by libblkid, ext4 by libext2fs, fstab, identification, and a walk. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/image/describe.h"
#include "host/image/offline.h"

#define ENTRIES_MAX 2000

struct memory {
	const uint8_t *data;
	size_t size;
};

struct visit {
	struct tree *tree;
	unsigned left;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct memory *memory = arg;

	if (offset > memory->size || size > memory->size - offset)
		abort();
	memcpy(buf, memory->data + offset, size);
	return 0;
}

static int visit_path(void *arg, const char *path, const struct tree_stat *stat)
{
	struct visit *visit = arg;
	char piece[3000];

	if (path[0] != '/' || --visit->left == 0)
		return -E2BIG;
	if (S_ISREG(stat->mode))
		(void)tree_pread(visit->tree, path, 0, piece, sizeof piece);
	(void)tree_xattr(visit->tree, path, "security.capability", piece, sizeof piece);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory memory = {data, size};
	const struct chunk_source source = {.read = read_memory, .arg = &memory, .size = size};
	CLEAN_TEXT struct text lines = TEXT_INIT(DESCRIPTION_MAX), facts = TEXT_INIT(65536);
	CLEAN_FD int probe = memfd_create("probe", MFD_CLOEXEC);
	CLEANUP(offline) struct offline *offline = offline_open(&source, probe, NULL);
	struct visit visit = {offline_tree(offline), ENTRIES_MAX};
	struct image image = {0};

	describe(offline, &lines);
	description_read(lines.buf, &image);
	if (image.filesystem_count > IMAGE_FILESYSTEMS_MAX)
		abort();
	(void)tree_walk(visit.tree, "/", visit_path, &visit);
	for (unsigned n = 0; tree_filesystem(visit.tree, n, &facts) == 0; n++)
		;
	return 0;
}
