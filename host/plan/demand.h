/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runbook demands to be covered: its axes with their items and traits, its constraints and rows, as combine_make() is
 * asked for it. What is seen of images is added by whoever opens them.
 *
 *	CLEAN_DONE(demand) struct demand demand;
 *	if (demand_init(&demand, runbook, &lines) > 0)
 *		return;
 *	demand_see(&demand, 0, "arch", "x86_64");
 *	if (demand_bind(&demand, &lines, &remarks) == 0 && combine_make(&demand.request, &combine, &slip, e) < 0)
 *		yaml_problem(&lines, runbook->path, demand_place(&demand, slip), "%s", e->text);
 */
#ifndef ASSAY_HOST_PLAN_DEMAND_H
#define ASSAY_HOST_PLAN_DEMAND_H

#include "host/plan/combine.h"
#include "host/runbook/runbook.h"

/* The items of axes of which a runbook says nothing. */
#define DEMAND_FIRMWARE_AUTO "auto"
#define DEMAND_HOST_DEFAULT  "default"

/* The axes, in this order; those of variants follow, and behind them, when the runbook names kernels, that of these. */
enum demand_axis { DEMAND_IMAGE, DEMAND_SIZE, DEMAND_FIRMWARE, DEMAND_HOST, DEMAND_VARIANT };

struct demand {
	const struct runbook *runbook; /* borrowed */
	struct axes axes;
	struct constraint *
		*constraints; /* as many as the runbook has; NULL: it could not be read */
	uint32_t *rows, *must;
	struct combine_request request; /* points to the above */
};

/* The axes, and the constraints as far as they can be read without. Returns the number of problems, each a line: with one there
 * is nothing to bind. Of a runbook with problems of its own only the constraints are read unless its axes are known. */
unsigned demand_init(struct demand *demand, const struct runbook *runbook, struct text *problems)
	NONNULL(1, 2, 3);
void demand_done(struct demand *demand) NONNULL(1);
DEFINE_CLEAN_DONE(demand);

/* A trait of an image as it was found; what the runbook says of it goes before. */
void demand_see(struct demand *demand, size_t image, const char *trait, const char *value)
	NONNULL(1, 3, 4);

/* A trait that images have, whether or not anybody has looked at one; one of kernels. */
void demand_know(struct demand *demand, const char *trait) NONNULL(1, 2);
void demand_know_of_kernels(struct demand *demand, const char *trait) NONNULL(1, 2);

/* What of the names in constraints is wrong, of a runbook that has problems, or whose images could not all be seen: all that is known by
 * then (demand_know) is right. Returns the number of problems, each a line. */
unsigned demand_check(struct demand *demand, struct text *problems) NONNULL(1, 2);

/* The axis of kernels; -1: there is none. */
int demand_kernel_axis(const struct demand *demand) NONNULL(1);
/* The same of a kernel. False: kernels have AXIS_TRAITS_MAX traits, and this would be one more. */
bool demand_see_kernel(struct demand *demand, size_t kernel, const char *trait, const char *value)
	NONNULL(1, 3, 4);

/* When all is seen: what constraints name, rows, weights. Returns the number of problems, each a line; remarks are no problems. */
unsigned demand_bind(struct demand *demand, struct text *problems, struct text *remarks)
	NONNULL(1, 2, 3);

/* Who says a trait: "runbook", or "image" and "kernel" for what was seen of one, or "size" for what a table of sizes has. */
const char *demand_origin(const struct demand *demand, size_t axis, size_t item, const char *trait)
	NONNULL(1, 4);

/* Where in the runbook stands what combine_make() refuses. */
struct yaml_place demand_place(const struct demand *demand, struct combine_slip slip) NONNULL(1);

#endif
