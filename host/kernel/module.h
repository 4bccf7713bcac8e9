/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a kernel's modules: which kernel they were built for, and their index. */
#ifndef ASSAY_HOST_KERNEL_MODULE_H
#define ASSAY_HOST_KERNEL_MODULE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/wait.h"

#define VERMAGIC_SIZE 256

/* For what the first module that is found was built: "6.1.0-49-amd64 SMP …"; "" when there is none, or it does not say. */
int modules_vermagic(const char *folder, char ret[VERMAGIC_SIZE], struct err *e) NONNULL(1, 2, 3);

/* Makes the index (modules.dep and its kin) of root/lib/modules/RELEASE when it has none, or is to have another one. */
int modules_index(const char *root, const char *release, bool anew, const struct patience *p,
		  struct err *e) NONNULL(1, 2, 4, 5);

#endif
