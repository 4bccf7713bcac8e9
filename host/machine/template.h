/* SPDX-License-Identifier: Apache-2.0 */
/* The folders in which frozen machines lie. */
#ifndef ASSAY_HOST_MACHINE_TEMPLATE_H
#define ASSAY_HOST_MACHINE_TEMPLATE_H

#include "host/machine/machine.h"

/* Removes a template's folder with the files in it (it has no folders). Says nothing when it is not there. */
void template_remove(const char *folder) NONNULL(1);

#endif
