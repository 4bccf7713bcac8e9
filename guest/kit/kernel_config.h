/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of the running kernel: /proc/config.gz, or the file that distributions put beside the kernel. */
#ifndef ASSAY_KIT_KERNEL_CONFIG_H
#define ASSAY_KIT_KERNEL_CONFIG_H

#include "guest/kit/tree.h"

/* Adds the configuration's text. -ENOENT: it is nowhere to be found. */
int kernel_config_read(struct tree *tree, struct text *out) NONNULL(1, 2);

/* Finds an option ("BPF_SYSCALL" or "CONFIG_BPF_SYSCALL") and copies its value: "y", "m", "250"… False: it is not set. */
bool kernel_config_value(const char *config, const char *name, char *ret, size_t size)
	NONNULL(1, 2, 3);

#endif
