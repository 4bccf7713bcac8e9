/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cases that judge a boot found of the boot that a template was frozen after. It is kept with the template: whoever
 * wakes copies of that machine has that boot, and need not make another one. It counts only for the same agent, the same
 * Assay and the same promises of the plan, and only what passed is kept.
 *
 *	boot_results_add(&lines, record);                     (while the cases run on that boot)
 *	r = boot_results_write(folder, engine, cell, &lines, e);  (when it has been frozen)
 *	...
 *	record = boot_results_find(folder, engine, cell, item);   (in a later run)
 */
#ifndef ASSAY_HOST_RUN_BOOT_RESULTS_H
#define ASSAY_HOST_RUN_BOOT_RESULTS_H

#include "host/run/internal.h"

#define BOOT_RESULTS_MAX (1U << 20)

void boot_results_add(struct text *lines, const struct record *record) NONNULL(1, 2);
int boot_results_write(const char *folder, const struct engine *engine, const struct cell_run *cell,
		       const struct text *lines, struct err *e) NONNULL(1, 2, 3, 4, 5);
/* The record of an item, as of now; NULL: there is none that counts. */
struct record *boot_results_find(const char *folder, const struct engine *engine,
				 const struct cell_run *cell, const struct plan_item *item)
	NONNULL(1, 2, 3, 4);

#endif
