/* SPDX-License-Identifier: Apache-2.0 */
/* A small kernel module, made by hand for tests: the sections .modinfo and names, and a signature at its end. */
#ifndef ASSAY_KIT_MODULE_FOR_TEST_H
#define ASSAY_KIT_MODULE_FOR_TEST_H

#include <elf.h>
#include <stddef.h>
#include <string.h>

#include "base/scope.h"

struct module_for_test {
	Elf64_Ehdr header;
	Elf64_Shdr sections[3]; /* none, .modinfo, .shstrtab */
	char modinfo[128];
	char names[32];
	unsigned char signature[16], trailer[12];
	char magic[28];
};

static inline struct module_for_test module_for_test(const char *vermagic)
{
	static const char names[] = "\0.modinfo\0.shstrtab",
			  magic[] = "~Module signature appended~\n";
	struct module_for_test file = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_REL,
			   .e_machine = EM_X86_64,
			   .e_shoff = offsetof(struct module_for_test, sections),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 3,
			   .e_shstrndx = 2},
		.sections = {{.sh_name = 0},
			     {.sh_name = 1,
			      .sh_offset = offsetof(struct module_for_test, modinfo),
			      .sh_size = sizeof file.modinfo},
			     {.sh_name = 10,
			      .sh_offset = offsetof(struct module_for_test, names),
			      .sh_size = sizeof names}},
		.modinfo = "license=GPL\0vermagic=",
		.signature = "signed by nobody",
		.trailer = {[11] = sizeof file.signature},
	};
	size_t at = sizeof "license=GPL" + sizeof "vermagic=" - 1;

	memcpy(file.modinfo + at, vermagic, strlen(vermagic) + 1);
	memcpy(file.names, names, sizeof names);
	memcpy(file.magic, magic, sizeof file.magic);
	return file;
}

#endif
