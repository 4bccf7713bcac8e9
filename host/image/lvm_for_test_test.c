/* SPDX-License-Identifier: Apache-2.0 */
/* LVM's structures, as lvm2's lib/format_text/layout.h has them. */
#include "host/image/lvm_for_test.h"

#include <string.h>

#include "host/image/lvm_label.h"

#define AREA_AT 4096U

static void put(unsigned char *at, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get(const unsigned char *at)
{
	uint64_t number = 0;

	for (unsigned i = 8; i-- > 0;)
		number = number << 8 | at[i];
	return number;
}

static void put_label(unsigned char *sector, const char *id)
{
	memcpy(sector, "LABELONE", 8);
	put(sector + 8, 1, 8); /* which sector it is */
	put(sector + 20, 32, 4);
	memcpy(sector + 24, "LVM2 001", 8);
	memcpy(sector + 32, id, 32);
	put(sector + 72, 1U << 20, 8); /* data */
	put(sector + 104, AREA_AT, 8); /* metadata */
	put(sector + 112, LVM_AREA_FOR_TEST, 8);
	put(sector + 136, 2, 4); /* the extension's version, and that it is used */
	put(sector + 140, 1, 4);
	put(sector + 16, lvm_crc(LVM_CRC_START, sector + 20, 512 - 20), 4);
}

static void put_area(unsigned char *header)
{
	memcpy(header + 4, " LVM2 x[5A%r0N*>", 16);
	put(header + 20, 1, 4);
	put(header + 24, AREA_AT, 8);
	put(header + 32, LVM_AREA_FOR_TEST, 8);
}

void lvm_point_for_test(unsigned char *volume, uint64_t at, uint64_t size, uint32_t flags)
{
	unsigned char *header = volume + AREA_AT, piece[1];
	uint64_t area = get(header + 32);
	uint32_t crc = LVM_CRC_START;

	for (uint64_t i = 0; i < size && size < area; i++) {
		uint64_t from = at + i < area ? at + i : at + i - area + 512;
		piece[0] = from < area ? header[from] : 0;
		crc = lvm_crc(crc, piece, 1);
	}
	put(header + 40, at, 8);
	put(header + 48, size, 8);
	put(header + 56, crc, 4);
	put(header + 60, flags, 4);
	put(header, lvm_crc(LVM_CRC_START, header + 4, 512 - 4), 4);
}

void lvm_write_for_test(unsigned char *volume, const struct lvm_member_for_test *member)
{
	unsigned char *header = volume + AREA_AT;
	size_t length = member->text ? strlen(member->text) + 1 : 0;

	memset(volume, 0, AREA_AT + LVM_AREA_FOR_TEST);
	put_label(volume + 512, member->id);
	put_area(header);
	for (size_t i = 0; i < length; i++) {
		uint64_t at = member->text_at + i;
		header[at < LVM_AREA_FOR_TEST ? at : at - LVM_AREA_FOR_TEST + 512] =
			(unsigned char)member->text[i];
	}
	lvm_point_for_test(volume, length > 0 ? member->text_at : 0, length, 0);
}
