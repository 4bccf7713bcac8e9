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
#include "host/image/lvm_for_test.h"

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

/* An ext4 of 8 MiB with what lies in that folder; its path. */
static char *make_ext4(const char *name, const char *label)
{
	CLEAN_FREE char *root = in_test_folder(name);
	char *file = xasprintf("%s/%s.ext4", test_folder(), name);

	run_tool((const char *[]){"mke2fs", "-q", "-t", "ext4", "-d", root, "-L", label, file, "8M",
				  NULL});
	return file;
}

/* All in MiB. */
static void put_part(const char *disk, const char *file, unsigned from, unsigned to, unsigned count)
{
	CLEAN_FREE char *in = xasprintf("if=%s", file), *out = xasprintf("of=%s", disk),
			*skip = xasprintf("skip=%u", from), *seek = xasprintf("seek=%u", to),
			*length = xasprintf("count=%u", count);

	run_tool(
		(const char *[]){"dd", in, out, skip, seek, length, "bs=1M", "conv=notrunc", NULL});
}

static void put_ext4(const char *disk, const char *name, const char *label, unsigned at_mib)
{
	CLEAN_FREE char *file = make_ext4(name, label);

	put_part(disk, file, 0, at_mib, 8);
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

/* ---- logical volumes ---- */

#define LVM_AT	      13U /* MiB */
#define VOLUME(lines) "{ status = [\"VISIBLE\"] " lines " }\n"
#define SEGMENT(number, start, count, extent)                                                      \
	"segment" #number " { start_extent = " #start " extent_count = " #count                    \
	" type = \"striped\" stripe_count = 1 stripes = [\"pv0\", " #extent "] }\n"
#define GROUP(volumes)                                                                             \
	"vg-0 { id = \"x\" seqno = 1 format = \"lvm2\" extent_size = 2048\n"                       \
	"physical_volumes { pv0 { id = \"" LVM_ID                                                  \
	"\" flags = [] pe_start = 2048 pe_count = 20 } }\n"                                        \
	"logical_volumes {\n" volumes "} }\ncontents = \"Text Format Volume Group\" version = 1\n"
#define LVM_ID "aaaaaaAAAAaaaaAAAAaaaaAAAAaaaaaa"

/* As Debian's installer does it: /boot in the first partition, and LVM in a logical one. */
static char *make_lvm_disk(const char *text)
{
	char *disk = partition("label: dos\nstart=2048,size=20480,type=83\n"
			       "start=22528,size=59392,type=5\nstart=26624,size=49152,type=8e\n");
	const struct lvm_member_for_test member = {LVM_ID, text, LVM_AREA_FOR_TEST - 100};
	CLEAN_FREE unsigned char *head = xnew(MIB);
	CLEAN_FD int fd = open(disk, O_WRONLY | O_CLOEXEC);

	lvm_write_for_test(head, &member);
	EXPECT(pwrite(fd, head, MIB, LVM_AT * MIB) == (ssize_t)MIB);
	return disk;
}

TEST(offline, reads_logical_volumes)
{
	/* In two pieces, the later one first. */
	CLEAN_FREE char *disk =
		make_lvm_disk(GROUP("home " VOLUME(SEGMENT(1, 0, 1, 15)) "root2 " VOLUME(SEGMENT(
			1, 0, 3, 9) SEGMENT(2, 3, 5, 1)) "swap " VOLUME(SEGMENT(1, 0, 1, 0))));
	struct tree_stat stat;
	int fd = -1;

	make_file("root/etc/os-release", "ID=x\n");
	make_file("root/etc/fstab", "/dev/mapper/vg--0-root2 / ext4 defaults 0 0\n"
				    "/dev/disk/by-id/x-part1 /boot ext4 defaults 0 0\n"
				    "/dev/mapper/mpath5 /srv ext4 defaults 0 0\n"
				    "/dev/mapper/vg--0-home5 /home ext4 defaults 0 0\n"
				    "/dev/vg-0/swap none swap sw 0 0\n");
	make_file("root/usr/file", "x");
	make_file("root/boot/covered", "x");
	make_file("boot/kernel", "x");
	put_ext4(disk, "boot", "boot", 1);
	CLEAN_FREE char *root = make_ext4("root", "root");
	put_part(disk, root, 0, LVM_AT + 1 + 9, 3);
	put_part(disk, root, 3, LVM_AT + 1 + 1, 5);
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	const struct offline_filesystem *facts = offline_filesystem(offline, 0);
	EXPECT(offline_has_root(offline) && !offline_needs_micro_vm(offline));
	EXPECT_TEXT(offline_problem(offline), "");
	EXPECT_TEXT(facts->volume, "vg--0-root2");
	EXPECT_TEXT(facts->label, "root");
	EXPECT_TEXT(facts->mount, "/");
	EXPECT_NUMBER((long long)facts->offset, (LVM_AT + 1 + 9) * MIB);
	EXPECT_NUMBER((long long)facts->below_offset, LVM_AT * MIB);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/boot/kernel", &stat), 0);
	EXPECT_NUMBER(tree_stat(offline_tree(offline), "/usr/file", &stat), 0);
	/* 5 is the physical volume's partition: nothing is mounted for the end of a name. */
	EXPECT_TEXT(offline_filesystem(offline, 2)->type, "LVM2_member");
	EXPECT_TEXT(offline_filesystem(offline, 2)->mount, "");
	EXPECT(offline_filesystem(offline, 2)->is_opened);
	EXPECT_TEXT(offline_filesystem(offline, 4)->volume, "vg--0-swap");
	EXPECT(offline_filesystem(offline, 5) == NULL);
	close(fd);
}

TEST(offline, says_which_volume_it_cannot_read)
{
	CLEAN_FREE char *disk = make_lvm_disk(GROUP("data " VOLUME(
		"segment1 { start_extent = 0 extent_count = 1 "
		"type = \"raid1\" }") "root " VOLUME("segment1 { start_extent = 0 extent_count = 1 type = \"thin\" }")));
	int fd = -1;
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);

	EXPECT(!offline_has_root(offline) && !offline_needs_micro_vm(offline));
	EXPECT_TEXT(offline_problem(offline), "the logical volume vg-0/root is of type thin");
	EXPECT(!offline_filesystem(offline, 1)->is_opened);
	close(fd);
}

