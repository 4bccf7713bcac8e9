/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program or library says of itself to the loader: its machine, interpreter and the libraries it needs. Only the
 * headers, the dynamic segment and its strings are read.
 *
 *	struct elf elf;
 *	int r = elf_read(read_at, file, &elf);           (-ENOEXEC: no ELF file)
 *	for (unsigned i = 0; i < elf.needed_count; i++) puts(elf.needed[i]);
 */
#ifndef ASSAY_KIT_ELF_H
#define ASSAY_KIT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/scope.h"

#define ELF_NEEDED_MAX	256
#define ELF_STRINGS_MAX 32768
#define ELF_HEAD_SIZE	4096

/* Reads `size` bytes at `offset`; returns how many (fewer at the end) or -errno. */
typedef ssize_t elf_read_fn(void *arg, uint64_t offset, void *buf, size_t size);

struct elf {
	unsigned bits;	  /* 32 or 64 */
	unsigned machine; /* EM_*: 62 x86-64, 183 arm64, 3 i386 … */
	unsigned type;	  /* ET_*: 2 executable, 3 shared */
	bool has_dynamic;
	const char *interpreter; /* "" when there is none */
	const char *soname, *rpath, *runpath;
	const char *needed[ELF_NEEDED_MAX];
	unsigned needed_count;
	size_t strings_used;
	char strings[ELF_STRINGS_MAX];
};

/* Returns 0, -ENOEXEC (no ELF file, or in the other byte order), -EBADMSG (an ELF file that contradicts itself or is
 * cut short), or what the reader returned. */
int elf_read(elf_read_fn *read, void *arg, struct elf *ret) NONNULL(1, 3);

/* "x86_64", "aarch64", "i386" …; NULL for machines that Assay does not know. */
const char *elf_machine_name(unsigned machine);

#endif
