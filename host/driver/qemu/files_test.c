/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a name, and copies that keep their holes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/driver/qemu/qemu.h"

#define SPARSE_SIZE (256LL << 20)

/* A file in memory with a page at the start, in the middle and at the end. */
static int make_sparse(void)
{
	int fd = memfd_create("sparse", MFD_CLOEXEC);

	EXPECT_NUMBER(ftruncate(fd, SPARSE_SIZE), 0);
	EXPECT_NUMBER(pwrite(fd, "first", 5, 0), 5);
	EXPECT_NUMBER(pwrite(fd, "middle", 6, SPARSE_SIZE / 2), 6);
	EXPECT_NUMBER(pwrite(fd, "end", 3, SPARSE_SIZE - 3), 3);
	return fd;
}

static void expect_copy(int fd)
{
	char bytes[8] = "";

	EXPECT_NUMBER(lseek(fd, 0, SEEK_END), SPARSE_SIZE);
	EXPECT_NUMBER(pread(fd, bytes, 5, 0), 5);
	EXPECT_TEXT(bytes, "first");
	EXPECT_NUMBER(pread(fd, bytes, 6, SPARSE_SIZE / 2), 6);
	EXPECT_TEXT(bytes, "middle");
	EXPECT_NUMBER(pread(fd, bytes, 3, SPARSE_SIZE - 3), 3);
	EXPECT(memcmp(bytes, "end", 3) == 0);
	EXPECT(file_used(fd) < (1U << 20));
}

TEST(files, copy_keeps_holes)
{
	CLEAN_FD int from = make_sparse();
	struct err e = {0};
	CLEAN_FD int to = file_unnamed(test_folder(), &e);

	EXPECT(to >= 0);
	EXPECT_NUMBER(file_copy(from, to, &e), 0);
	expect_copy(to);
}

TEST(files, unnamed_one_leaves_no_name)
{
	struct err e = {0};
	struct stat st;
	CLEAN_FD int fd = file_unnamed(test_folder(), &e);

	EXPECT(fd >= 0 && fstat(fd, &st) == 0);
	EXPECT_NUMBER(st.st_nlink, 0);
}

/* On the same file system it gets the name; from another (memory) it is copied. */
TEST(files, name_is_given)
{
	CLEAN_FREE char *linked = xasprintf("%s/linked", test_folder());
	CLEAN_FREE char *copied = xasprintf("%s/copied", test_folder());
	CLEAN_FD int memory = make_sparse();
	struct err e = {0};
	CLEAN_FD int fd = file_unnamed(test_folder(), &e);

	EXPECT_NUMBER(file_name(fd, linked, &e), 0);
	EXPECT_NUMBER(access(linked, R_OK), 0);
	EXPECT_NUMBER(file_name(memory, copied, &e), 0);
	CLEAN_FD int copy = open(copied, O_RDONLY | O_CLOEXEC);
	EXPECT(copy >= 0);
	expect_copy(copy);
}

TEST(files, room_that_is_not_there_is_said)
{
	struct err e = {0};

	EXPECT_NUMBER(file_check_room(test_folder(), 1, "a file", &e), 0);
	EXPECT_NUMBER(file_check_room(test_folder(), 1ULL << 60, "the template", &e), -ENOSPC);
	EXPECT(has_prefix(e.text, "the template needs "));
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}
