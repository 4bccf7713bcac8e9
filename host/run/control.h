/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control: a machine that is known to come up, booted when a subject's boot has failed. Comes it up in the same size, the host
 * is well, and what ails the second try of the subject is the subject's own.
 *
 *	r = control_boot(worker, cell, &seat.spec, e);
 */
#ifndef ASSAY_HOST_RUN_CONTROL_H
#define ASSAY_HOST_RUN_CONTROL_H

#include "host/run/internal.h"

/* Boots it where the spec's machine would stand, and ends it. Blame host, whatever went wrong: it cannot be the subject.
 * -ECANCELED: the run was ended meanwhile. */
int control_boot(struct worker *worker, struct cell_run *cell, const struct machine_spec *like,
		 struct err *e) NONNULL(1, 2, 3, 4);

#endif
