/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins for sizes that this host cannot hold. */
#include "host/runbook/size_fit.h"

#include <stdio.h>
#include <string.h>

#define STAND_IN_MEMORY_MAX_MIB 4096 /* enough for any case, and several fit beside each other */
#define MEMORY_MIN_MIB		128

static void lack(struct text *lacks, const char *format, ...) PRINTF(2, 3);
static void lack(struct text *lacks, const char *format, ...)
{
	va_list args;

	if (lacks->length > 0)
		(void)text_adds(lacks, ", ");
	va_start(args, format);
	(void)text_addv(lacks, format, args);
	va_end(args);
}

static void fit_cpus(const struct size_room *room, struct size *size, struct text *lacks)
{
	unsigned promised = size->cpus;

	if (room->cpus == 0 || promised <= SIZE_CPUS_EACH * room->cpus)
		return;
	size->cpus = 2 * room->cpus;
	lack(lacks, "%u of %u CPUs", size->cpus, promised);
}

/* What memory the stand-in has: a power of two, and at most a quarter of the host's. */
static unsigned stand_in_mib(const struct size_room *room)
{
	unsigned mib = STAND_IN_MEMORY_MAX_MIB;

	while (mib > MEMORY_MIN_MIB && mib > room->memory_mib / 4)
		mib /= 2;
	return mib;
}

/* Three quarters of the host's memory are what a machine can have without the host's own being in need. */
static void fit_memory(const struct size_room *room, struct size *size, struct text *lacks)
{
	uint64_t held = room->memory_mib / 4 * 3;
	unsigned promised = size->mem_mib;

	if (room->memory_mib == 0)
		return;
	if (promised > held) {
		size->mem_mib = stand_in_mib(room);
		lack(lacks, "%u of %u MiB", size->mem_mib, promised);
	}
	if (size->max_mem_mib > held) {
		size->max_mem_mib = 2 * size->mem_mib > held ? 0 : 2 * size->mem_mib;
		lack(lacks, size->max_mem_mib ? "less memory to add" : "no memory to add");
	}
}

/* Each node has a CPU and as much memory as the others. */
static void fit_nodes(struct size *size, struct text *lacks)
{
	unsigned promised = size->numa_nodes;

	while (size->numa_nodes > 1 &&
	       (size->numa_nodes > size->cpus || size->mem_mib % size->numa_nodes))
		size->numa_nodes--;
	if (size->numa_nodes < promised)
		lack(lacks, "%u of %u NUMA nodes", size->numa_nodes, promised);
}

static void fit_disks(struct size *size, struct text *lacks)
{
	unsigned promised = size->data_disks;

	if (promised <= SIZE_DISKS_MAX)
		return;
	size->data_disks = SIZE_DISKS_MAX;
	lack(lacks, "%u of %u disks", size->data_disks, promised);
}

void size_fit(const struct size_room *room, struct size *size)
{
	CLEAN_TEXT struct text lacks = TEXT_INIT(sizeof size->stand_in - 1);

	fit_cpus(room, size, &lacks);
	fit_memory(room, size, &lacks);
	fit_nodes(size, &lacks);
	fit_disks(size, &lacks);
	if (size->facts.gpus > 0)
		lack(&lacks, "no GPU");
	if (size->facts.rdma)
		lack(&lacks, "no InfiniBand");
	if (size->facts.confidential[0])
		lack(&lacks, "no %s", size->facts.confidential);
	if (strcmp(size->facts.nic, "") != 0 && strcmp(size->facts.nic, "virtio") != 0)
		lack(&lacks, "virtio for %s", size->facts.nic);
	memcpy(size->stand_in, lacks.buf, lacks.length + 1);
}
