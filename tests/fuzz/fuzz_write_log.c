/* SPDX-License-Identifier: Apache-2.0 */
/* A log of writes, whatever a guest has made of it: every entry lies within the disk and the log, or it is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "host/driver/qemu/write_log.h"

#define DISK_SIZE (64ULL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(int fd, uint64_t log_size)
{
	struct write_log log = write_log_of(fd, DISK_SIZE);
	struct logged_write write;
	struct err e = {0};

	while (write_log_next(&log, &write, &e) > 0) {
		if (write.offset > DISK_SIZE || write.length > DISK_SIZE - write.offset)
			abort();
		if (write.kind == LOGGED_DATA &&
		    (write.data > log_size || write.length > log_size - write.data))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_FD int fd = memfd_create("log", MFD_CLOEXEC);
	struct write_loss loss;
	struct err e = {0};

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	walk(fd, size);
	if (write_log_measure(fd, DISK_SIZE, &loss, &e) == 0 && loss.flushed_end > loss.log_end)
		abort();
	return 0;
}
