/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's lists of CPUs or NUMA nodes, such as "0-3,5", and running on one of them.
 *
 *	for (int cpu = -1; (cpu = cpulist_next(online, cpu)) >= 0;)
 *		cpu_enter(t, cpu);
 */
#ifndef ASSAY_KIT_CPULIST_H
#define ASSAY_KIT_CPULIST_H

#include "guest/kit/case.h"

#define CPU_ONLINE  "/sys/devices/system/cpu/online"
#define CPULIST_MAX 8192

/* The smallest number in the list that is larger than `after`; -1 when there is none (or the list
 * makes no sense). */
int cpulist_next(const char *list, int after) NONNULL(1);
unsigned cpulist_count(const char *list) NONNULL(1);

/* The list of online CPUs, of which there is one at least; ends the case as failed when the kernel does not tell. */
const char *cpus_online(struct trial *t);

/* Makes this process run on that CPU only: 0 or -errno. */
int cpu_enter(int cpu);

#endif
