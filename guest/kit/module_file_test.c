/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel modules' files: whole ones, and every way in which they are cut or lie. */
#include "guest/kit/module_file.h"

#include <errno.h>

#include "base/test.h"
#include "guest/kit/bytes_for_test.h"
#include "guest/kit/module_for_test.h"

static int read_module(const void *at, size_t size, struct module_file *ret)
{
	struct bytes bytes = {at, size};

	return module_file_read(read_bytes, &bytes, size, ret);
}

TEST(module_file, tells_kernel_and_signature)
{
	struct module_for_test file = module_for_test("6.1.0 SMP");
	struct module_file module;

	EXPECT_NUMBER(read_module(&file, sizeof file, &module), 0);
	EXPECT_TEXT(module.vermagic, "6.1.0 SMP");
	EXPECT(module.is_signed);
	EXPECT_NUMBER(read_module(&file, sizeof file - 1, &module), 0);
	EXPECT(!module.is_signed);
	file.trailer[9] = 1; /* longer than the file */
	EXPECT_NUMBER(read_module(&file, sizeof file, &module), 0);
	EXPECT(!module.is_signed);
}

TEST(module_file, cut_at_any_byte_is_refused_or_understood)
{
	struct module_for_test file = module_for_test("6.1.0 SMP");
	struct module_file module;

	for (size_t size = 0; size < sizeof file; size++) {
		int r = read_module(&file, size, &module);
		EXPECT(r == 0 || r == -ENOEXEC || r == -EBADMSG);
		EXPECT((r == 0) == (size >= offsetof(struct module_for_test, names) + 20));
	}
}

TEST(module_file, lies_are_refused)
{
	struct module_for_test good = module_for_test("6.1.0 SMP"), bad = good;
	struct module_file module;

	bad.header.e_shnum = 2; /* the names are behind the end */
	EXPECT_NUMBER(read_module(&bad, sizeof bad, &module), -EBADMSG);
	bad = good;
	bad.header.e_shoff = UINT64_MAX - 8;
	EXPECT_NUMBER(read_module(&bad, sizeof bad, &module), -EBADMSG);
	bad = good;
	bad.sections[1].sh_size = UINT64_MAX;
	EXPECT_NUMBER(read_module(&bad, sizeof bad, &module), -EBADMSG);
	bad = good;
	bad.header.e_ident[EI_DATA] = ELFDATA2MSB;
	EXPECT_NUMBER(read_module(&bad, sizeof bad, &module), -ENOEXEC);
	memset(bad.modinfo, 'x', sizeof bad.modinfo); /* no end */
	bad.header = good.header;
	EXPECT_NUMBER(read_module(&bad, sizeof bad, &module), 0);
	EXPECT_TEXT(module.vermagic, "");
}
