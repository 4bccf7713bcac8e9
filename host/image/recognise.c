/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is, told from its bytes. */
#include "host/image/recognise.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

/* A mark at a fixed place that says what a file is. Those without a format are refused. */
struct mark {
	size_t offset, length;
	const char *bytes;
	const char *format, *problem, *remedy;
};

#define CONVERT "convert it with: qemu-img convert -O qcow2 '%s' disk.qcow2"

/* The first that fits decides. An installation medium has a partition table too, so it stands before raw disks. */
static const struct mark marks[] = {
	{0, 4, "QFI\xfb", "qcow2", NULL, NULL},
	{0, 8, "vhdxfile", "vhdx", NULL, NULL},
	{0, 4, "KDMV", "vmdk", NULL, NULL},
	{0, 8, "conectix", "vpc", NULL, NULL},
	{0, 2, "\x1f\x8b", NULL, "is compressed with gzip", "unpack it with: gunzip --keep '%s'"},
	{0, 6,
	 "\xfd"
	 "7zXZ\0",
	 NULL, "is compressed with xz", "unpack it with: unxz --keep '%s'"},
	{0, 4, "\x28\xb5\x2f\xfd", NULL, "is compressed with zstd", "unpack it with: unzstd '%s'"},
	{0, 3, "BZh", NULL, "is compressed with bzip2", "unpack it with: bunzip2 --keep '%s'"},
	{0, 4, "\x04\x22\x4d\x18", NULL, "is compressed with lz4", "unpack it with: unlz4 '%s'"},
	{0, 4, "PK\x03\x04", NULL, "is a ZIP archive", "unpack it with: unzip '%s'"},
	{0, 6, "7z\xbc\xaf\x27\x1c", NULL, "is a 7z archive", "unpack it with: 7z x '%s'"},
	{257, 5, "ustar", NULL, "is a tar archive (an OVA is one too)",
	 "unpack it with: tar -xf '%s'"},
	{0, 6, "LUKS\xba\xbe", NULL, "is encrypted with LUKS",
	 "Assay has no key; give it the decrypted disk"},
	{64, 4, "\x7f\x10\xda\xbe", NULL, "is a VirtualBox disk (VDI)", CONVERT},
	{0, 4, "QED\0", NULL, "is a QED disk", CONVERT},
	{0, 21, "# Disk DescriptorFile", NULL,
	 "is a VMDK descriptor whose data lies in other files", CONVERT},
	{0, 12, "encrcdsa\0\0\0\2", NULL, "is an encrypted Apple disk", CONVERT},
	{32769, 5, "CD001", NULL, "is a CD or DVD image (ISO 9660), not an installed disk",
	 "install it into a disk image first"},
	{0, 4,
	 "\x7f"
	 "ELF",
	 NULL, "is a program, not a disk image", "name a disk image"},
	{514, 4, "HdrS", NULL, "is a Linux kernel, not a disk image",
	 "give it as the kernel, not as the image"},
	{512, 8, "EFI PART", "raw", NULL, NULL},
	{4096, 8, "EFI PART", "raw", NULL, NULL},
	{510, 2, "\x55\xaa", "raw", NULL, NULL},
	/* A file system, or LVM, without a partition table. */
	{512, 8, "LABELONE", "raw", NULL, NULL},
	{1080, 2, "\x53\xef", "raw", NULL, NULL},
	{0, 4, "XFSB", "raw", NULL, NULL},
	{65600, 8, "_BHRfS_M", "raw", NULL, NULL},
	{1024, 4, "\x10\x20\xf5\xf2", "raw", NULL, NULL}, /* f2fs */
};

static bool has_mark(const struct sample *sample, const struct mark *mark)
{
	return sample->head_size >= mark->offset + mark->length &&
	       memcmp(sample->head + mark->offset, mark->bytes, mark->length) == 0;
}

static uint32_t be32(const struct sample *sample, size_t offset)
{
	uint32_t value;

	memcpy(&value, sample->head + offset, sizeof value);
	return be32toh(value);
}

static uint64_t be64(const struct sample *sample, size_t offset)
{
	uint64_t value;

	memcpy(&value, sample->head + offset, sizeof value);
	return be64toh(value);
}

static void refuse(struct content *ret, const char *problem, const char *remedy)
{
	ret->format[0] = '\0';
	ret->problem = problem;
	ret->remedy = remedy;
}

