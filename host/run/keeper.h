/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates of machines that cases order: see host/machine/keeper.h. They lie where the cells' templates do, but those with a
 * planted defect, which nobody wants again, in the run's own folder until its end.
 *
 *	struct keeper keeper;
 *	keeper_init(&keeper, engine);
 *	spec.keeper = &keeper.machines;
 *	...
 *	keeper_done(&keeper);
 */
#ifndef ASSAY_HOST_RUN_KEEPER_H
#define ASSAY_HOST_RUN_KEEPER_H

#include "host/machine/keeper.h"

#define KEEPER_LOCKS_MAX 8

struct engine;

struct keeper {
	struct machine_keeper machines;
	struct engine *engine;
	int locks[KEEPER_LOCKS_MAX]; /* of the templates in use */
	unsigned count;
};

void keeper_init(struct keeper *keeper, struct engine *engine) NONNULL(1, 2);
/* Lets go of the templates. */
void keeper_done(struct keeper *keeper) NONNULL(1);

/* At the run's end: what only this run wanted goes. */
void keeper_clear(struct engine *engine) NONNULL(1);

#endif
