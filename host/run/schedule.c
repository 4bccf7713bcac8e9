/* SPDX-License-Identifier: Apache-2.0 */
/* Giving jobs to machine threads. */
#include "host/run/schedule.h"

#include <pthread.h>
#include <stdio.h>

struct slot {
	struct job *job;
	bool taken;
};

struct cell_state {
	enum template_state template;
	char why[512];
	size_t open; /* jobs that have not ended, without the last one */
};

struct schedule {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct slot *slots; /* in the order of preference */
	size_t count, taken;
	struct schedule_lanes free; /* of the lanes, those in which nothing goes on */
	unsigned working;	    /* lanes of that kind in all */
	bool has_waiting_lanes;
	struct cell_state *cells;
	bool stopped;
};

/* With one worker the quick audit comes before the long boot: people see something. With more, the boot that most
 * others wait for comes first. */
static unsigned rank(const struct job *job, unsigned workers)
{
	switch (job->kind) {
	case JOB_AUDIT:
		return workers > 1 ? 1 : 0;
	case JOB_TEMPLATE:
		return workers > 1 ? 0 : 1;
	case JOB_SHARED:
	case JOB_FORK:
	case JOB_COLD:
		/* A sabotaged boot is not made for a case that the clean run has skipped. */
		return job->sabotage ? 3 : 2;
	case JOB_VERIFY:
		return 4;
	}
	return 4;
}

static int compare_slots(const void *a, const void *b, void *arg)
{
	const struct job *x = ((const struct slot *)a)->job, *y = ((const struct slot *)b)->job;
	unsigned workers = *(const unsigned *)arg;

	if (rank(x, workers) != rank(y, workers))
		return rank(x, workers) < rank(y, workers) ? -1 : 1;
	if (x->expected_ns != y->expected_ns)
		return x->expected_ns > y->expected_ns ? -1 : 1;
	return 0;
}

struct schedule *schedule_new(const struct jobs *jobs, size_t cell_count,
			      const struct schedule_lanes *lanes)
{
	struct schedule *schedule = xnew(sizeof *schedule);
	unsigned workers = lanes->working;

	schedule->free = *lanes;
	schedule->working = workers;
	schedule->has_waiting_lanes = lanes->waiting > 0;
	pthread_mutex_init(&schedule->mutex, NULL);
	pthread_cond_init(&schedule->changed, NULL);
	schedule->slots = xnew((jobs->count + 1) * sizeof *schedule->slots);
	schedule->cells = xnew((cell_count + 1) * sizeof *schedule->cells);
	vec_each (jobs, job) {
		schedule->slots[schedule->count++].job = *job;
		if ((*job)->kind != JOB_VERIFY)
			schedule->cells[(*job)->cell->index].open++;
	}
	if (schedule->count > 0)
		qsort_r(schedule->slots, schedule->count, sizeof *schedule->slots, compare_slots,
			&workers);
	return schedule;
}

void schedule_free(struct schedule *schedule)
{
	if (!schedule)
		return;
	pthread_cond_destroy(&schedule->changed);
	pthread_mutex_destroy(&schedule->mutex);
	free(schedule->slots);
	free(schedule->cells);
	free(schedule);
}

/* The free lanes of the kind in which that job goes. */
static unsigned *lanes_for(struct schedule *schedule, const struct job *job)
{
	return job->waits && job->machines < 2 && schedule->has_waiting_lanes
		       ? &schedule->free.waiting
		       : &schedule->free.working;
}

/* A lane for each machine. Where there are fewer in all, it runs when nothing else does. */
static unsigned lanes_of(const struct schedule *schedule, const struct job *job)
{
	unsigned machines = job->machines > 1 ? job->machines : 1;

	return machines < schedule->working ? machines : schedule->working;
}

static bool can_run(struct schedule *schedule, const struct job *job)
{
	const struct cell_state *cell = &schedule->cells[job->cell->index];

	if (*lanes_for(schedule, job) < lanes_of(schedule, job))
		return false;
	if (job->kind == JOB_VERIFY)
		return cell->open == 0;
	return !job_needs_template(job) || cell->template != TEMPLATE_PENDING;
}

static struct job *take_runnable(struct schedule *schedule)
{
	for (size_t i = 0; i < schedule->count; i++) {
		struct slot *slot = &schedule->slots[i];
		if (slot->taken || !can_run(schedule, slot->job))
			continue;
		slot->taken = true;
		schedule->taken++;
		*lanes_for(schedule, slot->job) -= lanes_of(schedule, slot->job);
		return slot->job;
	}
	return NULL;
}

struct job *schedule_take(struct schedule *schedule)
{
	struct job *job = NULL;

	pthread_mutex_lock(&schedule->mutex);
	while (!schedule->stopped && schedule->taken < schedule->count &&
	       !(job = take_runnable(schedule)))
		pthread_cond_wait(&schedule->changed, &schedule->mutex);
	pthread_mutex_unlock(&schedule->mutex);
	return job;
}

bool schedule_has_fork(struct schedule *schedule, unsigned cell)
{
	bool found = false;

	pthread_mutex_lock(&schedule->mutex);
	for (size_t i = 0; i < schedule->count && !found && !schedule->stopped; i++) {
		const struct slot *slot = &schedule->slots[i];
		found = !slot->taken && slot->job->cell->index == cell &&
			job_needs_template(slot->job);
	}
	pthread_mutex_unlock(&schedule->mutex);
	return found;
}

void schedule_end(struct schedule *schedule, const struct job *job)
{
	struct cell_state *cell = &schedule->cells[job->cell->index];

	pthread_mutex_lock(&schedule->mutex);
	*lanes_for(schedule, job) += lanes_of(schedule, job);
	if (job->kind != JOB_VERIFY)
		cell->open--;
	/* A boot that ended without a word (cancelled) must not leave others waiting. */
	if (job->kind == JOB_TEMPLATE && cell->template == TEMPLATE_PENDING)
		cell->template = TEMPLATE_NO_HOST;
	pthread_cond_broadcast(&schedule->changed);
	pthread_mutex_unlock(&schedule->mutex);
}

void schedule_stop(struct schedule *schedule)
{
	pthread_mutex_lock(&schedule->mutex);
	schedule->stopped = true;
	pthread_cond_broadcast(&schedule->changed);
	pthread_mutex_unlock(&schedule->mutex);
}

void schedule_set_template(struct schedule *schedule, unsigned cell, enum template_state state,
			   const char *why)
{
	pthread_mutex_lock(&schedule->mutex);
	schedule->cells[cell].template = state;
	(void)snprintf(schedule->cells[cell].why, sizeof schedule->cells[cell].why, "%s", why);
	pthread_cond_broadcast(&schedule->changed);
	pthread_mutex_unlock(&schedule->mutex);
}

enum template_state schedule_template(struct schedule *schedule, unsigned cell, char *why,
				      size_t size)
{
	pthread_mutex_lock(&schedule->mutex);
	enum template_state state = schedule->cells[cell].template;
	if (why)
		(void)snprintf(why, size, "%s", schedule->cells[cell].why);
	pthread_mutex_unlock(&schedule->mutex);
	return state;
}
