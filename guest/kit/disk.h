/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition tables at the ends of a disk, as they lie there: both GPT copies with their checksums, or the MBR.
 *
 *	struct disk_table table;
 *	int r = disk_table_read(tree, &table);           (-ENOTSUP: no disk to read)
 *	if (table.kind == DISK_GPT && !table.backup.is_valid) puts(table.backup.problem);
 */
#ifndef ASSAY_KIT_DISK_H
#define ASSAY_KIT_DISK_H

#include <stdint.h>

#include "guest/kit/case.h"

#define DISK_PARTITIONS_MAX 128
#define DISK_BOOT_CODE	    440 /* bytes of boot code in the first sector */

enum disk_kind { DISK_NONE, DISK_DOS, DISK_GPT };

struct disk_partition {
	unsigned number;       /* from 1 */
	uint64_t start, size;  /* bytes */
	char type[37];	       /* GPT: lower-case GUID; MBR: two hex digits */
	char uuid[37];	       /* GPT: lower-case GUID; MBR: disk signature, dash, number */
	char name[37];	       /* GPT: ASCII, other characters as '?' */
	bool is_bios_bootable; /* MBR: the active flag; GPT: attribute bit 2 */
};

/* One of the two GPT headers, with its entries. */
struct disk_gpt {
	bool is_valid;
	char problem[160]; /* why it is not valid, "" when it is */
	uint64_t at;	   /* where the header stands, bytes */
	uint64_t first_usable, last_usable, other_header, entries_at; /* sectors */
	char disk_uuid[37];
	uint32_t entries_crc;
};

struct disk_table {
	enum disk_kind kind;
	unsigned sector; /* bytes: 512 or 4096 */
	unsigned char boot_code[DISK_BOOT_CODE];
	bool has_mbr_signature;
	struct disk_gpt primary, backup; /* GPT only */
	/* Of the valid copy, in order of number; an MBR's logical ones count from 5, what they lie in is there too. */
	struct disk_partition partitions[DISK_PARTITIONS_MAX];
	unsigned count;
};

/* Returns 0 (also when there is no table: kind DISK_NONE), -ENOTSUP when the tree has no disk, or another -errno. */
int disk_table_read(struct tree *tree, struct disk_table *ret) NONNULL(1, 2);

/* The same for a case: skips it (need image) when there is no disk to read or no table on it. */
const struct disk_table *disk_table_require(struct trial *t) __attribute__((returns_nonnull))
NONNULL(1);

#define DISK_TYPE_ESP "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
#define DISK_TYPE_BIOS                                                                             \
	"21686148-6449-6e6f-744e-656564454649" /* where GRUB's second stage lies on GPT */
/* The first partition of that GPT type; NULL when there is none. */
const struct disk_partition *disk_partition_of_type(const struct disk_table *table,
						    const char *type) NONNULL(1, 2);

uint32_t disk_crc32(const void *bytes, size_t length) NONNULL(1);

#endif
