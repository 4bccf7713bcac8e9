/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The medium that brings a kernel's modules into a machine: an ISO 9660 file system with what belongs into /lib/modules, which
 * the agent mounts there, read-only. So a guest has all modules of the kernel, and nothing is written to its disk.
 */
#ifndef ASSAY_HOST_KERNEL_MEDIUM_H
#define ASSAY_HOST_KERNEL_MEDIUM_H

#include "base/err.h"

#define KERNEL_MEDIUM_LABEL "ASSAYKERNEL"

/* Of all below the folder, into a file that is made. */
int kernel_medium_make(const char *folder, const char *path, struct err *e) NONNULL(1, 2, 3);

#endif