#define QCOW2_HEADER_V2	       72
#define QCOW2_HEADER_V3	       104
#define QCOW2_INCOMPATIBLE     72 /* where version 3 keeps its incompatible features */
#define QCOW2_CORRUPT	       (1U << 1)
#define QCOW2_EXTERNAL_DATA    (1U << 2)
#define QCOW2_BACKING_NAME_MAX 1023		/* by its specification */
#define QCOW2_L1_MAX	       (32U << 20 >> 3) /* what qemu accepts: 32 MiB of entries */

static bool lies_in_file(const struct sample *sample, uint64_t offset, uint64_t length)
{
	return length <= sample->file_size && offset <= sample->file_size - length;
}

/* qcow2: the header must be sane and what it points to must lie in the file. */
static void look_at_qcow2(const struct sample *sample, struct content *ret)
{
	const char *get_again = "copy or download it again";

	if (sample->head_size < QCOW2_HEADER_V2) {
		refuse(ret, "is truncated: even its qcow2 header is not whole", get_again);
		return;
	}
	uint32_t version = be32(sample, 4), l1_size = be32(sample, 36);
	if (version == 1) {
		refuse(ret, "is an old qcow disk, version 1", CONVERT);
		return;
	}
	if (version > 3 || version == 0 || (version == 3 && sample->head_size < QCOW2_HEADER_V3)) {
		refuse(ret, "has a qcow2 header that makes no sense", get_again);
		return;
	}
	uint64_t features = version == 3 ? be64(sample, QCOW2_INCOMPATIBLE) : 0;
	ret->backing_offset = be64(sample, 8);
	ret->backing_length = be32(sample, 16);
	if (be32(sample, 32) != 0)
		refuse(ret, "is an encrypted qcow2",
		       "Assay has no key; give it the decrypted disk");
	else if (features & QCOW2_EXTERNAL_DATA)
		refuse(ret, "is a qcow2 whose data lies in another file", CONVERT);
	else if (features & QCOW2_CORRUPT)
		refuse(ret, "is a qcow2 that is marked corrupt",
		       "repair it with: qemu-img check -r all '%s'");
	else if (ret->backing_offset &&
		 (ret->backing_length == 0 || ret->backing_length > QCOW2_BACKING_NAME_MAX))
		refuse(ret, "has a qcow2 header that makes no sense", get_again);
	else if (l1_size > QCOW2_L1_MAX)
		refuse(ret, "has a qcow2 header that makes no sense", get_again);
	else if (!lies_in_file(sample, be64(sample, 40), (uint64_t)l1_size * 8) ||
		 !lies_in_file(sample, be64(sample, 48), 8) ||
		 !lies_in_file(sample, ret->backing_offset, ret->backing_length))
		refuse(ret, "is truncated: its tables lie behind its end", get_again);
}

/* Text has no NUL and hardly any control bytes; 512 bytes are enough to tell. */
static bool is_text(const struct sample *sample)
{
	size_t length = sample->head_size < 512 ? sample->head_size : 512;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = sample->head[i];
		if (c == 0x7f || (c < 0x20 && !strchr("\t\n\r\f\033", c)) || c == '\0')
			return false;
	}
	return length > 0;
}

static bool is_blank(const struct sample *sample)
{
	for (size_t i = 0; i < sample->head_size; i++)
		if (sample->head[i])
			return false;
	return true;
}

void recognise(const struct sample *sample, struct content *ret)
{
	memset(ret, 0, sizeof *ret);
	if (sample->file_size == 0) {
		refuse(ret, "is empty", "copy or download it again");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (!has_mark(sample, &marks[i]))
			continue;
		/* A fixed VHD begins as a raw disk does, its footer makes the difference. */
		if (marks[i].format && strcmp(marks[i].format, "raw") == 0 && sample->tail &&
		    memcmp(sample->tail, "conectix", 8) == 0)
			break;
		ret->problem = marks[i].problem;
		ret->remedy = marks[i].remedy;
		if (marks[i].format)
			(void)snprintf(ret->format, sizeof ret->format, "%s", marks[i].format);
		if (i == 0)
			look_at_qcow2(sample, ret);
		return;
	}
	if (sample->tail && memcmp(sample->tail, "conectix", 8) == 0)
		(void)snprintf(ret->format, sizeof ret->format, "vpc");
	else if (is_text(sample))
		refuse(ret, "is a text file, not a disk image", "name a disk image");
	else if (is_blank(sample))
		refuse(ret, "begins with nothing but zeros: no disk with an operating system does",
		       "name a disk image");
	else
		refuse(ret, "is no disk image that Assay knows (qcow2, raw, VHD, VHDX, VMDK)",
		       "convert it to one of these");
}
