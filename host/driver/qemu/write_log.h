/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log that QEMU's filter blklogwrites keeps of a disk: every write and every flush, in the order in which they were
 * completed. It is the format of the kernel's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): a
 * superblock, then entries of one sector each, with the bytes that were written behind them.
 *
 *	struct write_log log = write_log_of(fd, disk_size);
 *	struct logged_write write;
 *	while ((r = write_log_next(&log, &write, e)) > 0)
 *		...
 *
 * A guest decides what is in it: an entry that does not fit the disk or the log is an error.
 */
#ifndef ASSAY_HOST_DRIVER_QEMU_WRITE_LOG_H
#define ASSAY_HOST_DRIVER_QEMU_WRITE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define WRITE_LOG_SECTOR 512 /* of log and disk, as the filter is told */

enum logged_kind {
	LOGGED_DATA,
	LOGGED_DISCARD,
	LOGGED_FLUSH,
};

struct logged_write {
	enum logged_kind kind;
	uint64_t offset, length; /* in the disk, bytes */
	uint64_t data;		 /* LOGGED_DATA: where its bytes begin in the log */
};

struct write_log {
	int fd; /* borrowed */
	uint64_t disk_size, log_size, at, entries;
};

/* Before its first entry. */
struct write_log write_log_of(int fd, uint64_t disk_size);

/* 1 with the next entry, 0 at the end. -EBADMSG (blame host): this is no such log, or a broken one. */
int write_log_next(struct write_log *log, struct logged_write *ret, struct err *e) NONNULL(1, 2, 3);

/* What a power cut does to a disk with that log. */
struct write_loss {
	uint64_t flushed_end; /* where the log's last flush ends; 0: there is none */
	uint64_t kept;	      /* writes before it */
	uint64_t lost, lost_bytes;
	uint64_t log_end;
};

/* Reads all of it. As write_log_next. */
int write_log_measure(int fd, uint64_t disk_size, struct write_loss *ret, struct err *e)
	NONNULL(3, 4);

#endif
