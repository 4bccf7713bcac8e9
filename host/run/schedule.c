/* SPDX-License-Identifier: Apache-2.0 */
/* Giving jobs to machine threads. The reservation is that of EASY backfilling (Lifka, 1995). */
#include "host/run/schedule.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define GOING_MAX 10000
#define FRESH_NS                                                                                   \
	(20 * NS_PER_S) /* a new machine has not taken its memory yet: no reading shows it */

/* A job that goes on. */
struct going {
	const struct job *job;
	struct room part;
	uint64_t ends_ns;  /* by what is expected of it */
	uint64_t taken_ns; /* by the clock of the memory's readings */
};
DEFINE_VEC(goings, struct going);

struct cell_state {
	enum template_state template;
	char why[512];
	size_t open;	 /* jobs that have not ended, without the last one */
	size_t forks;	 /* those not yet given out that run on forks */
	unsigned leader; /* the cell whose template is this one's as well */
	size_t users; /* a leader's: jobs, of all its cells, that want the template and have not ended */
	uint64_t template_mib; /* a leader's: while its template is made or used, else 0 */
};

struct schedule {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct job **waiting; /* not given out, in the order of preference; NULL: it has been */
	size_t count, first, left;
	struct goings going;
	struct room whole, free;
	uint64_t templates_mib, templates_used_mib;
	struct cell_state *cells;
	struct memory_reading memory;
	bool is_watched, is_held; /* the memory is; something waits only for that */
	uint64_t
		starved_ns; /* since when no machine could be made, by the readings' clock; 0: not */
	bool stopped;
};

/* ---- the order ---- */

/* With one worker the quick audit comes before the long boot: people see something. With more, the boot that most
 * others wait for comes first. The last job of a cell can only run when the cell is else done, and is short. */
static unsigned rank(const struct job *job, unsigned workers)
{
	switch (job->kind) {
	case JOB_AUDIT:
		return workers > 1 ? 1 : 0;
	case JOB_TEMPLATE:
		return workers > 1 ? 0 : 1;
	case JOB_VERIFY:
		return 0;
	case JOB_SHARED:
	case JOB_FORK:
	case JOB_COLD:
		/* A sabotaged boot is not made for a case that the clean run has skipped. */
		return job->sabotage ? 3 : 2;
	}
	return 3;
}

static uint64_t length_of(const struct job *job)
{
	return job->chain_ns > job->expected_ns ? job->chain_ns : job->expected_ns;
}

static int compare_jobs(const void *a, const void *b, void *arg)
{
	const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;
	unsigned workers = *(const unsigned *)arg;

	if (rank(x, workers) != rank(y, workers))
		return rank(x, workers) < rank(y, workers) ? -1 : 1;
	if (length_of(x) != length_of(y))
		return length_of(x) > length_of(y) ? -1 : 1;
	return x->cell->index < y->cell->index ? -1 : x->cell->index > y->cell->index;
}

/* ---- life ---- */

static bool wants_template(const struct job *job)
{
	return job->kind == JOB_TEMPLATE || job_needs_template(job);
}

/* The first of the boots that makes the same machine; itself where there is none before it. */
static unsigned find_leader(const struct job *const *boots, unsigned cell)
{
	for (unsigned i = 0; i < cell; i++)
		if (boots[i] && cells_share_template(boots[i]->cell, boots[cell]->cell))
			return i;
	return cell;
}

static void choose_leaders(struct schedule *schedule, const struct jobs *jobs, size_t cell_count)
{
	CLEAN_FREE const struct job **boots = xnew((cell_count + 1) * sizeof *boots);

	vec_each (jobs, job)
		if ((*job)->kind == JOB_TEMPLATE)
			boots[(*job)->cell->index] = *job;
	for (unsigned i = 0; i < cell_count; i++)
		schedule->cells[i].leader =
			boots[i] && schedule->templates_mib ? find_leader(boots, i) : i;
}

static void add_job(struct schedule *schedule, struct job *job)
{
	struct cell_state *cell = &schedule->cells[job->cell->index];

	schedule->waiting[schedule->count++] = job;
	cell->open += job->kind != JOB_VERIFY;
	cell->forks += job_needs_template(job);
	schedule->cells[cell->leader].users += wants_template(job);
}

