/* SPDX-License-Identifier: Apache-2.0 */
/* A VM size: the virtual hardware that a machine gets. A table of named ones ships; the command line can spell one. */
#ifndef ASSAY_HOST_RUNBOOK_SIZE_H
#define ASSAY_HOST_RUNBOOK_SIZE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

#define SIZE_DISKS_MAX	   16 /* data disks that a machine can have */
#define SIZE_MEMORY_SLOTS  4  /* where max_mem_mib leaves room */
#define SIZE_HOTPLUG_PORTS 8  /* for devices that come while the machine runs */

#define SIZE_NAME_SIZE	   64
#define SIZE_STAND_IN_SIZE 160
#define SIZE_WORD_SIZE	   32

enum size_generation { SIZE_GENERATION_1 = 1, SIZE_GENERATION_2 = 2 };

/* What a platform says of a size beside what machines here are made of; 0 or "": nothing. It is there to choose by
 * (size_trait.h): no machine has it. */
struct size_facts {
	char series[SIZE_WORD_SIZE], arch[SIZE_WORD_SIZE], nic[SIZE_WORD_SIZE], gpu[SIZE_WORD_SIZE],
		confidential[SIZE_WORD_SIZE];
	unsigned generations; /* of enum size_generation, or-ed: 1 boots by BIOS, 2 by UEFI */
	unsigned disks_max, disk_iops,
		disk_mbps; /* disks that can be attached, and what all do at most together */
	unsigned nics_max, net_mbps, queues;
	unsigned gpus;
	bool secure_boot, rdma;
	char traits[256]; /* free ones, lines name=value */
};

struct size {
	char name[SIZE_NAME_SIZE];
	unsigned cpus, mem_mib, numa_nodes; /* numa_nodes 0: one, not described */
	unsigned
		max_mem_mib; /* with what is added while it runs; 0: nothing can be. Kernels set memory apart for it */
	unsigned data_disks, data_disk_mib; /* beyond the root disk */
	unsigned nics;
	bool tpm;
	char cpu_model[64]; /* QEMU's word; "" is the accelerator's best */
	char controller
		[SIZE_WORD_SIZE]; /* of the root disk: "nvme", "sata", "scsi" or "virtio", which "" is too */
	struct size_facts facts;
	/* What a machine of it lacks of what the size promises, as "2 of 96 CPUs, no GPU" (size_fit); "": nothing. Then it is a
	 * stand-in, and all who show the size say so. */
	char stand_in[SIZE_STAND_IN_SIZE];
};

/* "small" or "name:cpus=2,mem=2048,disks=1,nics=1" or just "cpus=4,mem=4096"; a bare name must be known. */
int size_parse(const char *text, struct size *ret, struct err *e) NONNULL(1, 2, 3);

/* The shipped sizes, name "" ends. The first is the default. */
const struct size *sizes_known(void);

bool size_is_built_in(const char *name) NONNULL(1);

/* Is the whole something that a machine can have? Sets what follows from the rest: how large data disks are, and the name.
 * -EINVAL (blame user). */
int size_complete(struct size *size, struct err *e) NONNULL(1, 2);

/* True for letters, digits, '-', '_' and '.', with room in the struct. */
bool is_size_name(const char *name) NONNULL(1);
bool is_cpu_model(const char *model) NONNULL(1);

/* Adds "cpus=2\nmem_mib=1024\ndisks=1\nnics=1\n…": what cases are told (plan_number). */
void size_parameters(const struct size *size, struct text *out) NONNULL(1, 2);

/* How many CPUs the machine can have with those that are added while it runs. */
unsigned size_cpus_max(const struct size *size) NONNULL(1);

/* Adds what a machine of that size has, as members of a JSON object: name, cpus, mem_mib … tpm. */
void size_json(const struct size *size, struct text *out) NONNULL(1, 2);

#endif
