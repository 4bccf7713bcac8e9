/* SPDX-License-Identifier: Apache-2.0 */
/* A file that lies in memory, for the tests of what reads files piece by piece. */
#ifndef ASSAY_KIT_BYTES_FOR_TEST_H
#define ASSAY_KIT_BYTES_FOR_TEST_H

#include <stdint.h>
#include <string.h>
#include <sys/types.h>

struct bytes {
	const void *at;
	size_t size;
};

static inline ssize_t read_bytes(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct bytes *bytes = arg;

	if (offset >= bytes->size)
		return 0;
	if (size > bytes->size - offset)
		size = bytes->size - (size_t)offset;
	memcpy(buf, (const char *)bytes->at + offset, size);
	return (ssize_t)size;
}

#endif
