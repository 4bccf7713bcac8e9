// SPDX-License-Identifier: Apache-2.0
// ELF headers and dynamic segments out of foreign programs.
#include <string.h>

#include "guest/kit/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *at;
	size_t size;
};

static ssize_t read_bytes(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct bytes *bytes = arg;

	if (offset >= bytes->size)
		return 0;
	if (size > bytes->size - offset)
		size = bytes->size - (size_t)offset;
	memcpy(buf, bytes->at + offset, size);
	return (ssize_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct elf elf;
	struct bytes bytes = {data, size};

	if (elf_read(read_bytes, &bytes, &elf) == 0)
		for (unsigned i = 0; i < elf.needed_count; i++)
			if (strlen(elf.needed[i]) >= ELF_STRINGS_MAX)
				__builtin_trap();
	return 0;
}
