/* SPDX-License-Identifier: Apache-2.0 */
/* Which QEMU this host has. */
#ifndef ASSAY_HOST_DRIVER_QEMU_VERSION_H
#define ASSAY_HOST_DRIVER_QEMU_VERSION_H

#include "base/err.h"
#include "base/wait.h"

#define QEMU_PROGRAM "qemu-system-x86_64"

/* "7.2.22 (Debian …)" of that program (NULL: the usual one), asked once a process. -ENOENT (blame host) when it is not
 * installed, -EINVAL when it is too old, or no QEMU. */
int qemu_version(const char *program, const struct patience *p, char buf[64], struct err *e)
	NONNULL(2, 3, 4);

#endif
