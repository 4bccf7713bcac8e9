/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what blklogwrites has logged. */
#include "host/driver/qemu/write_log.h"

#include <endian.h>
#include <string.h>

#define MAGIC	0x6a736677736872ULL
#define VERSION 1

#define FLAG_FLUSH   1U
#define FLAG_DISCARD 4U

/* Both are little-endian. */
struct super {
	uint64_t magic, version, entries;
	uint32_t sector_size;
};

struct entry {
	uint64_t sector, sectors, flags, data_length;
};

static int broken(const struct write_log *log, const char *why, struct err *e)
{
	return err_set(e, BLAME_HOST, EBADMSG, "QEMU's log of writes is broken at entry %llu: %s",
		       (unsigned long long)log->entries, why);
}

/* True when all of it is there. */
static bool read_at(const struct write_log *log, uint64_t at, void *buf, size_t size)
{
	return at <= log->log_size && size <= log->log_size - at &&
	       pread(log->fd, buf, size, (off_t)at) == (ssize_t)size;
}

struct write_log write_log_of(int fd, uint64_t disk_size)
{
	off_t size = lseek(fd, 0, SEEK_END);

	return (struct write_log){
		.fd = fd,
		.disk_size = disk_size,
		.log_size = size > 0 ? (uint64_t)size : 0,
		.at = WRITE_LOG_SECTOR,
	};
}

/* It is written at each flush: as long as there was none, it is empty. */
static int check_super(const struct write_log *log, struct err *e)
{
	struct super super;

	if (!read_at(log, 0, &super, sizeof super))
		return broken(log, "it has no superblock", e);
	if (super.magic == 0)
		return 0;
	if (le64toh(super.magic) != MAGIC || le64toh(super.version) != VERSION ||
	    le32toh(super.sector_size) != WRITE_LOG_SECTOR)
		return broken(log, "its superblock is of another kind", e);
	if (le64toh(super.entries) > log->entries)
		return broken(log, "its superblock tells of more", e);
	return 0;
}

/* Gives what the entry says, if it can be true. */
static int take_entry(struct write_log *log, const struct entry *entry, struct logged_write *ret,
		      struct err *e)
{
	uint64_t flags = le64toh(entry->flags), sector = le64toh(entry->sector),
		 sectors = le64toh(entry->sectors), disk = log->disk_size / WRITE_LOG_SECTOR;

	if (sector > disk || sectors > disk - sector)
		return broken(log, "it lies outside of the disk", e);
	*ret = (struct logged_write){
		.offset = sector * WRITE_LOG_SECTOR,
		.length = sectors * WRITE_LOG_SECTOR,
		.data = log->at + WRITE_LOG_SECTOR,
	};
	log->at = ret->data;
	if (flags == FLAG_FLUSH && sectors == 0) {
		ret->kind = LOGGED_FLUSH;
	} else if (flags == FLAG_DISCARD && sectors > 0) {
		ret->kind = LOGGED_DISCARD;
	} else if (flags == 0 && sectors > 0) {
		ret->kind = LOGGED_DATA;
		if (ret->data > log->log_size || ret->length > log->log_size - ret->data)
			return broken(log, "it is longer than the log", e);
		log->at = ret->data + ret->length;
	} else {
		return broken(log, "it is neither write nor discard nor flush", e);
	}
	log->entries++;
	return 1;
}

int write_log_next(struct write_log *log, struct logged_write *ret, struct err *e)
{
	static const struct entry none;
	struct entry entry;

	/* A sector that nobody has written ends it. */
	if (!read_at(log, log->at, &entry, sizeof entry) ||
	    memcmp(&entry, &none, sizeof entry) == 0)
		return check_super(log, e);
	return take_entry(log, &entry, ret, e);
}

int write_log_measure(int fd, uint64_t disk_size, struct write_loss *ret, struct err *e)
{
	struct write_log log = write_log_of(fd, disk_size);
	struct logged_write write;
	int r;

	*ret = (struct write_loss){0};
	while ((r = write_log_next(&log, &write, e)) > 0) {
		if (write.kind == LOGGED_FLUSH) {
			ret->flushed_end = log.at;
			ret->kept += ret->lost;
			ret->lost = ret->lost_bytes = 0;
		} else {
			ret->lost++;
			ret->lost_bytes += write.length;
		}
	}
	ret->log_end = log.at;
	return r;
}
