// SPDX-License-Identifier: Apache-2.0
// The partition tables at the ends of a disk (UEFI specification, chapter 5). Every number in them is foreign.
#include "guest/kit/disk.h"

#define ENTRY_SIZE	 128
#define ENTRIES_SIZE_MAX (DISK_PARTITIONS_MAX * ENTRY_SIZE)

static uint32_t le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t le64(const unsigned char *at)
{
	return le32(at) | (uint64_t)le32(at + 4) << 32;
}

/* Bit by bit: tables are small. */
uint32_t disk_crc32(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		crc ^= at[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static void print_guid(const unsigned char *g, char out[37])
{
	(void)snprintf(out, 37, "%08x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", le32(g),
		       g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
		       g[15]);
}

static int read_all(struct tree *tree, uint64_t offset, void *buf, size_t size)
{
	ssize_t got = tree_disk_read(tree, offset, buf, size);

	if (got < 0)
		return (int)got;
	return (size_t)got == size ? 0 : -EIO;
}

static bool is_gpt(const unsigned char *header)
{
	return memcmp(header, "EFI PART", 8) == 0;
}

/* Says what is wrong with a header, by itself; NULL when nothing is. */
static const char *header_problem(unsigned char *header, const struct disk_gpt *gpt,
				  const struct disk_table *table)
{
	uint32_t size = le32(header + 12), crc = le32(header + 16);

	if (!is_gpt(header))
		return "has no signature";
	if (size < 92 || size > 512)
		return "has an impossible size";
	memset(header + 16, 0, 4);
	bool fits = disk_crc32(header, size) == crc;
	header[16] = (unsigned char)crc, header[17] = (unsigned char)(crc >> 8);
	header[18] = (unsigned char)(crc >> 16), header[19] = (unsigned char)(crc >> 24);
	if (!fits)
		return "has a wrong checksum";
	if (le64(header + 24) * table->sector != gpt->at)
		return "says that it stands elsewhere";
	if (le32(header + 84) != ENTRY_SIZE || le32(header + 80) == 0)
		return "has entries of an unknown size";
	return NULL;
}

static void fill_header(const unsigned char *header, struct disk_gpt *gpt)
{
	gpt->other_header = le64(header + 32);
	gpt->first_usable = le64(header + 40);
	gpt->last_usable = le64(header + 48);
	gpt->entries_at = le64(header + 72);
	gpt->entries_crc = le32(header + 88);
	print_guid(header + 56, gpt->disk_uuid);
}

static void set_problem(struct disk_gpt *gpt, const char *problem)
{
	gpt->is_valid = false;
	(void)snprintf(gpt->problem, sizeof gpt->problem, "the header at byte %llu %s",
		       (unsigned long long)gpt->at, problem);
}

/* Reads the copy whose header stands at `at`; its entries into `entries`, at most their maximum. */
static int read_gpt(struct tree *tree, const struct disk_table *table, uint64_t at,
		    struct disk_gpt *gpt, unsigned char *entries, unsigned *ret_count)
{
	unsigned char header[512];

	gpt->at = at;
	int r = read_all(tree, at, header, sizeof header);
	if (r < 0)
		return r;
	const char *problem = header_problem(header, gpt, table);
	if (problem) {
		set_problem(gpt, problem);
		return 0;
	}
	fill_header(header, gpt);
	unsigned count = le32(header + 80);
	if (count > DISK_PARTITIONS_MAX || gpt->entries_at > tree_disk_size(tree) / table->sector) {
		set_problem(gpt,
			    "has more entries than Assay reads, or entries beyond the disk's end");
		return 0;
	}
	r = read_all(tree, gpt->entries_at * table->sector, entries, (size_t)count * ENTRY_SIZE);
	if (r < 0)
		return r;
	*ret_count = count;
	gpt->is_valid = true;
	if (disk_crc32(entries, (size_t)count * ENTRY_SIZE) != gpt->entries_crc)
		set_problem(gpt, "does not fit its entries: their checksum is wrong");
	return 0;
}

static void parse_gpt_entry(const unsigned char *entry, unsigned number, struct disk_table *table)
{
	static const unsigned char unused[16];
	struct disk_partition *partition = &table->partitions[table->count];
	uint64_t first = le64(entry + 32), last = le64(entry + 40);

	if (memcmp(entry, unused, sizeof unused) == 0 || table->count == DISK_PARTITIONS_MAX)
		return;
	partition->number = number;
	partition->start = first * table->sector;
	partition->size = last >= first ? (last - first + 1) * table->sector : 0;
	partition->is_bios_bootable = entry[48] & 4;
	print_guid(entry, partition->type);
	print_guid(entry + 16, partition->uuid);
	for (unsigned i = 0; i < 36; i++) {
		unsigned c = entry[56 + 2 * i] | (unsigned)entry[57 + 2 * i] << 8;
		partition->name[i] = c == 0 ? '\0' : c >= ' ' && c < 127 ? (char)c : '?';
	}
	table->count++;
}

static int read_both(struct tree *tree, struct disk_table *table)
{
	static unsigned char entries[2][ENTRIES_SIZE_MAX]; /* audits run one at a time */
	unsigned counts[2] = {0};
	uint64_t size = tree_disk_size(tree);

	int r = read_gpt(tree, table, table->sector, &table->primary, entries[0], &counts[0]);
	if (r < 0)
		return r;
	/* The backup stands where the primary says, else in the last sector. */
	uint64_t at = size - table->sector;
	if (table->primary.is_valid && table->primary.other_header < size / table->sector)
		at = table->primary.other_header * table->sector;
	r = read_gpt(tree, table, at, &table->backup, entries[1], &counts[1]);
	if (r < 0)
		return r;
	unsigned which = table->primary.is_valid ? 0 : 1;
	for (unsigned i = 0; i < counts[which]; i++)
		parse_gpt_entry(entries[which] + (size_t)i * ENTRY_SIZE, i + 1, table);
	return 0;
}

static bool is_extended(unsigned type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Adds the partition of one 16-byte entry, whose start counts from `base`. */
static void add_dos(const unsigned char *entry, uint64_t base, unsigned number, uint32_t signature,
		    struct disk_table *table)
{
	struct disk_partition *partition = &table->partitions[table->count];

	if (entry[4] == 0 || le32(entry + 12) == 0 || table->count == DISK_PARTITIONS_MAX)
		return;
	partition->number = number;
	partition->start = base + (uint64_t)le32(entry + 8) * 512;
	partition->size = (uint64_t)le32(entry + 12) * 512;
	partition->is_bios_bootable = entry[0] == 0x80;
	(void)snprintf(partition->type, sizeof partition->type, "%02x", entry[4]);
	(void)snprintf(partition->uuid, sizeof partition->uuid, "%08x-%02x", signature, number);
	table->count++;
}

/*
 * The logical partitions: a chain of sectors, each with one partition, counted from that sector, and the next sector,
 * counted from the extended partition's start. The chain may be circular; numbers end it.
 */
static int read_logical(struct tree *tree, uint64_t extended, uint32_t signature,
			struct disk_table *table)
{
	uint64_t at = extended, size = tree_disk_size(tree);
	unsigned char sector[512];

	for (unsigned number = 5; number < 5 + DISK_PARTITIONS_MAX; number++) {
		if (at + sizeof sector > size)
			return 0;
		int r = read_all(tree, at, sector, sizeof sector);
		if (r < 0)
			return r;
		if (sector[510] != 0x55 || sector[511] != 0xaa)
			return 0;
		add_dos(sector + 446, at, number, signature, table);
		const unsigned char *next = sector + 446 + 16;
		if (!is_extended(next[4]) || le32(next + 8) == 0)
			return 0;
		at = extended + (uint64_t)le32(next + 8) * 512;
	}
	return 0;
}

static int read_dos(struct tree *tree, const unsigned char *sector, struct disk_table *table)
{
	uint32_t signature = le32(sector + 440);
	int r = 0;

	for (unsigned i = 0; i < 4; i++)
		add_dos(sector + 446 + 16 * (size_t)i, 0, i + 1, signature, table);
	for (unsigned i = 0; i < 4 && r == 0; i++) {
		const unsigned char *entry = sector + 446 + 16 * (size_t)i;
		if (is_extended(entry[4]))
			r = read_logical(tree, (uint64_t)le32(entry + 8) * 512, signature, table);
	}
	table->kind = table->count > 0 ? DISK_DOS : DISK_NONE;
	return r;
}

int disk_table_read(struct tree *tree, struct disk_table *ret)
{
	unsigned char sector[4096 + 512];

	*ret = (struct disk_table){.kind = DISK_NONE, .sector = 512};
	if (tree_disk_size(tree) < sizeof sector)
		return -ENOTSUP;
	int r = read_all(tree, 0, sector, sizeof sector);
	if (r < 0)
		return r;
	memcpy(ret->boot_code, sector, DISK_BOOT_CODE);
	ret->has_mbr_signature = sector[510] == 0x55 && sector[511] == 0xaa;
	if (is_gpt(sector + 4096) && !is_gpt(sector + 512))
		ret->sector = 4096;
	/* A protective entry promises a GPT even where the primary header is damaged. */
	bool is_protective = ret->has_mbr_signature && sector[446 + 4] == 0xee;
	if (is_protective || is_gpt(sector + ret->sector)) {
		ret->kind = DISK_GPT;
		return read_both(tree, ret);
	}
	if (ret->has_mbr_signature)
		return read_dos(tree, sector, ret);
	return 0;
}

const struct disk_partition *disk_partition_of_type(const struct disk_table *table,
						    const char *type)
{
	for (unsigned i = 0; i < table->count; i++)
		if (strcmp(table->partitions[i].type, type) == 0)
			return &table->partitions[i];
	return NULL;
}

const struct disk_table *disk_table_require(struct trial *t)
{
	struct disk_table *table = case_alloc(t, sizeof *table);
	int r = disk_table_read(case_tree(t), table);

	if (r == -ENOTSUP || r == -EACCES || r == -EPERM)
		case_skip(t, "image", "the disk itself cannot be read here");
	errno = -r;
	if (r < 0)
		case_broken(t, "read the partition table: %m");
	if (table->kind == DISK_NONE)
		case_skip(t, "image", "the disk has no partition table");
	return table;
}
