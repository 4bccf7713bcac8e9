/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has left for machines: memory and CPUs, as far as this process may use them. A container's limits
 * (cgroup v2) count as much as the host's own.
 *
 *	uint64_t bytes = resources_memory("");
 */
#ifndef ASSAY_HOST_DRIVER_RESOURCES_H
#define ASSAY_HOST_DRIVER_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* What a machine wants beside its own memory: QEMU itself, its caches, the device state. What a run wants on disk for its
 * journal, logs and overlays. */
#define RESOURCES_MACHINE_EXTRA_MIB 256
#define RESOURCES_RUN_MIB	    256

/* Bytes that can be had without swapping; 0: nothing tells. `root` stands before /proc and /sys: "", or a test's folder. */
uint64_t resources_memory(const char *root) NONNULL(1);

/* Bytes that it could have if nothing else ran; 0: nothing tells. */
uint64_t resources_memory_total(const char *root) NONNULL(1);

/* How long processes stood still of late for want of memory, in hundredths of a percent of the time (PSI, the average over ten
 * seconds): some of them, and all at once. Of the host and of our groups, the worst counts. */
struct resources_pressure {
	unsigned some, full;
};

/* False: nothing tells (a kernel without CONFIG_PSI, or psi=0). */
bool resources_memory_pressure(const char *root, struct resources_pressure *ret) NONNULL(1, 2);

/* CPUs that this process may run on at once; at least 1. */
unsigned resources_cpus(const char *root) NONNULL(1);

#endif
