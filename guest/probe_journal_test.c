/* SPDX-License-Identifier: Apache-2.0 */
/* Finding an ext4's journal, in superblocks that are made here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/test.h"
#include "guest/kit/probe.h"

#define BLOCK 4096

/* A journal whose map begins with these bytes; the map of an index goes on in block 2. */
struct disk_for_test {
	unsigned char super[1024], lower[24];
};

static void set(unsigned char *at, unsigned length, unsigned long long value)
{
	for (unsigned i = 0; i < length; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

static void add_extents(unsigned char *map, unsigned entries, unsigned depth)
{
	set(map, 2, 0xf30a);
	set(map + 2, 2, entries);
	set(map + 6, 2, depth);
}

static struct disk_for_test make_disk(void)
{
	struct disk_for_test disk = {{0}, {0}};

	set(disk.super + 0x18, 4, 2); /* 1024 << 2 */
	set(disk.super + 0x38, 2, 0xef53);
	set(disk.super + 0x60, 4, 0x42 | 0x4);
	set(disk.super + 0xe0, 4, 8);
	disk.super[0xfd] = 1;
	add_extents(disk.super + 0x10c, 1, 0);
	set(disk.super + 0x10c + 12 + 4, 2, 1024);
	set(disk.super + 0x10c + 12 + 6, 2, 1);
	set(disk.super + 0x10c + 12 + 8, 4, 0x20);
	return disk;
}

static int call_probe(const char *name, const char *path, struct text *reply)
{
	const struct probe_def *probe = probe_find(name);
	struct probe_call call = {.arguments = &path, .argument_count = 1, .reply = reply};

	EXPECT(probe != NULL);
	text_clear(reply);
	return probe ? probe->body(&call) : -1;
}

static int ask(const struct disk_for_test *disk, struct text *reply)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/disk", test_folder());
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(pwrite(fd, disk->super, sizeof disk->super, 1024), sizeof disk->super);
	EXPECT_NUMBER(pwrite(fd, disk->lower, sizeof disk->lower, 2LL * BLOCK), sizeof disk->lower);
	return call_probe("ext4_journal", path, reply);
}

TEST(probe_journal, begins_at_its_first_extent)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(256);
	struct disk_for_test disk = make_disk();

	EXPECT_NUMBER(ask(&disk, &reply), 0);
	EXPECT_TEXT(reply.buf, "offset=17592186175488 replay=1\n"); /* block 0x100000020 */
	set(disk.super + 0x60, 4, 0x42);
	set(disk.super + 0x10c + 12 + 6, 2, 0);
	EXPECT_NUMBER(ask(&disk, &reply), 0);
	EXPECT_TEXT(reply.buf, "offset=131072 replay=0\n");
}

TEST(probe_journal, is_found_below_an_index)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(256);
	struct disk_for_test disk = make_disk();

	add_extents(disk.super + 0x10c, 1, 1);
	set(disk.super + 0x10c + 12 + 4, 6, 2);
	add_extents(disk.lower, 1, 0);
	set(disk.lower + 12 + 8, 4, 7);
	EXPECT_NUMBER(ask(&disk, &reply), 0);
	EXPECT_TEXT(reply.buf, "offset=28672 replay=1\n");
	set(disk.lower, 2, 0);
	EXPECT_NUMBER(ask(&disk, &reply), ENOENT);
}

TEST(probe_journal, list_of_blocks_serves_too)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(256);
	struct disk_for_test disk = make_disk();

	set(disk.super + 0x10c, 4, 9);
	EXPECT_NUMBER(ask(&disk, &reply), 0);
	EXPECT_TEXT(reply.buf, "offset=36864 replay=1\n");
}

TEST(probe_journal, what_is_none_is_told_apart)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(256);
	struct disk_for_test disk = make_disk();

	set(disk.super + 0xe0, 4, 0);
	EXPECT_NUMBER(ask(&disk, &reply), ENOENT);
	set(disk.super + 0x38, 2, 0);
	EXPECT_NUMBER(ask(&disk, &reply), EINVAL);
}

/* A filesystem of four groups, with its log in the third, as mkfs.xfs makes them. */
TEST(probe_journal, log_of_xfs_lies_in_a_group)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(256);
	unsigned char super[512] = "XFSB\0\0\x10";
	char path[256];

	super[48 + 5] = 0x08; /* group 2 of 2^18 blocks: 0x80006 */
	super[48 + 7] = 0x06;
	super[84 + 1] = 0x03; /* each has 0x30000 */
	super[124] = 18;
	(void)snprintf(path, sizeof path, "%s/disk", test_folder());
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(pwrite(fd, super, sizeof super, 0), sizeof super);
	EXPECT_NUMBER(call_probe("xfs_log", path, &reply), 0);
	EXPECT_TEXT(reply.buf, "offset=1610637312\n"); /* (2 * 0x30000 + 6) * 4096 */
	super[0] = 'x';
	EXPECT_NUMBER(pwrite(fd, super, sizeof super, 0), sizeof super);
	EXPECT_NUMBER(call_probe("xfs_log", path, &reply), EINVAL);
}
