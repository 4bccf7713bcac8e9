/* SPDX-License-Identifier: Apache-2.0 */
/* A bzImage by its header, and what else a file may be. */
#include "host/kernel/bzimage.h"

#include <string.h>

#include "base/test.h"
#include "host/kernel/kernel_for_test.h"

static int parse(const struct kernel_for_test *kernel, size_t length, struct bzimage *ret,
		 struct err *e)
{
	err_clear(e);
	return bzimage_parse(kernel->bytes, length, "k", ret, e);
}

static void expect_refused(const struct kernel_for_test *kernel, size_t length, const char *words)
{
	struct bzimage image = {.release = "untouched"};
	struct err e = {0};

	EXPECT(parse(kernel, length, &image, &e) < 0);
	EXPECT(e.blame == BLAME_USER);
	EXPECT(strstr(e.text, words) != NULL);
	EXPECT_TEXT(image.release, "untouched");
}

TEST(bzimage, tells_its_release)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0-9-amd64 (a@b) #1 SMP");
	struct bzimage image;
	struct err e = {0};

	EXPECT_NUMBER(parse(&kernel, sizeof kernel.bytes, &image, &e), 0);
	EXPECT_TEXT(image.release, "6.1.0-9-amd64");
	EXPECT_TEXT(image.version, "6.1.0-9-amd64 (a@b) #1 SMP");
	EXPECT_NUMBER((long long)image.payload, KERNEL_FOR_TEST_SETUP + KERNEL_FOR_TEST_PAYLOAD);
	EXPECT_NUMBER((long long)image.payload_length, 100);
}

TEST(bzimage, cut_short)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0 x");

	expect_refused(&kernel, sizeof kernel.bytes - 64, "is cut short: it has ");
	expect_refused(&kernel, BZIMAGE_HEADER_SIZE, "is cut short");
	expect_refused(&kernel, BZIMAGE_HEADER_SIZE - 1, "is no kernel");
	expect_refused(&kernel, 0, "is empty");
}

TEST(bzimage, of_other_processors)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0 x");

	kernel.bytes[0x236] = 0;
	expect_refused(&kernel, sizeof kernel.bytes, "of 32 bits");
	memset(kernel.bytes, 0, sizeof kernel.bytes);
	memcpy(kernel.bytes + 0x38, "ARM\x64", 4);
	expect_refused(&kernel, sizeof kernel.bytes, "for arm64");
	memset(kernel.bytes, 0, sizeof kernel.bytes);
	memcpy(kernel.bytes, "\177ELF", 4);
	expect_refused(&kernel, sizeof kernel.bytes, "arch/x86/boot");
	memcpy(kernel.bytes, "QFI\xfb", 4);
	expect_refused(&kernel, sizeof kernel.bytes, "assay run");
}

TEST(bzimage, a_release_never_becomes_another_path)
{
	struct kernel_for_test kernel = kernel_for_test("../../etc x");

	expect_refused(&kernel, sizeof kernel.bytes, "does not tell a version");
	kernel = kernel_for_test("a/b x");
	expect_refused(&kernel, sizeof kernel.bytes, "does not tell a version");
	kernel = kernel_for_test("");
	expect_refused(&kernel, sizeof kernel.bytes, "does not tell a version");
	kernel = kernel_for_test("6.1\x01 x");
	expect_refused(&kernel, sizeof kernel.bytes, "does not tell a version");
}

TEST(bzimage, a_version_beyond_the_setup_code_is_not_read)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0 x");

	kernel.bytes[0x20e] = kernel.bytes[0x20f] = 0xff;
	expect_refused(&kernel, sizeof kernel.bytes, "does not tell a version");
}

TEST(bzimage, a_payload_beyond_the_end_is_none)
{
	struct kernel_for_test kernel = kernel_for_test("6.1.0 x");
	struct bzimage image;
	struct err e = {0};

	memset(kernel.bytes + 0x24c, 0xff, 4);
	EXPECT_NUMBER(parse(&kernel, sizeof kernel.bytes, &image, &e), 0);
	EXPECT_NUMBER((long long)image.payload_length, 0);
}
