/* SPDX-License-Identifier: Apache-2.0 */
/* Which systemd a tree has, by its files: it works on a disk as well. */
#ifndef ASSAY_KIT_SYSTEMD_VERSION_H
#define ASSAY_KIT_SYSTEMD_VERSION_H

#include "guest/kit/tree.h"

/* 252; 0 when there is no systemd or it does not tell. */
long long systemd_version(struct tree *tree) NONNULL(1);

#endif
