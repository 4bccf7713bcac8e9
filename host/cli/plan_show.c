/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a plan, however it is shown. */
#include "host/cli/plan_show.h"

#include "host/driver/resources.h"

static const struct execution_cell *cell_of(const struct execution *x, const struct plan_cell *cell)
{
	return &x->cells.items[cell->index];
}

const uint32_t *plan_show_items(const struct execution *x, const struct plan_cell *cell)
{
	return combine_items(x->book->combine, cell_of(x, cell)->combination);
}

static enum combine_why why_of(const struct execution *x, const struct plan_cell *cell)
{
	return x->book->combine->origins.items[cell_of(x, cell)->combination].why;
}

bool plan_show_is_must(const struct execution *x, const struct plan_cell *cell)
{
	return why_of(x, cell) == COMBINE_WHY_MUST;
}

bool plan_show_is_increment(const struct execution *x)
{
	return x->book->demand.request.is_increment;
}

void plan_show_why(const struct execution *x, const struct plan_cell *cell, struct text *out)
{
	if (!plan_show_is_increment(x) || plan_show_is_must(x, cell))
		return;
	size_t before = out->length;
	book_describe_changed(x->book, plan_show_items(x, cell), out);
	if (out->length > before)
		text_adds(out, " has changed");
	else
		text_adds(out, "shows what no former cell does");
}

bool plan_show_is_run(const struct plan_item *item)
{
	return item->way != PLAN_WAY_SKIP && item->way != PLAN_WAY_BROKEN;
}

uint64_t plan_show_memory_mib(const struct execution *x)
{
	uint64_t largest_mib = 0, room_mib = x->room.mem_mib ? x->room.mem_mib : UINT64_MAX;
	uint64_t machines = (x->jobs ? x->jobs : x->room.cpus) + x->waiting_jobs;

	vec_each (&x->plan->cells, cell)
		if (plan_cell_boots(*cell) && (*cell)->size.mem_mib > largest_mib)
			largest_mib = (*cell)->size.mem_mib;
	uint64_t most_mib =
		largest_mib ? machines * (largest_mib + RESOURCES_MACHINE_EXTRA_MIB) : 0;
	return most_mib < room_mib ? most_mib : room_mib;
}
