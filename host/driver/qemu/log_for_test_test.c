/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of writes for tests. */
#include "host/driver/qemu/log_for_test.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/test.h"

#define SECTOR	 512U
#define LOG_SIZE (1024 * SECTOR)

struct log_for_test log_for_test_new(void)
{
	struct log_for_test log = {.fd = memfd_create("log", MFD_CLOEXEC), .at = SECTOR};

	EXPECT(log.fd >= 0 && ftruncate(log.fd, LOG_SIZE) == 0);
	return log;
}

static void put(const struct log_for_test *log, uint64_t at, const void *bytes, size_t size)
{
	EXPECT_NUMBER(pwrite(log->fd, bytes, size, (off_t)at), (long long)size);
}

void log_for_test_entry(struct log_for_test *log, uint64_t sector, uint64_t sectors, uint64_t flags)
{
	const uint64_t entry[] = {htole64(sector), htole64(sectors), htole64(flags), 0};

	put(log, log->at, entry, sizeof entry);
	log->at += SECTOR;
	log->entries++;
}

void log_for_test_data(struct log_for_test *log, uint64_t sector, unsigned sectors, char byte)
{
	char bytes[SECTOR];

	log_for_test_entry(log, sector, sectors, 0);
	memset(bytes, byte, sizeof bytes);
	for (unsigned i = 0; i < sectors; i++, log->at += SECTOR)
		put(log, log->at, bytes, sizeof bytes);
}

void log_for_test_discard(struct log_for_test *log, uint64_t sector, uint64_t sectors)
{
	log_for_test_entry(log, sector, sectors, 4);
}

void log_for_test_super(const struct log_for_test *log, uint64_t entries, uint32_t sector_size)
{
	const uint64_t numbers[] = {htole64(0x6a736677736872ULL), htole64(1), htole64(entries)};
	uint32_t size = htole32(sector_size);

	put(log, 0, numbers, sizeof numbers);
	put(log, sizeof numbers, &size, sizeof size);
}

void log_for_test_flush(struct log_for_test *log)
{
	log_for_test_entry(log, 0, 0, 1);
	log_for_test_super(log, log->entries, SECTOR);
}
