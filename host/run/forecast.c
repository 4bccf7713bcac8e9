/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the schedule without doing anything. */
#include "host/run/forecast.h"

#include <string.h>

#include "base/clock.h"
#include "host/run/internal.h"

/* Each look at the schedule is one at all of its jobs: with more of them it is only reckoned. */
#define JOBS_WORTH_MAX 4000
#define FORK_NS	       (100 * NS_PER_MS)

struct wait_for {
	const struct job *job;
	uint64_t ends_ns;
};
DEFINE_VEC(waits, struct wait_for);

struct forecast {
	struct schedule *schedule;
	struct waits going;
	uint64_t now_ns;
};

static bool is_other_boot(const struct schedule *schedule, const struct job *job)
{
	return job->kind == JOB_TEMPLATE &&
	       schedule_leader(schedule, job->cell->index) != job->cell->index;
}

static uint64_t span_of(const struct schedule *schedule, const struct job *job)
{
	if (job->refusal[0])
		return 0;
	if (is_other_boot(schedule, job))
		return FORK_NS;
	return job->expected_ns + (job_needs_template(job) ? FORK_NS : 0);
}

static void begin_all(struct forecast *forecast)
{
	const struct job *job;

	while ((job = schedule_try(forecast->schedule, forecast->now_ns))) {
		struct wait_for wait = {job, forecast->now_ns + span_of(forecast->schedule, job)};
		if (!vec_add(&forecast->going, wait))
			abort(); /* there are not so many lanes */
	}
}

static void end_one(struct forecast *forecast)
{
	size_t next = 0;

	for (size_t i = 1; i < forecast->going.count; i++)
		if (forecast->going.items[i].ends_ns < forecast->going.items[next].ends_ns)
			next = i;
	struct wait_for ended = forecast->going.items[next];
	forecast->going.items[next] = forecast->going.items[--forecast->going.count];
	forecast->now_ns = ended.ends_ns;
	if (ended.job->kind == JOB_TEMPLATE)
		schedule_set_template(forecast->schedule, ended.job->cell->index, TEMPLATE_READY,
				      "");
	(void)schedule_end(forecast->schedule, ended.job);
}

/* So many lanes, one after another: nobody waits for anything. */
static uint64_t reckon(const struct engine_setup *setup, const struct jobs *jobs, unsigned lanes)
{
	CLEAN_FREE unsigned *leaders = xnew((setup->plan->cells.count + 1) * sizeof *leaders);
	uint64_t whole_ns = 0;

	forecast_leaders(setup->plan, leaders);
	vec_each (jobs, job) {
		unsigned cell = (*job)->cell->index;
		bool is_other =
			setup->templates && (*job)->kind == JOB_TEMPLATE && leaders[cell] != cell;
		whole_ns += is_other ? FORK_NS : (*job)->expected_ns;
	}
	return whole_ns / (lanes ? lanes : 1);
}

uint64_t forecast_run(const struct engine_setup *setup)
{
	struct jobs jobs = VEC_INIT(JOBS_MAX);
	struct schedule_limits limits;
	unsigned workers = engine_choose_jobs(setup);
	uint64_t whole_ns;

	engine_make_jobs(setup, workers, &jobs);
	if (jobs.count > JOBS_WORTH_MAX) {
		whole_ns = reckon(setup, &jobs, workers);
	} else {
		engine_choose_limits(setup, workers, &jobs, &limits);
		CLEANUP(schedule)
		struct schedule *schedule = schedule_new(&jobs, setup->plan->cells.count, &limits);
		struct forecast forecast = {.schedule = schedule, .going = VEC_INIT(JOBS_MAX)};
		begin_all(&forecast);
		while (forecast.going.count > 0) {
			end_one(&forecast);
			begin_all(&forecast);
		}
		whole_ns = forecast.now_ns;
		vec_done(&forecast.going);
	}
	jobs_done(&jobs);
	return whole_ns;
}

/* ---- of one cell ---- */

static bool is_run(const struct plan_item *item)
{
	return item->way != PLAN_WAY_SKIP && item->way != PLAN_WAY_BROKEN;
}

static bool is_reaches_ready(const struct plan_item *item)
{
	return is_run(item) && strcmp(item->it->id, CASE_REACHES_READY) == 0;
}

uint64_t forecast_boot_ns(const struct plan_cell *cell)
{
	uint64_t boot_ns = 0;

	vec_each (&cell->items, item)
		if (is_reaches_ready(item))
			boot_ns += boot_span_ns(item->expected_ns);
	return boot_ns;
}

uint64_t forecast_cases_ns(const struct plan_cell *cell)
{
	uint64_t whole_ns = 0;

	vec_each (&cell->items, item)
		if (is_run(item) && !is_reaches_ready(item))
			whole_ns += item->expected_ns;
	return whole_ns;
}

/* By image, and where it is the same as they come in the plan. */
static int compare_cells(const void *a, const void *b)
{
	const struct plan_cell *x = *(const struct plan_cell *const *)a,
			       *y = *(const struct plan_cell *const *)b;
	int r = strcmp(x->image_digest, y->image_digest);

	return r ? r : (x->index > y->index) - (x->index < y->index);
}

/* Of the cells from `first` on that have one image. */
static unsigned find_leader(const struct plan_cell *const *first,
			    const struct plan_cell *const *cell, const unsigned *leaders)
{
	for (; first < cell; first++)
		if (leaders[(*first)->index] == (*first)->index && forecast_boot_ns(*first) > 0 &&
		    cells_share_template(*first, *cell))
			return (*first)->index;
	return (*cell)->index;
}

void forecast_leaders(const struct plan *plan, unsigned *ret)
{
	size_t count = plan->cells.count, first = 0;
	CLEAN_FREE const struct plan_cell **cells = xnew((count + 1) * sizeof *cells);

	for (size_t i = 0; i < count; i++)
		cells[i] = plan->cells.items[i];
	qsort(cells, count, sizeof *cells, compare_cells);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(cells[i]->image_digest, cells[first]->image_digest) != 0)
			first = i;
		ret[cells[i]->index] = forecast_boot_ns(cells[i]) > 0
					       ? find_leader(cells + first, cells + i, ret)
					       : cells[i]->index;
	}
}
