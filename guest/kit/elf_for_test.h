/* SPDX-License-Identifier: Apache-2.0 */
/* A small ELF file, made by hand for tests: headers, an interpreter, a dynamic segment and its strings. */
#ifndef ASSAY_KIT_ELF_FOR_TEST_H
#define ASSAY_KIT_ELF_FOR_TEST_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/scope.h"

/* All in one segment that is loaded at address 0x10000. */
struct elf_for_test {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[8];
	char interpreter[32];
	char strings[64]; /* "", then soname, needed and run path behind one another */
};

/* A program (soname "") or library that needs one library; empty strings leave the entry out. */
static inline struct elf_for_test elf_for_test(const char *interpreter, const char *soname,
					       const char *needed, const char *run_path)
{
	struct elf_for_test file = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = offsetof(struct elf_for_test, segments),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 3},
		.segments = {{.p_type = PT_LOAD, .p_vaddr = 0x10000, .p_filesz = sizeof file},
			     {.p_type = PT_DYNAMIC,
			      .p_offset = offsetof(struct elf_for_test, dynamic),
			      .p_filesz = sizeof file.dynamic},
			     {.p_type = interpreter[0] ? PT_INTERP : PT_NULL,
			      .p_offset = offsetof(struct elf_for_test, interpreter),
			      .p_filesz = strlen(interpreter) + 1}},
		.dynamic = {{.d_tag = DT_STRTAB,
			     .d_un.d_ptr = 0x10000 + offsetof(struct elf_for_test, strings)},
			    {.d_tag = DT_STRSZ, .d_un.d_val = sizeof file.strings}},
	};
	const struct {
		int64_t tag;
		const char *text;
	} names[] = {{DT_SONAME, soname}, {DT_NEEDED, needed}, {DT_RUNPATH, run_path}};
	size_t at = 1, entry = 2;

	memcpy(file.interpreter, interpreter, strlen(interpreter) + 1);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i].text[0] == '\0')
			continue;
		memcpy(file.strings + at, names[i].text, strlen(names[i].text) + 1);
		file.dynamic[entry].d_tag = names[i].tag;
		file.dynamic[entry++].d_un.d_val = at;
		at += strlen(names[i].text) + 1;
	}
	return file;
}

#endif
