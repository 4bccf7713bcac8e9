/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel module's file says of itself: the kernel that it was built for, and whether a signature stands at its end. Only
 * headers, the section .modinfo and the end are read.
 *
 *	struct module_file module;
 *	int r = module_file_read(read_at, file, size, &module);           (-ENOEXEC: no ELF file, as a compressed one)
 */
#ifndef ASSAY_KIT_MODULE_FILE_H
#define ASSAY_KIT_MODULE_FILE_H

#include "guest/kit/elf.h"

struct module_file {
	char vermagic
		[256]; /* "6.1.0-30-amd64 SMP preempt mod_unload modversions "; "" when it does not say */
	bool is_signed;
};

/* Returns 0, -ENOEXEC, -EBADMSG (it contradicts itself or is cut short), or what the reader returned. */
int module_file_read(elf_read_fn *read, void *arg, uint64_t size, struct module_file *ret)
	NONNULL(1, 4);

/* Whether a signature stands at the end, whatever stands before: 1, 0, or an error of the reader. */
int module_file_signed(elf_read_fn *read, void *arg, uint64_t size) NONNULL(1);

#endif
