/* SPDX-License-Identifier: Apache-2.0 */
/* Which QEMU this host has. */
#ifndef ASSAY_HOST_DRIVER_QEMU_VERSION_H
#define ASSAY_HOST_DRIVER_QEMU_VERSION_H

#include "base/err.h"
#include "base/wait.h"

/* "7.2.22 (Debian …)", asked once a process. -ENOENT (blame host) when QEMU is not installed, -EINVAL when it is too old. */
int qemu_version(const struct patience *p, char buf[64], struct err *e) NONNULL(1, 2, 3);

#endif
