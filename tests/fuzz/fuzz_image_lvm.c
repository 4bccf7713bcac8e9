/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that is a physical volume of LVM: its label, metadata and groups, and a look into every volume. */
#include <stdint.h>
#include <string.h>

#include "host/image/lvm.h"
#include "host/image/lvm_label.h"

#define DISK_SIZE                                                                                  \
	(8ULL << 30) /* nothing but zeros behind the input, so that volumes may lie there */
#define LABEL_AT 512U
#define AREA_AT	 4096U

struct memory {
	const uint8_t *data;
	size_t size;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_memory(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct memory *memory = arg;
	size_t has = offset < memory->size ? memory->size - (size_t)offset : 0;

	if (offset > DISK_SIZE || size > DISK_SIZE - offset)
		abort();
	if (has > size)
		has = size;
	if (has > 0)
		memcpy(buf, memory->data + offset, has);
	memset((char *)buf + has, 0, size - has);
	return 0;
}

static void visit(const struct lvm_volume *volume)
{
	uint64_t size = volume->span ? span_size(volume->span) : 0;
	char piece[3000];

	if (strlen(volume->mapped_name) <= strlen(volume->group) ||
	    (volume->span == NULL) != (volume->problem[0] != '\0'))
		abort();
	if (size > sizeof piece &&
	    (span_read(volume->span, 0, piece, sizeof piece) < 0 ||
	     span_read(volume->span, size / 2, piece, 1) < 0 ||
	     span_read(volume->span, size - sizeof piece, piece, sizeof piece) < 0))
		abort();
}

static void try_disk(const uint8_t *data, size_t size)
{
	struct memory memory = {data, size};
	const struct chunk_source source = {.read = read_memory, .arg = &memory, .size = DISK_SIZE};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&source);
	CLEANUP(span) struct span *span = span_of_range(chunks, 0, DISK_SIZE);
	const struct span *members[] = {span};
	CLEANUP(lvm) struct lvm *lvm = lvm_open(chunks, members, 1);
	struct lvm_volume *volume;

	for (unsigned n = 0; (volume = lvm_volume(lvm, n)) != NULL; n++)
		visit(volume);
	if (strlen(lvm_member_problem(lvm, 0)) > 300)
		abort();
}

static void put(uint8_t *at, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

/* Makes the checksums fit, or nothing behind them would ever be tried: the text is all that is behind the area's header. */
static void mend(uint8_t *data, size_t size)
{
	uint8_t *area = data + AREA_AT;
	size_t text = size - AREA_AT - 512;

	put(area + 24, AREA_AT, 8);
	put(area + 32, size - AREA_AT, 8);
	put(area + 40, 512, 8);
	put(area + 48, text, 8);
	put(area + 56, lvm_crc(LVM_CRC_START, area + 512, text), 4);
	put(area, lvm_crc(LVM_CRC_START, area + 4, 512 - 4), 4);
	put(data + LABEL_AT + 112, size - AREA_AT, 8);
	put(data + LABEL_AT + 16, lvm_crc(LVM_CRC_START, data + LABEL_AT + 20, 512 - 20), 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_disk(data, size);
	if (size <= AREA_AT + 512)
		return 0;
	CLEAN_FREE uint8_t *mended = malloc(size);
	if (!mended)
		abort();
	memcpy(mended, data, size);
	mend(mended, size);
	try_disk(mended, size);
	return 0;
}
