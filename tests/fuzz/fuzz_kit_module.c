/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel modules' files, which lie in images. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kit/module_file.h"

struct bytes {
	const uint8_t *at;
	size_t size;
};

static ssize_t read_bytes(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct bytes *bytes = arg;

	if (offset > bytes->size || size > bytes->size - offset)
		abort(); /* it knows the size */
	if (size > 0)
		memcpy(buf, bytes->at + offset, size);
	return (ssize_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {data, size};
	struct module_file module;

	if (module_file_read(read_bytes, &bytes, size, &module) == 0 &&
	    strlen(module.vermagic) >= sizeof module.vermagic)
		abort();
	return 0;
}
