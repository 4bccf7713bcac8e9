/* SPDX-License-Identifier: Apache-2.0 */
/* What this host must have beside Assay for machines of a kind. */
#ifndef ASSAY_HOST_DRIVER_QEMU_LACKS_H
#define ASSAY_HOST_DRIVER_QEMU_LACKS_H

#include <stdbool.h>

#include "base/err.h"

/* Looks for qemu-img, and where asked UEFI's firmware and swtpm, before anything is made; QEMU itself is asked its version. -ENOENT (blame
 * host) for the first that is not there, with what to install. */
int qemu_check_lacks(bool has_uefi, bool has_tpm, struct err *e) NONNULL(3);

/* Gives the path of the UEFI firmware that machines get; -ENOENT (blame host) when there is none. And that of its variables'
 * first state. */
int qemu_firmware(char **ret, struct err *e) NONNULL(1, 2);
int qemu_firmware_variables(char **ret, struct err *e) NONNULL(1, 2);

#endif
