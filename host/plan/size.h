/* SPDX-License-Identifier: Apache-2.0 */
/* A VM size: the virtual hardware that a machine gets. A table of named ones ships; the command line can spell one. */
#ifndef ASSAY_HOST_PLAN_SIZE_H
#define ASSAY_HOST_PLAN_SIZE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

#define SIZE_MEMORY_SLOTS  4 /* where max_mem_mib leaves room */
#define SIZE_HOTPLUG_PORTS 8 /* for devices that come while the machine runs */

struct size {
	char name[32];
	unsigned cpus, mem_mib, numa_nodes; /* numa_nodes 0: one, not described */
	unsigned
		max_mem_mib; /* with what is added while it runs; 0: nothing can be. Kernels set memory apart for it */
	unsigned data_disks, data_disk_mib; /* beyond the root disk */
	unsigned nics;
	bool tpm;
	char cpu_model[64]; /* QEMU's word; "" is the accelerator's best */
};

/* "small" or "name:cpus=2,mem=2048,disks=1,nics=1" or just "cpus=4,mem=4096"; a bare name must be known. */
int size_parse(const char *text, struct size *ret, struct err *e) NONNULL(1, 2, 3);

/* The shipped sizes, name "" ends. The first is the default. */
const struct size *sizes_known(void);

/* Adds "cpus=2\nmem_mib=1024\ndisks=1\nnics=1\n…": what cases are told (plan_number). */
void size_parameters(const struct size *size, struct text *out) NONNULL(1, 2);

/* How many CPUs the machine can have with those that are added while it runs. */
unsigned size_cpus_max(const struct size *size) NONNULL(1);

#endif
