/* SPDX-License-Identifier: Apache-2.0 */
/* Partition tables and filesystems of disks in memory. */
#include "host/image/offline.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/test.h"
#include "host/image/disk_for_test.h"

#define MIB (1ULL << 20)

static int read_fd(void *arg, uint64_t offset, void *buf, size_t size)
{
	return pread(*(int *)arg, buf, size, (off_t)offset) == (ssize_t)size ? 0 : -EIO;
}

static struct offline *open_disk(const char *path, int *fd)
{
	CLEAN_FD int probe = memfd_create("probe", MFD_CLOEXEC);
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	EXPECT(fstat(*fd, &st) == 0);
	const struct chunk_source source = {
		.read = read_fd, .arg = fd, .size = (uint64_t)st.st_size};
	return offline_open(&source, probe, NULL);
}

/* A disk of 40 MiB with that sfdisk script. */
static char *partition(const char *script)
{
	char *disk = in_test_folder("disk");
	CLEAN_FREE char *script_path = in_test_folder("sfdisk");
	CLEAN_FREE char *command = xasprintf("sfdisk -q '%s' < '%s'", disk, script_path);
	CLEAN_FD int fd = open(disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(ftruncate(fd, 40 * MIB) == 0);
	make_file("sfdisk", script);
	run_tool((const char *[]){"sh", "-c", command, NULL});
	return disk;
}

static void put_ext4(const char *disk, const char *name, const char *label, unsigned at_mib)
{
	CLEAN_FREE char *root = in_test_folder(name),
			*file = xasprintf("%s/%s.ext4", test_folder(), name);
	CLEAN_FREE char *from = xasprintf("if=%s", file), *to = xasprintf("of=%s", disk),
			*seek = xasprintf("seek=%u", at_mib);

	run_tool((const char *[]){"mke2fs", "-q", "-t", "ext4", "-d", root, "-L", label, file, "8M",
				  NULL});
	run_tool((const char *[]){"dd", from, to, seek, "bs=1M", "conv=notrunc", NULL});
}

TEST(offline, finds_logical_partitions_and_their_mounts)
{
	int fd = -1;

	/* 1: /var in the first, 2: extended from 10 MiB, 5: something, 6: the root */
	CLEAN_FREE char *disk = partition(
		"label: dos\nstart=2048,size=16384,type=83\nstart=20480,size=61440,type=5\n"
		"start=22528,size=2048,type=83\nstart=26624,size=20480,type=83\n");
	make_file("root/etc/os-release", "ID=x\n");
	make_file("root/etc/fstab",
		  "/dev/sda6 / ext4 defaults 0 0\nUUID=none /none ext4 defaults 0 0\n"
		  "LABEL=vars /var ext4 defaults 0 0\n");
	make_file("root/usr/file", "x");
	make_file("root/var/covered", "x");
	make_file("var/log/file", "x");
	put_ext4(disk, "var", "vars", 1);
	put_ext4(disk, "root", "roots", 13);
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	struct tree_stat stat;
	EXPECT_NUMBER(offline_table(offline)->kind, DISK_DOS);
	EXPECT_NUMBER(offline_table(offline)->count, 4);
	EXPECT_NUMBER(offline_table(offline)->partitions[3].number, 6);
	EXPECT_NUMBER((long long)offline_table(offline)->partitions[3].start, 13 * MIB);
	EXPECT(offline_has_root(offline) && !offline_needs_micro_vm(offline));
	EXPECT_NUMBER(offline_filesystem(offline, 0)->partition.number, 6);
	EXPECT_TEXT(offline_filesystem(offline, 0)->mount, "/");
	EXPECT_TEXT(offline_filesystem(offline, 1)->mount, "/var");
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/var/log/file", &stat), 0);
	EXPECT_NUMBER(stat.filesystem, 1);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/var/covered", &stat), -ENOENT);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/usr/file", &stat), 0);
	EXPECT_NUMBER(stat.filesystem, 0);
	close(fd);
}

TEST(offline, says_what_it_cannot_read)
{
	CLEAN_FREE char *disk = partition("label: gpt\nstart=2048,size=65536,type=L\n");
	CLEAN_FD int writer = open(disk, O_WRONLY | O_CLOEXEC);
	int fd = -1;

	/* As much of XFS as libblkid wants to see. */
	static const unsigned char super[] = {'X', 'F', 'S', 'B', 0, 0, 0x10, 0,
					      0,   0,	0,   0,	  0, 0, 0x20, 0};
	EXPECT(pwrite(writer, super, sizeof super, MIB) == (ssize_t)sizeof super);
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	EXPECT(!offline_has_root(offline));
	EXPECT_NUMBER(offline_table(offline)->kind, DISK_GPT);
	EXPECT(offline_filesystem(offline, 0) && !offline_filesystem(offline, 0)->is_readable);
	close(fd);
}

TEST(offline, an_empty_disk_is_an_empty_tree)
{
	CLEAN_FREE char *disk = in_test_folder("disk");
	CLEAN_FD int writer = open(disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct tree_stat stat;
	int fd = -1;

	EXPECT(ftruncate(writer, 1000) == 0); /* less than a partition table needs */
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/etc", &stat), -ENOENT);
	EXPECT(!offline_has_root(offline) && !offline_needs_micro_vm(offline));
	close(fd);
}

/* A filesystem whose folder is its own child would be walked for ever. */
TEST(offline, a_folder_in_itself_ends)
{
	CLEAN_FREE char *disk = in_test_folder("bare"), *root = in_test_folder("root");
	int fd = -1;

	make_file("root/etc/os-release", "ID=x\n");
	make_file("root/usr/loop/file", "x");
	run_tool((const char *[]){"mke2fs", "-q", "-t", "ext4", "-d", root, disk, "8M", NULL});
	run_tool((const char *[]){"debugfs", "-w", "-R", "link /usr /usr/loop/again", disk, NULL});
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	struct tree_stat stat;
	EXPECT(offline_has_root(offline));
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/usr/loop/again/loop", &stat), -EBADMSG);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/usr/loop/file", &stat), 0);
	close(fd);
}
