/* SPDX-License-Identifier: Apache-2.0 */
/* The journals of filesystems that are not mounted: Documentation/filesystems/ext4 of Linux, and xfs_format.h of its XFS. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "guest/kit/probe.h"

#define SUPER_AT      1024
#define SUPER_SIZE    1024
#define MAGIC	      0xef53
#define NEEDS_REPLAY  0x4
#define BACKUP	      1 /* a copy of the journal's inode lies in the superblock */
#define EXTENTS_MAGIC 0xf30a
#define DEPTH_MAX     5

/* Where these lie in the superblock. */
enum {
	LOG_BLOCK_SIZE = 0x18,
	MAGIC_AT = 0x38,
	INCOMPATIBLE = 0x60,
	JOURNAL_INODE = 0xe0,
	BACKUP_TYPE = 0xfd,
	JOURNAL_BLOCKS = 0x10c,
};

static uint16_t number16(const unsigned char *bytes)
{
	uint16_t number;

	memcpy(&number, bytes, sizeof number);
	return le16toh(number);
}

static uint32_t number32(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof number);
	return le32toh(number);
}

/* The first block of what a tree of extents, or the older list of blocks, maps; 0: it says nothing that makes sense. */
static uint64_t first_block(int fd, const unsigned char *map, uint64_t block_size)
{
	unsigned char lower[24];

	for (int i = 0; i < DEPTH_MAX; i++) {
		const unsigned char *entry = map + 12;
		if (number16(map) != EXTENTS_MAGIC)
			return i == 0 ? number32(map) : 0;
		if (number16(map + 2) == 0)
			return 0;
		if (number16(map + 6) == 0) /* a leaf: length, high and low half of the place */
			return (uint64_t)number16(entry + 6) << 32 | number32(entry + 8);
		uint64_t below = (uint64_t)number16(entry + 8) << 32 | number32(entry + 4);
		if (pread(fd, lower, sizeof lower, (off_t)(below * block_size)) !=
		    (ssize_t)sizeof lower)
			return 0;
		map = lower;
	}
	return 0;
}

PROBE(ext4_journal, "DEVICE",
      "prints \"offset=BYTES replay=0|1\" for the journal of the ext4 there: where it begins, and whether the filesystem "
      "needs it")
{
	unsigned char super[SUPER_SIZE];
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (pread(fd, super, sizeof super, SUPER_AT) != (ssize_t)sizeof super)
		return EIO;
	if (number16(super + MAGIC_AT) != MAGIC || number32(super + LOG_BLOCK_SIZE) > 6)
		return EINVAL;
	if (number32(super + JOURNAL_INODE) == 0 || super[BACKUP_TYPE] != BACKUP)
		return ENOENT;
	uint64_t block_size = 1024ULL << number32(super + LOG_BLOCK_SIZE);
	uint64_t block = first_block(fd, super + JOURNAL_BLOCKS, block_size);
	uint64_t offset = block * block_size;
	if (block == 0)
		return ENOENT;
	return text_addf(p->reply, "offset=%" PRIu64 " replay=%d\n", offset,
			 (number32(super + INCOMPATIBLE) & NEEDS_REPLAY) != 0)
		       ? EMSGSIZE
		       : 0;
}

#define XFS_MAGIC 0x58465342 /* "XFSB" */

/* Where these lie in the superblock, which begins the filesystem; its numbers are big endian. */
enum {
	XFS_BLOCK_SIZE = 4,
	XFS_LOG_START = 48,
	XFS_GROUP_BLOCKS = 84,
	XFS_LOG_GROUP_BLOCKS = 124,
	XFS_SUPER_SIZE = 512,
};

static uint32_t big32(const unsigned char *bytes)
{
	uint32_t number;

	memcpy(&number, bytes, sizeof number);
	return be32toh(number);
}

PROBE(xfs_log, "DEVICE", "prints \"offset=BYTES\" for the log of the XFS there: where it begins")
{
	unsigned char super[XFS_SUPER_SIZE];
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (pread(fd, super, sizeof super, 0) != (ssize_t)sizeof super)
		return EIO;
	unsigned shift = super[XFS_LOG_GROUP_BLOCKS];
	uint64_t at =
		(uint64_t)big32(super + XFS_LOG_START) << 32 | big32(super + XFS_LOG_START + 4);
	if (big32(super) != XFS_MAGIC || shift > 31)
		return EINVAL;
	if (at == 0) /* it lies on a device of its own */
		return ENOENT;
	/* A block's number is that of its group, and below it that in the group. */
	uint64_t block =
		(at >> shift) * big32(super + XFS_GROUP_BLOCKS) + (at & ((1ULL << shift) - 1));
	uint64_t offset = block * big32(super + XFS_BLOCK_SIZE);
	return text_addf(p->reply, "offset=%" PRIu64 "\n", offset) ? EMSGSIZE : 0;
}
