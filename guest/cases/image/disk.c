// SPDX-License-Identifier: Apache-2.0
// The disk below the files: partition tables, filesystems as they were left, identifiers, and room to grow.
#include "guest/kit/case.h"
#include "guest/kit/disk.h"
#include "guest/kit/filesystems.h"

static void check_gpt(struct trial *t, const char *which, const struct disk_gpt *gpt)
{
	if (gpt->is_valid)
		check_passed(t);
	else
		FAIL(t, "the %s partition table is damaged: %s", which, gpt->problem);
}

static void check_copies_agree(struct trial *t, const struct disk_table *table)
{
	uint64_t last = tree_disk_size(case_tree(t)) / table->sector - 1;

	check_gpt(t, "primary", &table->primary);
	check_gpt(t, "backup", &table->backup);
	if (!table->primary.is_valid || !table->backup.is_valid)
		return;
	CHECK_EQ(t, table->backup.entries_crc, table->primary.entries_crc);
	CHECK_EQ(t, (const char *)table->backup.disk_uuid, (const char *)table->primary.disk_uuid);
	CHECK_EQ(t, table->primary.other_header * table->sector, table->backup.at);
	CHECK_EQ(t, table->backup.other_header * table->sector, table->primary.at);
	/* A disk that was enlarged leaves its backup inside; the first boot moves it. An image has it at the end. */
	if (is_offline(t))
		CHECK_EQ(t, table->primary.other_header, last);
}

static void check_places(struct trial *t, const struct disk_table *table)
{
	uint64_t size = tree_disk_size(case_tree(t));

	for (unsigned i = 0; i < table->count; i++) {
		const struct disk_partition *one = &table->partitions[i];
		if (one->size == 0 || one->start > size || one->size > size - one->start)
			FAIL(t, "partition %u reaches beyond the disk's %llu bytes", one->number,
			     (unsigned long long)size);
		for (unsigned k = 0; k < i; k++) {
			const struct disk_partition *other = &table->partitions[k];
			if (one->start < other->start + other->size &&
			    other->start < one->start + one->size)
				FAIL(t, "partitions %u and %u overlap", other->number, one->number);
		}
		check_passed(t);
	}
}

AUDIT(image, partition_table_is_valid,
      .title = "Primary and backup partition tables agree and their checksums are right",
      .priority = P0,
      .sources = "AZCERT:hygiene/partition-alignment,AZCERT:hygiene/gpt-after-resize,"
		 "AZCERT:gcp/partition",
      .why = "Firmware and tools repair a damaged table each in its own way, or refuse the "
	     "disk.",
      .remedy = "Repair it with sgdisk --verify and --move-second-header, and find what wrote "
		"past the end.")
{
	const struct disk_table *table = disk_table_require(t);

	if (table->kind == DISK_GPT)
		check_copies_agree(t, table);
	check_places(t, table);
	CHECK(t, table->has_mbr_signature);
}

SABOTAGE(image, partition_table_is_valid, "one byte of the partition table was flipped")
{
	const struct disk_table *table = disk_table_require(t);
	unsigned char byte;
	uint64_t at = table->kind == DISK_GPT ? table->backup.at + 40 : 511;

	if (tree_disk_read(case_tree(t), at, &byte, 1) != 1)
		case_broken(t, "the disk cannot be read at %llu", (unsigned long long)at);
	byte ^= 1;
	/* An MBR whose signature is damaged is none any more; its first partition then runs over the end instead. */
	if (table->kind == DISK_GPT)
		tree_plant_disk(case_tree(t), at, &byte, 1);
	else
		tree_plant_disk(case_tree(t), 446 + 12, "\xff\xff\xff\xff", 4);
}

AUDIT(image, filesystems_are_clean,
      .title = "Every filesystem superblock is marked clean and free of recorded errors",
      .priority = P0, .needs = "image:pristine", .sources = "AZCERT:hygiene/filesystem-clean",
      .why = "A filesystem that was copied while mounted, or has recorded errors, is checked "
	     "or lost on every machine.",
      .remedy = "Take the image from a machine that was shut down, and run fsck -f on it.")
{
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);
	unsigned judged = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = all[i].mount[0] ? all[i].mount : all[i].uuid;
		if (all[i].clean < 0 && all[i].errors < 0)
			continue;
		judged++;
		if (all[i].clean == 0)
			FAIL(t, "the %s filesystem of %s was not unmounted", all[i].type, name);
		if (all[i].errors > 0)
			FAIL(t, "the %s filesystem of %s has recorded errors", all[i].type, name);
		check_passed(t);
	}
	if (judged == 0)
		case_skip(t, "fs", "no filesystem here says how it was left");
}

