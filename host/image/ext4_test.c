/* SPDX-License-Identifier: Apache-2.0 */
/* Reading ext2 and ext4: what is asked for before it is wanted. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/text.h"
#include "host/image/disk_for_test.h"
#include "host/image/volume.h"

#define FOLDERS 8

struct disk {
	int fd;
	unsigned waited, begun;
};

static int read_disk(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct disk *disk = arg;

	disk->waited++;
	return pread(disk->fd, buf, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

static int64_t begin_disk(void *arg, uint64_t offset, void *buf, size_t size)
{
	struct disk *disk = arg;

	EXPECT(pread(disk->fd, buf, size, (off_t)offset) == (ssize_t)size);
	return ++disk->begun;
}

static int finish_disk(void *arg, int64_t ticket)
{
	const struct disk *disk = arg;

	return ticket <= disk->begun ? 0 : -EIO;
}

struct found {
	uint64_t folders[FOLDERS + 1]; /* and lost+found */
	unsigned count;
};

static int take_folder(void *arg, const char *name, size_t length, uint64_t handle,
		       const struct tree_stat *stat)
{
	struct found *found = arg;

	(void)name;
	(void)length;
	if (S_ISDIR(stat->mode) && found->count < ARRAY_LEN(found->folders))
		found->folders[found->count++] = handle;
	return 0;
}

/* Folders with so much in them that each lies in a chunk of its own. */
static void make_filesystem(const char *type, const char *path)
{
	CLEAN_FREE char *root = in_test_folder("root"), *content = xnew((128 << 10) + 1);

	memset(content, 'x', 128 << 10);
	for (unsigned i = 0; i < FOLDERS; i++) {
		CLEAN_FREE char *name = xasprintf("root/%u/file", i);
		make_file(name, content);
	}
	run_tool((const char *[]){"mke2fs", "-q", "-t", type, "-d", root, path, "8M", NULL});
}

static void expect_folders_are_expected(const char *type)
{
	CLEAN_FREE char *path = in_test_folder(type);
	CLEANUP(volume) struct volume *volume = NULL;
	struct disk disk = {0};
	struct found found = {0}, inner = {0};
	const struct chunk_source source = {
		.read = read_disk,
		.begin = begin_disk,
		.finish = finish_disk,
		.arg = &disk,
		.size = 8 << 20,
	};

	make_filesystem(type, path);
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	disk.fd = fd;
	struct chunks *chunks = chunks_new(&source);
	struct span *span = span_of_range(chunks, 0, source.size);
	EXPECT_NUMBER(ext4_open(span, &volume), 0);
	EXPECT_NUMBER(volume->ops->list(volume, volume->root, take_folder, &found), 0);
	EXPECT_NUMBER(found.count, FOLDERS + 1);
	EXPECT(disk.begun >= FOLDERS / 2);
	unsigned waited = disk.waited;
	for (unsigned i = 0; i < found.count; i++)
		EXPECT_NUMBER(volume->ops->list(volume, found.folders[i], take_folder, &inner), 0);
	EXPECT_NUMBER(disk.waited, waited);
	volume_free(STEAL_PTR(volume));
	span_free(span);
	chunks_free(chunks);
}

TEST(ext4, folders_of_a_listed_one_are_expected)
{
	expect_folders_are_expected("ext4");
}

/* Without extents. */
TEST(ext4, folders_are_expected_on_ext2)
{
	expect_folders_are_expected("ext2");
}