TEST(offline, misses_what_fstab_mounts_from_a_closed_volume)
{
	CLEAN_FREE char *disk = make_lvm_disk(GROUP(
		"root " VOLUME(SEGMENT(1, 0, 8, 0)) "srv " VOLUME("segment1 { start_extent = 0 extent_count = 1 type = \"vdo\" }") "var " VOLUME(
			"segment1 { start_extent = 0 extent_count = 1 type = \"cache\" }")));
	int fd = -1;

	make_file("root/etc/os-release", "ID=x\n");
	make_file("root/etc/fstab", "/dev/vg-0/var /var ext4 defaults 0 0\n");
	make_file("root/usr/file", "x");
	CLEAN_FREE char *root = make_ext4("root", "root");
	put_part(disk, root, 0, LVM_AT + 1, 8);
	CLEANUP(offline) struct offline *offline = open_disk(disk, &fd);
	EXPECT(offline_has_root(offline) && !offline_needs_micro_vm(offline));
	EXPECT_TEXT(offline_problem(offline), "the logical volume vg-0/var is of type cache");
	close(fd);
}

TEST(offline, says_what_else_is_closed)
{
	CLEAN_FREE char *disk = make_lvm_disk("no metadata");
	CLEAN_FD int writer = open(disk, O_WRONLY | O_CLOEXEC);
	int fd = -1;

	CLEANUP(offline) struct offline *damaged = open_disk(disk, &fd);
	EXPECT_TEXT(offline_problem(damaged),
		    "partition 5 is a physical volume: its LVM metadata is "
		    "none that is understood");
	close(fd);
	/* As much of LUKS 1 as libblkid wants to see. */
	EXPECT(pwrite(writer, "LUKS\xba\xbe\0\1", 8, LVM_AT * MIB) == 8);
	EXPECT(pwrite(writer, (char[1024]){0}, 1024, LVM_AT * MIB + 512) == 1024);
	CLEANUP(offline) struct offline *encrypted = open_disk(disk, &fd);
	EXPECT_TEXT(offline_problem(encrypted), "partition 5 is encrypted (LUKS)");
	close(fd);
}