struct schedule *schedule_new(const struct jobs *jobs, size_t cell_count,
			      const struct schedule_limits *limits)
{
	struct schedule *schedule = xnew(sizeof *schedule);
	unsigned workers = limits->room.working;

	schedule->free = schedule->whole = limits->room;
	schedule->templates_mib = limits->templates_mib;
	schedule->going = (struct goings)VEC_INIT(GOING_MAX);
	pthread_mutex_init(&schedule->mutex, NULL);
	pthread_cond_init(&schedule->changed, NULL);
	schedule->waiting = xnew((jobs->count + 1) * sizeof *schedule->waiting);
	schedule->cells = xnew((cell_count + 1) * sizeof *schedule->cells);
	choose_leaders(schedule, jobs, cell_count);
	vec_each (jobs, job)
		add_job(schedule, *job);
	schedule->left = schedule->count;
	if (schedule->count > 0)
		qsort_r(schedule->waiting, schedule->count, sizeof(struct job *), compare_jobs,
			&workers);
	return schedule;
}

void schedule_free(struct schedule *schedule)
{
	if (!schedule)
		return;
	pthread_cond_destroy(&schedule->changed);
	pthread_mutex_destroy(&schedule->mutex);
	vec_done(&schedule->going);
	free(schedule->waiting);
	free(schedule->cells);
	free(schedule);
}

/* ---- with the mutex held: what can run ---- */

/* A template more must not take the place of those that are in use. The next one of the same make costs nothing. */
static bool may_boot(const struct schedule *schedule, const struct job *job)
{
	const struct cell_state *cell = &schedule->cells[job->cell->index];
	const struct cell_state *leader = &schedule->cells[cell->leader];

	if (cell != leader)
		return leader->template != TEMPLATE_PENDING;
	return schedule->templates_used_mib == 0 || schedule->templates_mib == 0 ||
	       schedule->templates_used_mib + job->cell->size.mem_mib <= schedule->templates_mib;
}

static bool is_ready(const struct schedule *schedule, const struct job *job)
{
	const struct cell_state *cell = &schedule->cells[job->cell->index];

	if (job->kind == JOB_VERIFY)
		return cell->open == 0;
	if (job->kind == JOB_TEMPLATE)
		return may_boot(schedule, job);
	return !job_needs_template(job) || cell->template != TEMPLATE_PENDING;
}

static struct room part_of(const struct schedule *schedule, const struct job *job)
{
	bool boots = schedule->cells[job->cell->index].template != TEMPLATE_READY;

	return room_of_job(job, boots, &schedule->whole);
}

/* ---- the place that is held for a job that does not fit in ---- */

struct reservation {
	bool is_made;
	uint64_t at_ns;	   /* when there will be room for it */
	struct room extra; /* what is free then beside it */
};

static int compare_ends(const void *a, const void *b)
{
	const struct going *x = a, *y = b;

	return x->ends_ns < y->ends_ns ? -1 : x->ends_ns > y->ends_ns;
}

static void reserve(struct schedule *schedule, const struct room *part, uint64_t now_ns,
		    struct reservation *ret)
{
	ret->is_made = true;
	ret->at_ns = now_ns;
	ret->extra = schedule->free;
	qsort(schedule->going.items, schedule->going.count, sizeof(struct going), compare_ends);
	vec_each (&schedule->going, going) {
		if (room_fits(part, &ret->extra))
			break;
		room_give(&ret->extra, &going->part);
		/* What should have ended by now may end at any moment. */
		ret->at_ns = going->ends_ns > now_ns ? going->ends_ns : now_ns;
	}
	room_take(&ret->extra, part);
}

static bool respects(const struct reservation *held, const struct job *job, const struct room *part,
		     uint64_t now_ns)
{
	return !held->is_made || now_ns + job->expected_ns <= held->at_ns ||
	       room_fits(part, &held->extra);
}

/* ---- the memory that the host really has ---- */

static bool has_machines(const struct job *job)
{
	return job->kind != JOB_AUDIT && job->kind != JOB_VERIFY;
}

/* What the machines that are too young to be seen in the reading will have taken; and whether there are any machines. */
static uint64_t fresh_mib(const struct schedule *schedule, bool *ret_any)
{
	uint64_t mem_mib = 0;

	*ret_any = false;
	vec_each (&schedule->going, going) {
		if (!has_machines(going->job) || going->job->refusal[0])
			continue;
		*ret_any = true;
		if (schedule->memory.at_ns - going->taken_ns < FRESH_NS)
			mem_mib += going->part.mem_mib;
	}
	return mem_mib;
}

