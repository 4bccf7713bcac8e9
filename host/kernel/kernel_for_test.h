/* SPDX-License-Identifier: Apache-2.0 */
/* A small bzImage, made by hand for tests: a header, a version, and room for a payload. */
#ifndef ASSAY_HOST_KERNEL_KERNEL_FOR_TEST_H
#define ASSAY_HOST_KERNEL_KERNEL_FOR_TEST_H

#include <stdio.h>
#include <string.h>

#define KERNEL_FOR_TEST_SETUP	1024 /* one sector of setup code behind the first */
#define KERNEL_FOR_TEST_PAYLOAD 16
#define KERNEL_FOR_TEST_SIZE	8192

struct kernel_for_test {
	unsigned char bytes[KERNEL_FOR_TEST_SIZE];
};

static inline void kernel_put32(struct kernel_for_test *kernel, size_t at, unsigned value)
{
	for (unsigned i = 0; i < 4; i++)
		kernel->bytes[at + i] = (unsigned char)(value >> 8 * i);
}

static inline struct kernel_for_test kernel_for_test(const char *version)
{
	struct kernel_for_test kernel = {.bytes = {0}};

	kernel.bytes[0x1f1] = 1; /* setup_sects */
	kernel_put32(&kernel, 0x1f4, (KERNEL_FOR_TEST_SIZE - KERNEL_FOR_TEST_SETUP) / 16);
	kernel.bytes[0x1fe] = 0x55;
	kernel.bytes[0x1ff] = 0xaa;
	memcpy(kernel.bytes + 0x202, "HdrS", 4);
	kernel.bytes[0x206] = 0x0f; /* protocol 2.15 */
	kernel.bytes[0x207] = 0x02;
	kernel.bytes[0x20e] = 0x80; /* the version at 0x280 */
	kernel.bytes[0x211] = 1;    /* loaded high */
	kernel.bytes[0x236] = 1;    /* of 64 bits */
	kernel_put32(&kernel, 0x248, KERNEL_FOR_TEST_PAYLOAD);
	kernel_put32(&kernel, 0x24c, 100);
	(void)snprintf((char *)kernel.bytes + 0x280, 256, "%s", version);
	return kernel;
}

/* Puts the payload in, as it is packed. */
static inline void kernel_put_payload(struct kernel_for_test *kernel, const void *bytes,
				      unsigned length)
{
	memcpy(kernel->bytes + KERNEL_FOR_TEST_SETUP + KERNEL_FOR_TEST_PAYLOAD, bytes, length);
	kernel_put32(kernel, 0x24c, length);
}

#endif
