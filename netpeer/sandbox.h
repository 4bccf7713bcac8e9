/* SPDX-License-Identifier: Apache-2.0 */
/* Shutting the process in: it keeps the descriptors that it has, and can compute, wait and answer. */
#ifndef ASSAY_NETPEER_SANDBOX_H
#define ASSAY_NETPEER_SANDBOX_H

#include <stdbool.h>

/* From here on nothing can be opened, started or reached that is not there yet. */
bool sandbox_shut(void);

#endif
