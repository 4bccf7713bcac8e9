/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel's file for x86-64, a bzImage, by its header (Linux, Documentation/arch/x86/boot.rst). What is no such file is named
 * as what it is, where that is known.
 *
 *	struct bzimage kernel;
 *	r = bzimage_parse(bytes, length, "vmlinuz", &kernel, e);
 *	puts(kernel.release);
 */
#ifndef ASSAY_HOST_KERNEL_BZIMAGE_H
#define ASSAY_HOST_KERNEL_BZIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BZIMAGE_MAX	    (256U << 20) /* of a file */
#define BZIMAGE_HEADER_SIZE 0x268
#define RELEASE_SIZE	    128

struct bzimage {
	char version
		[256]; /* "6.1.0-49-amd64 (builder@host) #1 SMP …": release, who built it, when */
	char release[RELEASE_SIZE]; /* its first word, as uname -r says it */
	size_t payload,
		payload_length; /* where the packed kernel lies; length 0: the header does not say */
};

/* Errors blame the user: it is none, for another processor, cut short, or its header contradicts itself. */
int bzimage_parse(const void *bytes, size_t length, const char *name, struct bzimage *ret,
		  struct err *e) NONNULL(1, 3, 4, 5);

#endif
