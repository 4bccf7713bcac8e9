/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spare machine: while a machine thread runs a case, a thread of its own makes the copy of the template that the next
 * case will want. Loaded, it stands still until it is taken, so nothing in it is older than the template.
 *
 *	spare_order(spare, cell, &spec);
 *	...
 *	if (spare_take(spare, cell, &machine))
 *		r = template_wake(machine.machine, &p, e);
 *
 * The thread lives as long as the machines that it made: their processes end with it.
 */
#ifndef ASSAY_HOST_RUN_SPARE_H
#define ASSAY_HOST_RUN_SPARE_H

#include "host/machine/machine.h"

struct engine;
struct cell_run;
struct spare;

/* A machine that was taken, with the folder that it stands in; both are the taker's. */
struct spare_machine {
	struct machine *machine;
	char name[64];
	char *folder;
};

/* Starts the thread; NULL: there can be none, and all goes on without. */
struct spare *spare_new(struct engine *engine) NONNULL(1);
/* Ends the thread, the spare machine, and with them all machines that were taken from it. Takes NULL. */
void spare_free(struct spare *spare);

/* Has a copy of the cell's template made, unless one is there or under way. The spec is copied. */
void spare_order(struct spare *spare, struct cell_run *cell, const struct machine_spec *spec)
	NONNULL(1, 2, 3);
/* Drops the copy that stands ready when no job of its cell will want it. */
void spare_tidy(struct spare *spare) NONNULL(1);
/* Waits for what was ordered for that cell; false: there is none. */
bool spare_take(struct spare *spare, const struct cell_run *cell, struct spare_machine *ret)
	NONNULL(1, 2, 3);

#endif
