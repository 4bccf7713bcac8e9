/* SPDX-License-Identifier: Apache-2.0 */
/* The FAT reader, on what mkfs.vfat and mtools write. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/image/disk_for_test.h"
#include "host/image/volume.h"

struct opened {
	int fd;
	struct chunks *chunks;
	struct span *span;
	struct volume *volume;
};

static int read_fd(void *arg, uint64_t offset, void *buf, size_t size)
{
	return pread(*(int *)arg, buf, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

static void open_it(const char *path, struct opened *opened)
{
	struct stat st;

	opened->fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fstat(opened->fd, &st) == 0);
	const struct chunk_source source = {
		.read = read_fd, .arg = &opened->fd, .size = (uint64_t)st.st_size};
	opened->chunks = chunks_new(&source);
	opened->span = span_of_range(opened->chunks, 0, source.size);
	EXPECT_NUMBER(fat_open(opened->span, &opened->volume), 0);
}

static void close_it(struct opened *opened)
{
	volume_free(opened->volume);
	span_free(opened->span);
	chunks_free(opened->chunks);
	close(opened->fd);
}

struct search {
	const char *name;
	uint64_t handle;
	struct tree_stat stat;
	unsigned count;
};

static int look(void *arg, const char *name, size_t length, uint64_t handle,
		const struct tree_stat *stat)
{
	struct search *search = arg;

	search->count++;
	if (strlen(search->name) == length && memcmp(name, search->name, length) == 0) {
		search->handle = handle;
		search->stat = *stat;
	}
	return 0;
}

static void find(struct volume *volume, uint64_t folder, const char *name, struct search *search)
{
	*search = (struct search){.name = name};
	EXPECT_NUMBER(volume->ops->list(volume, folder, look, search), 0);
}

#define LONG_NAME "a long name with spaces, \xc3\xa4 and more than thirteen letters.conf"

/* A file of `size` bytes whose content tells the offset. */
static void make_large_file(const char *path, size_t size)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CLEAN_FREE unsigned char *bytes = malloc(size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i / 512 * 7 + i);
	EXPECT(write(fd, bytes, size) == (ssize_t)size);
}

#define LARGE 200000

static void expect_content(struct opened *opened)
{
	struct volume *volume = opened->volume;
	struct search search;
	unsigned char piece[1000];

	find(volume, volume->root, "FOLDER", &search);
	EXPECT(S_ISDIR(search.stat.mode));
	uint64_t folder = search.handle;
	find(volume, folder, LONG_NAME, &search);
	EXPECT(search.handle != 0);
	EXPECT_NUMBER((long long)search.stat.size, 5);
	EXPECT_NUMBER(volume->ops->read(volume, search.handle, 0, piece, sizeof piece), 5);
	EXPECT(memcmp(piece, "hello", 5) == 0);
	EXPECT_NUMBER(volume->ops->read(volume, search.handle, 5, piece, sizeof piece), 0);
	find(volume, folder, "large.bin", &search);
	EXPECT_NUMBER((long long)search.stat.size, LARGE);
	/* Backwards, so that each read walks the chain anew. */
	for (size_t at = LARGE - 1000; at > 0; at -= at < 7000 ? at : 7000) {
		EXPECT(volume->ops->read(volume, search.handle, at, piece, sizeof piece) == 1000);
		for (size_t i = 0; i < sizeof piece; i += 333)
			EXPECT(piece[i] == (unsigned char)((at + i) / 512 * 7 + at + i));
	}
	find(volume, folder, "nothing", &search);
	EXPECT_NUMBER(search.count, 2 + 100);
}

static void try_size(const char *bits, const char *kib)
{
	CLEAN_FREE char *path = in_test_folder(bits), *small = in_test_folder("small"),
			*large = in_test_folder("large");
	struct opened opened;

	make_file("small", "hello");
	make_large_file(large, LARGE);
	run_tool((const char *[]){"mkfs.vfat", "-F", bits, "-s", "1", "-C", path, kib, NULL});
	run_tool((const char *[]){"mmd", "-i", path, "::/FOLDER", NULL});
	CLEAN_FREE char *target = xasprintf("::/FOLDER/%s", LONG_NAME);
	run_tool((const char *[]){"mcopy", "-i", path, small, target, NULL});
	run_tool((const char *[]){"mcopy", "-i", path, large, "::/FOLDER/large.bin", NULL});
	/* So many that the folder takes several clusters. */
	CLEAN_FREE char *many = xasprintf(
		"for i in $(seq 100); do cp '%s' '%s/file-number-'$i; done; mcopy -i '%s' '%s'/file-number-* ::/FOLDER/",
		small, test_folder(), path, test_folder());
	run_tool((const char *[]){"sh", "-c", many, NULL});
	open_it(path, &opened);
	expect_content(&opened);
	EXPECT(opened.volume->is_clean && !opened.volume->has_errors);
	close_it(&opened);
}

TEST(fat, reads_fat12)
{
	try_size("12", "1440");
}

TEST(fat, reads_fat16)
{
	try_size("16", "16384");
}

TEST(fat, reads_fat32)
{
	try_size("32", "65536");
}

TEST(fat, takes_modes_from_the_mount)
{
	CLEAN_FREE char *path = in_test_folder("fat");
	struct tree_stat stat;
	struct opened opened;

	run_tool((const char *[]){"mkfs.vfat", "-C", path, "1440", NULL});
	open_it(path, &opened);
	EXPECT_NUMBER(opened.volume->ops->stat(opened.volume, opened.volume->root, &stat), 0);
	EXPECT_NUMBER(stat.mode, S_IFDIR | 0755);
	fat_set_options(opened.volume, "rw,umask=0077,gid=7,umask=nonsense");
	EXPECT_NUMBER(opened.volume->ops->stat(opened.volume, opened.volume->root, &stat), 0);
	EXPECT_NUMBER(stat.mode, S_IFDIR | 0700);
	EXPECT_NUMBER(stat.gid, 7);
	close_it(&opened);
}

TEST(fat, refuses_what_is_none)
{
	CLEAN_FREE char *path = in_test_folder("none");
	struct volume *volume = NULL;
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT(ftruncate(fd, 1 << 20) == 0 && pwrite(fd, "\x55\xaa", 2, 510) == 2);
	const struct chunk_source source = {.read = read_fd, .arg = &fd, .size = 1 << 20};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_of_range(chunks, 0, 1 << 20);
	CLEANUP(span) struct span *small = span_of_range(chunks, 0, 100);

	EXPECT_NUMBER(fat_open(span, &volume), -EINVAL);
	EXPECT_NUMBER(fat_open(small, &volume), -EBADMSG);
}
