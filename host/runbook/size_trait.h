/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traits of a size: its properties by name, for constraints ("size.cpus >= 2") and for coverage over traits.
 *
 *	static void add(void *arg, const char *name, const char *value) { axis_set(…, name, value); }
 *	size_traits(&size, add, &axis);
 */
#ifndef ASSAY_HOST_RUNBOOK_SIZE_TRAIT_H
#define ASSAY_HOST_RUNBOOK_SIZE_TRAIT_H

#include "host/runbook/size.h"

/*
 * Calls `on_trait` for each that the size has: what a machine of it is made of (cpus, memory, max_memory, numa, disks, disk_size,
 * nics, tpm, controller, cpu_model), what else is said of it (series, arch, generation, bios, uefi, secure_boot, disks_max, …),
 * its classes (cpu_class, memory_class), and the free ones. Amounts have their unit, truths are yes or no. It is told of the size
 * as promised: of a stand-in's own figures only when it was fitted before.
 */
typedef void size_trait_fn(void *arg, const char *name, const char *value);
void size_traits(const struct size *size, size_trait_fn *on_trait, void *arg) NONNULL(1, 2);

/* True for the name of a trait that sizes have by themselves: no free one may be called so. */
bool size_trait_is_own(const char *name) NONNULL(1);

/* Classes of sizes that are alike: "1", "2-4", "5-16" …; "under-2GiB", "2-8GiB" … */
const char *size_cpu_class(const struct size *size) NONNULL(1);
const char *size_memory_class(const struct size *size) NONNULL(1);

#endif