SABOTAGE(image, filesystems_are_clean, "the root filesystem has recorded an error")
{
	tree_plant_fact(case_tree(t), 0, "errors", "1");
}

static void check_pair(struct trial *t, const char *what, const char *one, const char *other)
{
	if (one[0] && strcasecmp(one, other) == 0)
		FAIL(t, "two filesystems or partitions have the %s %s", what, one);
	else
		check_passed(t);
}

AUDIT(image, filesystem_ids_are_unique,
      .title = "No two filesystems or partitions in the image share an identifier", .priority = P1,
      .sources = "AZCERT:hygiene/filesystem-uuid-duplicates",
      .why = "Of two filesystems with one identifier, chance decides which is mounted.",
      .remedy = "Give one of them another: tune2fs -U random, xfs_admin -U generate, sgdisk "
		"--partition-guid.")
{
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);

	if (count < 2)
		case_skip(t, "image",
			  "there is only one filesystem, and nothing to confuse it with");
	for (size_t i = 0; i < count; i++) {
		check_passed(t);
		for (size_t k = 0; k < i; k++) {
			bool is_same_place = all[i].part_start >= 0 &&
					     all[i].part_start == all[k].part_start &&
					     strcmp(all[i].device, all[k].device) == 0;
			if (is_same_place)
				continue; /* one filesystem that is mounted twice */
			check_pair(t, "UUID", all[i].uuid, all[k].uuid);
			check_pair(t, "PARTUUID", all[i].part_uuid, all[k].part_uuid);
		}
	}
	struct disk_table *table = case_alloc(t, sizeof *table);
	if (disk_table_read(case_tree(t), table) < 0)
		return;
	for (unsigned i = 0; i < table->count; i++)
		for (unsigned k = 0; k < i; k++)
			check_pair(t, "PARTUUID", table->partitions[i].uuid,
				   table->partitions[k].uuid);
}

SABOTAGE(image, filesystem_ids_are_unique, "two filesystems have one identifier")
{
	const char *id = "01234567-89ab-4cde-8f01-23456789abcd";

	tree_plant_fact(case_tree(t), 0, "uuid", id);
	tree_plant_fact(case_tree(t), 1, "uuid", id);
}

/* ---- room ---- */

struct room {
	uint64_t blocks, free_blocks, inodes, free_inodes; /* inodes 0: made as needed */
};

static uint64_t le32(const unsigned char *at)
{
	return at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
}

static uint64_t be64(const unsigned char *at)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

static uint64_t le64(const unsigned char *at)
{
	return le32(at) | le32(at + 4) << 32;
}

static bool take_ext(const unsigned char *super, struct room *ret)
{
	bool is_wide = le32(super + 0x60) & 0x80; /* INCOMPAT_64BIT */

	if (super[56] != 0x53 || super[57] != 0xef)
		return false;
	*ret = (struct room){
		.blocks = le32(super + 4) | (is_wide ? le32(super + 0x150) << 32 : 0),
		.free_blocks = le32(super + 12) | (is_wide ? le32(super + 0x158) << 32 : 0),
		.inodes = le32(super),
		.free_inodes = le32(super + 16),
	};
	return true;
}

static bool take_xfs(const unsigned char *super, struct room *ret)
{
	if (memcmp(super, "XFSB", 4) != 0)
		return false;
	*ret = (struct room){.blocks = be64(super + 8), .free_blocks = be64(super + 144)};
	return true;
}

/* It counts bytes, and has no fixed number of inodes. */
static bool take_btrfs(const unsigned char *super, struct room *ret)
{
	uint64_t total = le64(super + 0x70), used = le64(super + 0x78);

	if (memcmp(super + 64, "_BHRfS_M", 8) != 0)
		return false;
	*ret = (struct room){.blocks = total / 4096,
			     .free_blocks = total > used ? (total - used) / 4096 : 0};
	return true;
}

/* Where the superblocks lie that hold the counters. */
static const struct superblock {
	const char *type;
	unsigned offset;
	bool (*take)(const unsigned char *super, struct room *ret);
} superblocks[] = {
	{"ext2", 1024, take_ext}, {"ext3", 1024, take_ext},	{"ext4", 1024, take_ext},
	{"xfs", 0, take_xfs},	  {"btrfs", 65536, take_btrfs},
};

