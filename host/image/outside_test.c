/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes, names and VHD footers. */
#include "host/image/outside.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

static void put(unsigned char *at, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0) {
		at[bytes] = (unsigned char)value;
		value >>= 8;
	}
}

static void seal(unsigned char footer[VHD_FOOTER_SIZE])
{
	uint32_t sum = 0;

	put(footer + 64, 0, 4);
	for (unsigned i = 0; i < VHD_FOOTER_SIZE; i++)
		sum += footer[i];
	put(footer + 64, ~sum, 4);
}

static void make_footer(unsigned char footer[VHD_FOOTER_SIZE], uint64_t size, unsigned type)
{
	memset(footer, 0, VHD_FOOTER_SIZE);
	memcpy(footer, "conectix", 8);
	put(footer + 48, size, 8);
	put(footer + 60, type, 4);
	seal(footer);
}

static void expect_footer(const unsigned char footer[VHD_FOOTER_SIZE], const char *begins)
{
	struct outside_verdict verdict = {.words = ""};

	vhd_footer_judge(footer, 4096, &verdict);
	EXPECT(verdict.ok == (begins[0] == '\0'));
	EXPECT(strncmp(verdict.words, begins, strlen(begins)) == 0);
}

TEST(outside, footers)
{
	unsigned char footer[VHD_FOOTER_SIZE];

	make_footer(footer, 4096, 2);
	expect_footer(footer, "");
	make_footer(footer, 8192, 2);
	expect_footer(footer, "the footer says 8192 bytes, and the file has 4096");
	make_footer(footer, 4096, 3);
	expect_footer(footer, "the disk is of type 3");
	make_footer(footer, 4096, 2);
	footer[511] ^= 1;
	expect_footer(footer, "the footer's checksum");
	make_footer(footer, 4096, 2);
	footer[0] = 'C';
	seal(footer);
	expect_footer(footer, "the footer does not begin");
}

static void expect_verdict(enum outside_fact fact, const char *name, uint64_t size,
			   const char *parameters, const char *words)
{
	struct image image = {.virtual_size = size};
	struct outside_verdict verdict;
	struct err e = {0};

	(void)snprintf(image.name, sizeof image.name, "%s", name);
	EXPECT_NUMBER(outside_judge(fact, &image, parameters, false, &verdict, &e), 0);
	EXPECT_TEXT(verdict.words, words);
	EXPECT(verdict.ok == (words[0] == '\0'));
	EXPECT_NUMBER(outside_judge(fact, &image, parameters, true, &verdict, &e), 0);
	EXPECT(!verdict.ok);
}

TEST(outside, sizes_and_names)
{
	expect_verdict(OUTSIDE_ALIGNMENT, "", 3U << 20, "", "");
	expect_verdict(OUTSIDE_ALIGNMENT, "", (3U << 20) + 512, "",
		       "the disk has 3146240 bytes, which is no multiple of 1 MiB");
	expect_verdict(OUTSIDE_ALIGNMENT, "", 3ULL << 30, "disk_size_unit_mib=1024\n", "");
	expect_verdict(OUTSIDE_ALIGNMENT, "", 3U << 20, "disk_size_unit_mib=1024\n",
		       "the disk has 3145728 bytes, which is no multiple of 1024 MiB");
	expect_verdict(OUTSIDE_SIZE, "", 3ULL << 30, "disk_size_mib=2048..4096\n", "");
	expect_verdict(OUTSIDE_SIZE, "", 3ULL << 30, "disk_size_mib=4096..\n",
		       "the disk has 3221225472 bytes (3072 MiB), not 4096.. MiB");
	expect_verdict(OUTSIDE_NAME, "a-1.vhd", 0, "file_name=*.vhd\n", "");
	expect_verdict(OUTSIDE_NAME, "a-1.raw", 0, "file_name=*.vhd\n",
		       "the name \"a-1.raw\" is not of the form *.vhd");
	expect_verdict(OUTSIDE_NAME, "a 1.vhd", 0, "file_name=*.vhd\n",
		       "the name \"a 1.vhd\" has others than letters, digits and ._- in it");
}
