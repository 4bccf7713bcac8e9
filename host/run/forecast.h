/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a plan will take: its jobs go through the schedule as in a run, but what is done is only to wait, by a clock of its own,
 * for as long as is expected of them. So what cells share is counted once, and what fits onto the host at once goes on at once.
 *
 *	struct engine_setup setup = {.plan = plan, .jobs = 2, .templates = folder, ...};
 *	uint64_t whole_ns = forecast_run(&setup);
 */
#ifndef ASSAY_HOST_RUN_FORECAST_H
#define ASSAY_HOST_RUN_FORECAST_H

#include "host/run/engine.h"

/* Looks at nothing of the setup but the plan, the room and what becomes jobs. Memory that other programs take is not foreseen, nor
 * whether templates are kept: each is made. */
uint64_t forecast_run(const struct engine_setup *setup) NONNULL(1);

/* What of a cell's time the boot takes that all cells with the same machine share; 0: it makes none. */
uint64_t forecast_boot_ns(const struct plan_cell *cell) NONNULL(1);
/* What it takes when nothing else goes on, without that. */
uint64_t forecast_cases_ns(const struct plan_cell *cell) NONNULL(1);

/* For each cell of the plan the index of the first whose machine is the same, which is booted for all of them; of a cell without such
 * a boot its own. `ret` has room for all. */
void forecast_leaders(const struct plan *plan, unsigned *ret) NONNULL(1, 2);

#endif
