/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of writes as blklogwrites makes them, for tests. */
#ifndef ASSAY_HOST_DRIVER_QEMU_LOG_FOR_TEST_H
#define ASSAY_HOST_DRIVER_QEMU_LOG_FOR_TEST_H

#include <stdint.h>

struct log_for_test {
	int fd; /* a file in memory, with room for a hundred sectors at least */
	uint64_t at, entries;
};

struct log_for_test log_for_test_new(void);

/* Sectors are of 512 bytes. A flush writes the superblock anew. */
void log_for_test_data(struct log_for_test *log, uint64_t sector, unsigned sectors, char byte);
void log_for_test_discard(struct log_for_test *log, uint64_t sector, uint64_t sectors);
void log_for_test_flush(struct log_for_test *log);
void log_for_test_entry(struct log_for_test *log, uint64_t sector, uint64_t sectors,
			uint64_t flags);
void log_for_test_super(const struct log_for_test *log, uint64_t entries, uint32_t sector_size);

#endif
