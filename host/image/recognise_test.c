/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is, told from its bytes. */
#include "host/image/recognise.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

#define SIZE 70000

/* A head that is not text, with marks put into it. */
struct forged {
	unsigned char *head;
	struct content content;
};

static void forge(struct forged *forged)
{
	forged->head = xnew(SIZE);
	memset(forged->head + 16, 1, 16);
}

static void put(struct forged *forged, size_t offset, const char *bytes, size_t length)
{
	memcpy(forged->head + offset, bytes, length);
}

static void look(struct forged *forged, const unsigned char *tail, uint64_t file_size)
{
	const struct sample sample = {forged->head, tail, SIZE, file_size};

	recognise(&sample, &forged->content);
	free(forged->head);
}

static const struct row {
	const char *name;
	size_t offset;
	const char *bytes;
	size_t length;
	const char *format, *problem;
} rows[] = {
	{"vhdx", 0, "vhdxfile", 8, "vhdx", ""},
	{"vmdk", 0, "KDMV", 4, "vmdk", ""},
	{"vhd", 0, "conectix", 8, "vpc", ""},
	{"gpt", 512, "EFI PART", 8, "raw", ""},
	{"gpt4k", 4096, "EFI PART", 8, "raw", ""},
	{"mbr", 510, "\x55\xaa", 2, "raw", ""},
	{"bare ext4", 1080, "\x53\xef", 2, "raw", ""},
	{"bare btrfs", 65600, "_BHRfS_M", 8, "raw", ""},
	{"bare LVM", 512, "LABELONE", 8, "raw", ""},
	{"gzip", 0, "\x1f\x8b\x08", 3, "", "is compressed with gzip"},
	{"xz", 0,
	 "\xfd"
	 "7zXZ\0",
	 6, "", "is compressed with xz"},
	{"zstd", 0, "\x28\xb5\x2f\xfd", 4, "", "is compressed with zstd"},
	{"bzip2", 0, "BZh9", 4, "", "is compressed with bzip2"},
	{"luks", 0, "LUKS\xba\xbe", 6, "", "is encrypted with LUKS"},
	{"elf", 0,
	 "\x7f"
	 "ELF",
	 4, "", "is a program, not a disk image"},
};

TEST(recognise, tells_by_marks)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct forged forged;
		forge(&forged);
		put(&forged, rows[i].offset, rows[i].bytes, rows[i].length);
		look(&forged, NULL, SIZE);
		EXPECT_TEXT(forged.content.format, rows[i].format);
		EXPECT_TEXT(forged.content.problem ? forged.content.problem : "", rows[i].problem);
		EXPECT(forged.content.format[0] || forged.content.remedy);
	}
}

TEST(recognise, sees_a_cd_before_its_partition_table)
{
	struct forged forged;

	forge(&forged);
	put(&forged, 510, "\x55\xaa", 2);
	put(&forged, 32769, "CD001", 5);
	look(&forged, NULL, SIZE);
	EXPECT_TEXT(forged.content.format, "");
	EXPECT(strstr(forged.content.problem, "ISO 9660"));
}

TEST(recognise, sees_a_fixed_vhd_by_its_footer)
{
	unsigned char tail[SAMPLE_TAIL] = "conectix";
	struct forged forged;

	forge(&forged);
	put(&forged, 510, "\x55\xaa", 2);
	look(&forged, tail, SIZE);
	EXPECT_TEXT(forged.content.format, "vpc");
}

TEST(recognise, refuses_what_is_no_disk)
{
	const struct sample empty = {.head = (const unsigned char *)"", .file_size = 0};
	const struct sample text = {
		.head = (const unsigned char *)"hello\n", .head_size = 6, .file_size = 6};
	unsigned char zeros[1024] = {0};
	const struct sample blank = {
		.head = zeros, .head_size = sizeof zeros, .file_size = sizeof zeros};
	struct content content;

	recognise(&empty, &content);
	EXPECT_TEXT(content.problem, "is empty");
	recognise(&text, &content);
	EXPECT_TEXT(content.problem, "is a text file, not a disk image");
	recognise(&blank, &content);
	EXPECT(strstr(content.problem, "zeros"));
}

/* A qcow2 header of version 3: all tables at 64 KiB. */
static void put_qcow2(struct forged *forged)
{
	put(forged, 0, "QFI\xfb\0\0\0\3", 8);
	memset(forged->head + 8, 0, 100);
	put(forged, 36, "\0\0\0\1", 4);		/* one L1 entry … */
	put(forged, 40, "\0\0\0\0\0\1\0\0", 8); /* … here */
	put(forged, 48, "\0\0\0\0\0\1\0\0", 8); /* refcount table */
}

TEST(recognise, looks_into_qcow2)
{
	struct forged forged;

	forge(&forged);
	put_qcow2(&forged);
	look(&forged, NULL, SIZE);
	EXPECT_TEXT(forged.content.format, "qcow2");

	forge(&forged);
	put_qcow2(&forged);
	look(&forged, NULL, 0x10000); /* the file ends before its tables */
	EXPECT(strstr(forged.content.problem, "truncated"));

	forge(&forged);
	put_qcow2(&forged);
	put(&forged, 32, "\0\0\0\2", 4);
	look(&forged, NULL, SIZE);
	EXPECT(strstr(forged.content.problem, "encrypted"));

	forge(&forged);
	put_qcow2(&forged);
	put(&forged, 72, "\0\0\0\0\0\0\0\4", 8);
	look(&forged, NULL, SIZE);
	EXPECT(strstr(forged.content.problem, "another file"));

	forge(&forged);
	put_qcow2(&forged);
	put(&forged, 36, "\xff\xff\xff\xff", 4);
	look(&forged, NULL, SIZE);
	EXPECT(strstr(forged.content.problem, "makes no sense"));
}