/* Without a machine of ours pressure is none of our making, and waiting would not make it less. */
static bool memory_allows(struct schedule *schedule, const struct room *part)
{
	const struct memory_reading *memory = &schedule->memory;
	bool any;

	if (!schedule->is_watched)
		return true;
	uint64_t fresh = fresh_mib(schedule, &any);
	if (memory->is_pressed && any)
		return false;
	if (memory->available_mib == ROOM_MEMORY_MAX ||
	    fresh + part->mem_mib <= memory->available_mib)
		return true;
	if (!any && schedule->starved_ns == 0)
		schedule->starved_ns = memory->at_ns;
	if (any)
		schedule->starved_ns = 0;
	return false;
}

static bool is_starved(const struct schedule *schedule)
{
	return schedule->starved_ns > 0 &&
	       schedule->memory.at_ns - schedule->starved_ns >= SCHEDULE_STARVED_NS;
}

/* ---- giving out ---- */

/* A round over what waits. */
struct round {
	uint64_t now_ns;
	struct reservation held;
	bool closed; /* for machines: one has to wait for memory, and no smaller one takes it before it */
};

static bool is_too_large(const struct schedule *schedule, struct job *job, const struct room *part)
{
	if (part->mem_mib <= schedule->whole.mem_mib)
		return false;
	(void)snprintf(
		job->refusal, sizeof job->refusal,
		"it needs %llu MiB of memory, and this host has %llu MiB for machines: choose a smaller size",
		(unsigned long long)part->mem_mib, (unsigned long long)schedule->whole.mem_mib);
	return true;
}

static bool gives_up(const struct schedule *schedule, struct job *job, const struct room *part)
{
	if (!is_starved(schedule))
		return false;
	(void)snprintf(
		job->refusal, sizeof job->refusal,
		"it needs %llu MiB of memory, and other programs have left less for more than %llu minutes",
		(unsigned long long)part->mem_mib,
		(unsigned long long)(SCHEDULE_STARVED_NS / NS_PER_S / 60));
	return true;
}

static bool has_failed(enum template_state template)
{
	return template == TEMPLATE_NO_BOOT || template == TEMPLATE_NO_HOST;
}

/* Nothing is done any more where the boot that it stands on has failed: that is told, and takes no room. */
static bool is_only_told(const struct schedule *schedule, const struct job *job)
{
	const struct cell_state *cell = &schedule->cells[job->cell->index];

	if (job->kind == JOB_TEMPLATE)
		return schedule->cells[cell->leader].template == TEMPLATE_NO_BOOT;
	return job_needs_template(job) && has_failed(cell->template);
}

/* True when the job is to be given out, with what it takes. */
static bool consider(struct schedule *schedule, struct round *round, struct job *job,
		     struct room *part)
{
	if (!is_ready(schedule, job))
		return false;
	*part = part_of(schedule, job);
	if (is_only_told(schedule, job) || is_too_large(schedule, job, part)) {
		*part = (struct room){0};
		return true;
	}
	if (!room_fits(part, &schedule->free)) {
		if (!round->held.is_made)
			reserve(schedule, part, round->now_ns, &round->held);
		return false;
	}
	if (!respects(&round->held, job, part, round->now_ns))
		return false;
	if (!has_machines(job))
		return true;
	if (round->closed)
		return false;
	if (memory_allows(schedule, part)) {
		schedule->starved_ns = 0;
		return true;
	}
	round->closed = true;
	if (!gives_up(schedule, job, part))
		return false;
	*part = (struct room){0};
	return true;
}

static void give_out(struct schedule *schedule, struct job *job, const struct room *part,
		     uint64_t now_ns)
{
	struct cell_state *cell = &schedule->cells[job->cell->index];
	struct going going = {job, *part, now_ns + job->expected_ns, schedule->memory.at_ns};

	room_take(&schedule->free, part);
	if (!vec_add(&schedule->going, going))
		abort(); /* there are not so many threads */
	schedule->left--;
	cell->forks -= job_needs_template(job);
	if (job->kind == JOB_TEMPLATE && schedule->templates_mib &&
	    &schedule->cells[cell->leader] == cell) {
		cell->template_mib = job->cell->size.mem_mib;
		schedule->templates_used_mib += cell->template_mib;
	}
}

static struct job *take_runnable(struct schedule *schedule, uint64_t now_ns)
{
	struct round round = {.now_ns = now_ns};
	struct room part;

