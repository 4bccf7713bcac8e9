/* SPDX-License-Identifier: Apache-2.0 */
/* Where the data that ships with the product lies: told by $ASSAY_DATA, installed, or beside the build. */
#ifndef ASSAY_BASE_SHIPPED_H
#define ASSAY_BASE_SHIPPED_H

#include "base/err.h"

#define SHIPPED_PATH_MAX 4096

/* Finds a file or folder by its name below runbooks/. -ENOENT, with what to do about it, when it is nowhere. */
int shipped_find(const char *name, char ret[SHIPPED_PATH_MAX], struct err *e) NONNULL(1, 2, 3);

#endif
