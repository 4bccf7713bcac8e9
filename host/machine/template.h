/* SPDX-License-Identifier: Apache-2.0 */
/* The folders in which frozen machines lie. */
#ifndef ASSAY_HOST_MACHINE_TEMPLATE_H
#define ASSAY_HOST_MACHINE_TEMPLATE_H

#include "host/machine/machine.h"

/* What it is of, as far as it tells: "" and 0 where it does not. */
struct template_about {
	char image[256];   /* the file's name, foreign text */
	char firmware[16]; /* bios, uefi */
	char booted[40];   /* RFC 3339 */
	char make[64];	   /* what a case had ordered: "Secure Boot, another disk, a seed" */
	unsigned cpus, mem_mib;
};
void template_about(const char *folder, struct template_about *ret) NONNULL(1, 2);

/* Removes a template's folder with the files in it (it has no folders). Says nothing when it is not there. */
void template_remove(const char *folder) NONNULL(1);

#endif
