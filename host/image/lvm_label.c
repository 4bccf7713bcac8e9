/* SPDX-License-Identifier: Apache-2.0 */
/* An LVM2 physical volume's label and metadata areas. All numbers are little-endian. */
#include "host/image/lvm_label.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECTOR	      512U
#define LABEL_SECTORS 4U /* the label is in one of the first four */
#define AREAS_MAX     16U

/* struct mda_header */
#define AREA_HEADER   512U
#define AREA_MAGIC    " LVM2 x[5A%r0N*>"
#define AREA_AT_START 24U /* its own place */
#define AREA_AT_SIZE  32U
#define AREA_AT_LOCNS 40U
#define LOCN_IGNORED  1U

struct area {
	uint64_t at, size; /* on the volume */
};

/* struct raw_locn: where in the area the text lies. */
struct locn {
	uint64_t at, size;
	uint32_t crc, flags;
};

static uint32_t le32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t le64(const unsigned char *at)
{
	return le32(at) | (uint64_t)le32(at + 4) << 32;
}

uint32_t lvm_crc(uint32_t start, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;
	uint32_t crc = start;

	for (; length > 0; length--) {
		crc ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return crc;
}

PRINTF(2, 3) static int refuse(struct lvm_label *label, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(label->problem, sizeof label->problem, format, args);
	va_end(args);
	return -EBADMSG;
}

/* ---- the label ---- */

/* struct label_header: "LABELONE", its sector, the checksum of what follows, where the contents begin, and their type */
static bool is_label(const unsigned char *sector, unsigned number)
{
	return memcmp(sector, "LABELONE", 8) == 0 && memcmp(sector + 24, "LVM2 001", 8) == 0 &&
	       le64(sector + 8) == number &&
	       le32(sector + 16) == lvm_crc(LVM_CRC_START, sector + 20, SECTOR - 20);
}

/* A struct disk_locn (offset and size); false behind the last one of a list, or of the sector. */
static bool next_area(const unsigned char *sector, size_t *at, struct area *ret)
{
	if (*at + 16 > SECTOR || le64(sector + *at) == 0)
		return false;
	*ret = (struct area){le64(sector + *at), le64(sector + *at + 8)};
	*at += 16;
	return true;
}

/* struct pv_header: the id, the size, then two lists with an end each: areas of data, and areas of metadata */
static unsigned parse_contents(const unsigned char *sector, struct lvm_label *label,
			       struct area areas[AREAS_MAX])
{
	size_t at = le32(sector + 20);
	unsigned count = 0;
	struct area area;

	if (at > SECTOR - 40)
		return 0;
	memcpy(label->id, sector + at, LVM_ID_SIZE - 1);
	for (at += 40; next_area(sector, &at, &area);)
		;
	for (at += 16; next_area(sector, &at, &area);)
		if (count < AREAS_MAX)
			areas[count++] = area;
	/* struct pv_header_extension: version, flags; the first bit says it from version 2 on */
	at += 16;
	label->is_used = at <= SECTOR - 8 && le32(sector + at) >= 2 && le32(sector + at + 4) & 1;
	return count;
}

/* ---- the metadata ---- */

/* The area is a ring: a text that reaches its end goes on behind the header. Gives the checksum. */
static int read_ring(const struct span *span, const struct area *area, const struct locn *locn,
		     struct text *metadata, uint32_t *ret_crc)
{
	uint64_t at = locn->at, left = locn->size;
	uint32_t crc = LVM_CRC_START;
	char piece[4096];

	while (left > 0) {
		if (at == area->size)
			at = AREA_HEADER;
		size_t n = left < sizeof piece ? (size_t)left : sizeof piece;
		if (n > area->size - at)
			n = (size_t)(area->size - at);
		int r = span_read(span, area->at + at, piece, n);
		if (r == 0)
			r = text_add(metadata, piece, n);
		if (r < 0)
			return r;
		crc = lvm_crc(crc, piece, n);
		at += n;
		left -= n;
	}
	*ret_crc = crc;
	return 0;
}

static int read_text(const struct span *span, struct lvm_label *label, const struct area *area,
		     const struct locn *locn, struct text *metadata)
{
	uint32_t crc = 0;

	if (locn->at < AREA_HEADER || locn->at >= area->size ||
	    locn->size > area->size - AREA_HEADER)
		return refuse(label, "its LVM metadata is said to lie where it cannot");
	if (locn->size > LVM_METADATA_MAX)
		return refuse(label, "its LVM metadata is larger than %u MiB",
			      LVM_METADATA_MAX >> 20);
	text_clear(metadata);
	if (read_ring(span, area, locn, metadata, &crc) < 0)
		return refuse(label, "its LVM metadata cannot be read");
	return crc == locn->crc ? 0 : refuse(label, "its LVM metadata has a wrong checksum");
}

/* Sets *ret_is_used when the area has metadata, whether it can be read or not. */
static int read_area(const struct span *span, struct lvm_label *label, const struct area *area,
		     struct text *metadata, bool *ret_is_used)
{
	unsigned char header[AREA_HEADER];

	*ret_is_used = true;
	if (area->size < AREA_HEADER || area->at > span_size(span) ||
	    area->size > span_size(span) - area->at ||
	    span_read(span, area->at, header, sizeof header) < 0)
		return refuse(label, "its LVM metadata is said to lie beyond its end");
	if (memcmp(header + 4, AREA_MAGIC, 16) != 0 || le32(header + 20) != 1 ||
	    le64(header + AREA_AT_START) != area->at || le64(header + AREA_AT_SIZE) != area->size ||
	    le32(header) != lvm_crc(LVM_CRC_START, header + 4, sizeof header - 4))
		return refuse(label, "the header of its LVM metadata is damaged");
	const unsigned char *at = header + AREA_AT_LOCNS;
	const struct locn locn = {le64(at), le64(at + 8), le32(at + 16), le32(at + 20)};
	*ret_is_used = locn.at != 0 && !(locn.flags & LOCN_IGNORED);
	return *ret_is_used ? read_text(span, label, area, &locn, metadata) : 0;
}

int lvm_label_read(const struct span *span, struct lvm_label *ret, struct text *metadata)
{
	unsigned char sectors[LABEL_SECTORS * SECTOR];
	struct area areas[AREAS_MAX];
	unsigned number = 0;
	bool is_used;

	*ret = (struct lvm_label){0};
	if (span_read(span, 0, sectors, sizeof sectors) < 0)
		return refuse(ret, "its LVM label cannot be read");
	while (number < LABEL_SECTORS && !is_label(sectors + number * SECTOR, number))
		number++;
	if (number == LABEL_SECTORS)
		return refuse(ret, "its LVM label is damaged");
	unsigned count = parse_contents(sectors + number * SECTOR, ret, areas);
	for (unsigned i = 0; i < count; i++) {
		int r = read_area(span, ret, &areas[i], metadata, &is_used);
		if (r < 0 || !is_used)
			continue;
		ret->problem[0] = '\0'; /* another area may have been damaged */
		return 0;
	}
	text_clear(metadata);
	return ret->problem[0] ? -EBADMSG : 0;
}
