/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who works on what: a lock on a file, which the system takes back when its holder ends, however it ends. So no claim is ever stale.
 *
 *	int claim = -1;
 *	r = claim_take("/…/<digest>.lock", &claim, e);       (-EBUSY: another process has it)
 *	...
 *	claim_drop("/…/<digest>.lock", &claim);
 */
#ifndef ASSAY_HOST_STORE_CLAIM_H
#define ASSAY_HOST_STORE_CLAIM_H

#include "base/err.h"

/* *ret is the descriptor that holds it; it is not handed to children. Errors but -EBUSY blame the host. */
int claim_take(const char *path, int *ret, struct err *e) NONNULL(1, 2, 3);
/* Gives it back and removes the file; nothing where *claim is -1. */
void claim_drop(const char *path, int *claim) NONNULL(1, 2);

#endif