	while (schedule->first < schedule->count && !schedule->waiting[schedule->first])
		schedule->first++;
	for (size_t i = schedule->first; i < schedule->count; i++) {
		struct job *job = schedule->waiting[i];
		if (!job || !consider(schedule, &round, job, &part))
			continue;
		schedule->waiting[i] = NULL;
		give_out(schedule, job, &part, round.now_ns);
		schedule->is_held = false;
		return job;
	}
	schedule->is_held = round.closed;
	return NULL;
}

/* One is woken, and wakes the next when it has found something: so many threads do not all look for the same job. */
static void wake_next(struct schedule *schedule)
{
	if (schedule->stopped || schedule->left == 0)
		pthread_cond_broadcast(&schedule->changed);
	else
		pthread_cond_signal(&schedule->changed);
}

struct job *schedule_take(struct schedule *schedule)
{
	struct job *job = NULL;

	pthread_mutex_lock(&schedule->mutex);
	while (!schedule->stopped && schedule->left > 0 &&
	       !(job = take_runnable(schedule, clock_now_ns())))
		pthread_cond_wait(&schedule->changed, &schedule->mutex);
	wake_next(schedule);
	pthread_mutex_unlock(&schedule->mutex);
	return job;
}

struct job *schedule_try(struct schedule *schedule, uint64_t now_ns)
{
	pthread_mutex_lock(&schedule->mutex);
	struct job *job = schedule->stopped ? NULL : take_runnable(schedule, now_ns);
	pthread_mutex_unlock(&schedule->mutex);
	return job;
}

bool schedule_has_fork(struct schedule *schedule, unsigned cell)
{
	pthread_mutex_lock(&schedule->mutex);
	bool has = !schedule->stopped && schedule->cells[cell].forks > 0;
	pthread_mutex_unlock(&schedule->mutex);
	return has;
}

static void give_back(struct schedule *schedule, const struct job *job)
{
	vec_each (&schedule->going, going) {
		if (going->job != job)
			continue;
		room_give(&schedule->free, &going->part);
		*going = schedule->going.items[--schedule->going.count];
		return;
	}
}

/* True when nobody wants the template any more. */
static bool let_go(struct schedule *schedule, struct cell_state *leader)
{
	if (--leader->users > 0)
		return false;
	schedule->templates_used_mib -= leader->template_mib;
	leader->template_mib = 0;
	return true;
}

bool schedule_end(struct schedule *schedule, const struct job *job)
{
	struct cell_state *cell = &schedule->cells[job->cell->index];
	bool was_last = false;

	pthread_mutex_lock(&schedule->mutex);
	give_back(schedule, job);
	if (job->kind != JOB_VERIFY)
		cell->open--;
	/* A boot that ended without a word (cancelled) must not leave others waiting. */
	if (job->kind == JOB_TEMPLATE && cell->template == TEMPLATE_PENDING)
		cell->template = TEMPLATE_NO_HOST;
	if (wants_template(job))
		was_last = let_go(schedule, &schedule->cells[cell->leader]);
	wake_next(schedule);
	pthread_mutex_unlock(&schedule->mutex);
	return was_last;
}

void schedule_stop(struct schedule *schedule)
{
	pthread_mutex_lock(&schedule->mutex);
	schedule->stopped = true;
	wake_next(schedule);
	pthread_mutex_unlock(&schedule->mutex);
}

/* ---- templates ---- */

void schedule_set_template(struct schedule *schedule, unsigned cell, enum template_state state,
			   const char *why)
{
	pthread_mutex_lock(&schedule->mutex);
	schedule->cells[cell].template = state;
	(void)snprintf(schedule->cells[cell].why, sizeof schedule->cells[cell].why, "%s", why);
	wake_next(schedule);
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

unsigned schedule_leader(const struct schedule *schedule, unsigned cell)
{
	return schedule->cells[cell].leader; /* never changes */
}

/* ---- memory ---- */

void schedule_set_memory(struct schedule *schedule, const struct memory_reading *reading)
{
	pthread_mutex_lock(&schedule->mutex);
	schedule->memory = *reading;
	schedule->is_watched = true;
	wake_next(schedule);
	pthread_mutex_unlock(&schedule->mutex);
}

bool schedule_is_held(struct schedule *schedule)
{
	pthread_mutex_lock(&schedule->mutex);
	bool is_held = schedule->is_held && !schedule->stopped && schedule->left > 0;
	pthread_mutex_unlock(&schedule->mutex);
	return is_held;
}
