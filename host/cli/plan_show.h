/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as it is shown: as a page for people, and as JSON (assay-plan(5)). Nothing of it is run. */
#ifndef ASSAY_HOST_CLI_PLAN_SHOW_H
#define ASSAY_HOST_CLI_PLAN_SHOW_H

#include "host/cli/execute_book.h"

void plan_show_page(const struct execution *x, struct text *out) NONNULL(1, 2);
void plan_show_json(const struct execution *x, struct text *out) NONNULL(1, 2);

/* --traits: each item of an axis with its traits, sorted, and who says them. */
void plan_show_traits(const struct execution *x, struct text *out) NONNULL(1, 2);
void plan_show_traits_json(const struct execution *x, struct text *out) NONNULL(1, 2);

/* ---- what both say: plan_show.c ---- */

/* The items of the cell's combination, and what is known of it. */
const uint32_t *plan_show_items(const struct execution *x, const struct plan_cell *cell)
	NONNULL(1, 2);
bool plan_show_is_must(const struct execution *x, const struct plan_cell *cell) NONNULL(1, 2);
bool plan_show_is_increment(const struct execution *x) NONNULL(1);
/* Adds why an increment has the cell. */
void plan_show_why(const struct execution *x, const struct plan_cell *cell, struct text *out)
	NONNULL(1, 2, 3);
bool plan_show_is_run(const struct plan_item *item) NONNULL(1);
/* What all machines together have at most: those that may go on at once, each of the largest size, in the room that there is. */
uint64_t plan_show_memory_mib(const struct execution *x) NONNULL(1);

#endif
