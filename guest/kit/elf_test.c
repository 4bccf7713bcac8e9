// SPDX-License-Identifier: Apache-2.0
// ELF files, whole and damaged.
#include "guest/kit/elf.h"

#include <errno.h>

#include "base/test.h"
#include "guest/kit/bytes_for_test.h"
#include "guest/kit/elf_for_test.h"

static int read_elf(const void *at, size_t size, struct elf *ret)
{
	struct bytes bytes = {at, size};

	return elf_read(read_bytes, &bytes, ret);
}

TEST(elf, tells_what_a_program_needs)
{
	struct elf_for_test file = elf_for_test("/lib64/ld.so", "", "libz.so.1", "$ORIGIN/../lib");
	static struct elf elf;

	EXPECT_NUMBER(read_elf(&file, sizeof file, &elf), 0);
	EXPECT_NUMBER(elf.bits, 64);
	EXPECT_TEXT(elf_machine_name(elf.machine), "x86_64");
	EXPECT_TEXT(elf.interpreter, "/lib64/ld.so");
	EXPECT_TEXT(elf.soname, "");
	EXPECT_NUMBER(elf.needed_count, 1);
	EXPECT_TEXT(elf.needed[0], "libz.so.1");
	EXPECT_TEXT(elf.runpath, "$ORIGIN/../lib");
}

TEST(elf, scripts_and_short_files_are_none)
{
	static struct elf elf;

	EXPECT_NUMBER(read_elf("#!/bin/sh\n", 10, &elf), -ENOEXEC);
	EXPECT_NUMBER(read_elf("\177ELF", 4, &elf), -ENOEXEC);
	EXPECT_NUMBER(read_elf("", 0, &elf), -ENOEXEC);
}

/* No length makes the reader read beyond it or believe the rest. */
TEST(elf, every_cut_is_noticed)
{
	struct elf_for_test file = elf_for_test("/lib64/ld.so", "", "libz.so.1", "");
	static struct elf elf;

	for (size_t size = sizeof(Elf64_Ehdr); size < offsetof(struct elf_for_test, strings);
	     size++)
		EXPECT_NUMBER(read_elf(&file, size, &elf), -EBADMSG);
}

TEST(elf, names_outside_of_the_strings_are_refused)
{
	struct elf_for_test file = elf_for_test("", "", "libz.so.1", "");
	static struct elf elf;

	file.dynamic[2].d_un.d_val = sizeof file.strings;
	EXPECT_NUMBER(read_elf(&file, sizeof file, &elf), -EBADMSG);
	file = elf_for_test("", "", "libz.so.1", "");
	memset(file.strings, 'x', sizeof file.strings); /* a name without an end */
	EXPECT_NUMBER(read_elf(&file, sizeof file, &elf), -EBADMSG);
	file = elf_for_test("", "", "libz.so.1", "");
	file.segments[0].p_vaddr = 0x900000; /* the strings are in no segment */
	EXPECT_NUMBER(read_elf(&file, sizeof file, &elf), -EBADMSG);
}

TEST(elf, a_static_program_needs_nothing)
{
	struct elf_for_test file = elf_for_test("", "", "", "");
	static struct elf elf;

	file.header.e_phnum = 1;
	EXPECT_NUMBER(read_elf(&file, sizeof file, &elf), 0);
	EXPECT(!elf.has_dynamic);
	EXPECT_NUMBER(elf.needed_count, 0);
}
