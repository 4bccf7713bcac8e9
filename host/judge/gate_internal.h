/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the reader of gates share. */
#ifndef ASSAY_HOST_JUDGE_GATE_INTERNAL_H
#define ASSAY_HOST_JUDGE_GATE_INTERNAL_H

#include "host/judge/gate.h"

/* The keys, relative to struct gate. */
extern const struct yaml_field gate_fields[];

/* The axes of a cell and their traits: what constraints are over. */
void gate_axes_init(struct axes *axes) NONNULL(1);

#define GATE_NO_IMAGE  "none"
#define GATE_INSTALLED "installed"

/* What the kernel of a cell is called: by the runbook, else its file; or installed. */
const char *gate_kernel(const struct run_cell *cell) NONNULL(1);

#endif