/* The counters in the superblock; false for other filesystems. */
static bool read_room(struct trial *t, const struct filesystem *root, struct room *ret)
{
	unsigned char super[1024];

	for (size_t i = 0; i < ARRAY_LEN(superblocks); i++) {
		const struct superblock *known = &superblocks[i];
		if (strcmp(root->type, known->type) != 0)
			continue;
		return root->start >= 0 &&
		       tree_disk_read(case_tree(t), (uint64_t)root->start + known->offset, super,
				      sizeof super) == (ssize_t)sizeof super &&
		       known->take(super, ret);
	}
	return false;
}

static const struct filesystem *require_root(struct trial *t)
{
	const struct filesystem *root = filesystem_of(t, "/");

	if (!root)
		case_skip(t, "image", "it is not known which filesystem is the root");
	return root;
}

AUDIT(image, root_fs_has_headroom,
      .title = "The root filesystem keeps the policy share of free blocks and inodes",
      .priority = P1, .needs = "image:pristine",
      .why = "A root filesystem that is full after the first boot's logs and packages breaks "
	     "the machine in odd places.",
      .remedy = "Make the root filesystem larger or the image smaller; the policy's "
		"root_free_percent sets the share.")
{
	long long share = plan_number(t, "root_free_percent", 5);
	struct room room;

	if (!read_room(t, require_root(t), &room) || room.blocks == 0)
		case_skip(t, "fs:ext4",
			  "the root filesystem's counters are not ones that Assay reads");
	CHECK_GE(t, room.free_blocks * 100 / room.blocks, (uint64_t)share);
	if (room.inodes > 0)
		CHECK_GE(t, room.free_inodes * 100 / room.inodes, (uint64_t)share);
}

SABOTAGE(image, root_fs_has_headroom, "one block is free")
{
	const struct filesystem *root = require_root(t);
	static const unsigned char one[8] = {1};

	if (strcmp(root->type, "xfs") == 0) {
		tree_plant_disk(case_tree(t), (uint64_t)root->start + 144, "\0\0\0\0\0\0\0\1", 8);
		return;
	}
	if (strcmp(root->type, "btrfs") == 0) { /* what is used: more than there is */
		tree_plant_disk(case_tree(t), (uint64_t)root->start + 65536 + 0x78,
				"\xff\xff\xff\xff\xff\xff\xff\xff", 8);
		return;
	}
	tree_plant_disk(case_tree(t), (uint64_t)root->start + 1024 + 12, one, 4);
	tree_plant_disk(case_tree(t), (uint64_t)root->start + 1024 + 0x158, one + 1, 4);
}

/* Who enlarges the root on the first boot; without it nothing has to be able to grow. */
static bool grows_root(struct trial *t)
{
	return file_exists(t, "/usr/bin/growpart") || file_exists(t, "/usr/bin/systemd-repart") ||
	       file_exists(t, "/usr/bin/ignition") ||
	       file_exists(t, "/usr/lib/dracut/modules.d/30ignition");
}

AUDIT(image, root_partition_can_grow,
      .title = "Nothing lies behind the root partition, so it can grow", .priority = P1,
      .needs = "image:pristine", .sources = "AZCERT:hygiene/disk-tail",
      .why = "With a partition behind it, the root cannot take the disk that the customer "
	     "pays for.",
      .remedy = "Put the root partition last on the disk.")
{
	const struct disk_table *table = disk_table_require(t);
	const struct filesystem *root = require_root(t);
	const struct disk_partition *last = NULL;

	if (!grows_root(t))
		case_skip(t, "cmd:growpart", "nothing in the image enlarges the root partition");
	if (root->part_start < 0)
		case_skip(t, "image", "it is not known where the root partition lies");
	for (unsigned i = 0; i < table->count; i++)
		if (!last || table->partitions[i].start > last->start)
			last = &table->partitions[i];
	REQUIRE(t, last != NULL);
	if (last->start == (uint64_t)root->part_start)
		check_passed(t);
	else
		FAIL(t, "partition %u lies behind the root partition", last->number);
}

SABOTAGE(image, root_partition_can_grow, "a partition lies behind the root")
{
	/* As seen from the other side: the root is said to begin before where it does. */
	tree_plant_fact(case_tree(t), require_root(t)->number, "part_start", "1048576");
}
