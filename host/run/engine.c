/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: threads, signals, the beginning and the end of a run. */
#include "host/run/engine.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/driver/resources.h"
#include "host/run/internal.h"
#include "host/run/memory_watch.h"
#include "host/run/template_cache.h"
#include "wire/network.h"

#define HOT_DISK_MIB   1024
#define STACK_SIZE     (1U << 20)
#define TICK_NS	       (250 * NS_PER_MS)
#define WORKERS_MAX    1024
#define PRUNE_NS       (10 * NS_PER_S)
#define PARAMETERS_MAX 65536 /* the agent takes no more */

/* ---- machine threads ---- */

static job_fn *const job_functions[] = {
	[JOB_AUDIT] = run_audit_job, [JOB_TEMPLATE] = run_boot_job, [JOB_SHARED] = run_cases_job,
	[JOB_FORK] = run_cases_job,  [JOB_COLD] = run_cases_job,    [JOB_VERIFY] = run_verify_job,
};

static void ring(int fd)
{
	uint64_t one = 1;

	/* Cannot fail: the counter of an eventfd never gets near its end. */
	if (write(fd, &one, sizeof one) != sizeof one)
		abort();
}

static void begin_cell(const struct engine *engine, struct cell_run *cell)
{
	const struct engine_watch *watch = &engine->setup->watch;

	if (atomic_exchange(&cell->has_begun, true))
		return;
	if (watch->on_cell)
		watch->on_cell(watch->arg, cell->cell->index);
}

static void start_clock(const struct engine *engine, struct cell_run *cell)
{
	uint64_t limit_ns = engine->setup->plan->limits.cell_ns, now_ns = clock_now_ns();

	pthread_mutex_lock(&cell->clock_lock);
	if (cell->going++ == 0) {
		uint64_t left_ns = limit_ns > cell->used_ns ? limit_ns - cell->used_ns : 0;
		cell->since_ns = now_ns;
		atomic_store(&cell->until_ns, now_ns + left_ns);
	}
	pthread_mutex_unlock(&cell->clock_lock);
}

static void stop_clock(struct cell_run *cell)
{
	pthread_mutex_lock(&cell->clock_lock);
	if (--cell->going == 0)
		cell->used_ns += clock_now_ns() - cell->since_ns;
	pthread_mutex_unlock(&cell->clock_lock);
}

/* What cannot be done any more is told, so that nothing that was selected goes missing. */
static void tell_refused(struct engine *engine, struct cell_run *cell, const struct job *job,
			 const char *why)
{
	vec_each (&job->items, item)
		tell_undone(engine, cell, *item, OUTCOME_INFRA, NULL, "%s", why);
	if (job->kind == JOB_TEMPLATE)
		schedule_set_template(engine->schedule, cell->cell->index, TEMPLATE_NO_HOST, why);
}

static void do_job(struct worker *worker, const struct job *job)
{
	struct engine *engine = worker->engine;
	struct cell_run *cell = &engine->cells[job->cell->index];
	char words[96];

	if (job->refusal[0]) {
		tell_refused(engine, cell, job, job->refusal);
		return;
	}
	begin_cell(engine, cell);
	if (engine->setup->plan->limits.cell_ns > 0)
		start_clock(engine, cell);
	if (cell_is_over(engine, cell) && job->kind != JOB_VERIFY)
		tell_refused(engine, cell, job, cell_over_words(engine, words));
	else
		job_functions[job->kind](worker, cell, job);
	if (engine->setup->plan->limits.cell_ns > 0)
		stop_clock(cell);
}

void engine_prune(struct engine *engine, bool at_end)
{
	const struct engine_setup *setup = engine->setup;
	unsigned long long now_ns = clock_now_ns(), last_ns = atomic_load(&engine->pruned_ns);
	uint64_t freed = 0;
	struct err e = {0};

	if (!setup->templates || (!at_end && last_ns > 0 && now_ns - last_ns < PRUNE_NS) ||
	    !atomic_compare_exchange_strong(&engine->pruned_ns, &last_ns, now_ns))
		return; /* somebody else does */
	if (template_cache_prune(setup->templates, setup->templates_max, &freed, &e) < 0)
		log_warning("prune the templates: %s", e.text);
}

/* Nobody forks from it any more: the cache may throw it away for others. */
static void let_template_go(struct engine *engine, unsigned cell)
{
	unsigned leader = schedule_leader(engine->schedule, cell);

	for (unsigned i = leader; i < engine->setup->plan->cells.count; i++)
		if (schedule_leader(engine->schedule, i) == leader)
			scope_close(&engine->cells[i].template_lock);
	engine_prune(engine, false);
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	struct engine *engine = worker->engine;
	struct job *job;

	while ((job = schedule_take(engine->schedule))) {
		unsigned cell = job->cell->index;
		do_job(worker, job);
		if (schedule_end(engine->schedule, job))
			let_template_go(engine, cell);
		if (worker->spare)
			spare_tidy(worker->spare);
	}
	tell_state(worker, "%s", "");
	spare_free(worker->spare);
	if (atomic_fetch_sub(&engine->working, 1) == 1)
		ring(engine->finished_fd);
	return NULL;
}

static int start_workers(struct engine *engine, struct worker *workers, unsigned count,
			 unsigned *ret_started, struct err *e)
{
	pthread_attr_t attr;
	int r = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	atomic_store(&engine->working, count);
	for (*ret_started = 0; *ret_started < count && r == 0; ++*ret_started) {
		struct worker *worker = &workers[*ret_started];
		char name[16];
		*worker = (struct worker){.engine = engine, .index = *ret_started};
		r = pthread_create(&worker->thread, &attr, worker_main, worker);
		if (r)
			break;
		(void)snprintf(name, sizeof name, "machine-%u", worker->index % 10000);
		pthread_setname_np(worker->thread, name);
	}
	pthread_attr_destroy(&attr);
	if (r == 0)
		return 0;
	schedule_stop(engine->schedule);
	return err_set(e, BLAME_HOST, r, "start machine thread %u: %m", *ret_started);
}

/* ---- the thread that called ---- */

enum { POLL_SIGNAL, POLL_FINISHED, POLL_FAILED, POLL_TICK, POLL_COUNT_ };

static void take_signal(struct engine *engine, int signal_fd, struct engine_end *end)
{
	const struct engine_watch *watch = &engine->setup->watch;
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof info) != sizeof info)
		return;
	bool again = end->cancelled;
	end->cancelled = true;
	end->signal = (int)info.ssi_signo;
	if (watch->on_cancel)
		watch->on_cancel(watch->arg, again);
	if (again)
		return;
	schedule_stop(engine->schedule);
	ring(engine->cancel_fd);
}

/* As when the user had enough: what is cut off tells nothing. */
static void keep_limit(struct engine *engine, struct engine_end *end)
{
	if (engine->until_ns == 0 || end->limited || clock_now_ns() < engine->until_ns)
		return;
	end->limited = true;
	schedule_stop(engine->schedule);
	ring(engine->cancel_fd);
}

static void take_tick(struct engine *engine, int tick_fd, struct memory_watch *memory,
		      struct engine_end *end)
{
	const struct engine_watch *watch = &engine->setup->watch;
	uint64_t ticks;

	if (read(tick_fd, &ticks, sizeof ticks) != sizeof ticks)
		return;
	memory_watch_tick(memory, engine);
	keep_limit(engine, end);
	if (watch->on_tick)
		watch->on_tick(watch->arg);
}

/* Until the last machine thread has ended. */
static void watch_over(struct engine *engine, int signal_fd, int tick_fd,
		       struct memory_watch *memory, struct engine_end *end)
{
	struct pollfd fds[POLL_COUNT_] = {
		[POLL_SIGNAL] = {.fd = signal_fd, .events = POLLIN},
		[POLL_FINISHED] = {.fd = engine->finished_fd, .events = POLLIN},
		[POLL_FAILED] = {.fd = engine->failed_fd, .events = POLLIN},
		[POLL_TICK] = {.fd = tick_fd, .events = POLLIN},
	};

	while (!(fds[POLL_FINISHED].revents & POLLIN)) {
		if (poll(fds, POLL_COUNT_, -1) < 0)
			continue;
		if (fds[POLL_SIGNAL].revents & POLLIN)
			take_signal(engine, signal_fd, end);
		if (fds[POLL_TICK].revents & POLLIN)
			take_tick(engine, tick_fd, memory, end);
		if (fds[POLL_FAILED].revents & POLLIN) {
			/* What cannot be written down must not be done. */
			schedule_stop(engine->schedule);
			ring(engine->cancel_fd);
			fds[POLL_FAILED].fd = -1;
		}
	}
}

static int open_tick(const struct engine *engine)
{
	const struct engine_setup *setup = engine->setup;

	if (!setup->watch.on_tick && !setup->resources_root && setup->plan->limits.run_ns == 0)
		return -1;
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct itimerspec timer = {.it_value.tv_nsec = TICK_NS, .it_interval.tv_nsec = TICK_NS};
	if (fd >= 0)
		(void)timerfd_settime(fd, 0, &timer, NULL);
	return fd;
}

static int run_threads(struct engine *engine, unsigned count, int signal_fd, struct engine_end *end,
		       struct err *e)
{
	CLEAN_FREE struct worker *workers = xnew(count * sizeof *workers);
	CLEAN_FD int tick_fd = open_tick(engine);
	struct memory_watch memory = {.root = engine->setup->resources_root};
	unsigned started;

	memory_watch_tick(&memory, engine); /* before the first machine is made */
	int r = start_workers(engine, workers, count, &started, e);

	/* The ones that did not start cannot report that they ended. */
	if (r < 0 && atomic_fetch_sub(&engine->working, count - started) == count - started)
		ring(engine->finished_fd);
	watch_over(engine, signal_fd, tick_fd, &memory, end);
	memory_watch_done(&memory, engine);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	return r;
}

/* ---- before and after ---- */

static bool is_done(const void *arg, const struct plan_cell *cell, const struct plan_item *item)
{
	const struct run *earlier = arg;
	const struct run_case *it = run_find(earlier, cell->index, item->it->id, item->sabotaged);

	/* The host's fault is tried again; and the end of this run is not that of the earlier one. */
	return it && run_case_is_done(it) && strcmp(item->it->id, CASE_IMAGE_UNCHANGED) != 0;
}

char *cell_parameters(const struct engine *engine, const struct plan_cell *cell,
		      const struct size *size)
{
	CLEAN_TEXT struct text parameters = TEXT_INIT(PARAMETERS_MAX);

	size_parameters(size, &parameters);
	network_parameters(size->nics, &parameters);
	text_addf(&parameters, "firmware=%s\naccel=%s\nentry=%s\nmachines=%u\n", cell->firmware,
		  cell->accel, cell->entry, engine->jobs + engine->setup->waiting_jobs);
	if (cell->kernel_release[0])
		text_addf(&parameters, "kernel_release=%s\n", cell->kernel_release);
	text_adds(&parameters, cell->policy);
	for (const char *at = cell->variants; *at; at += strspn(at, "\n")) {
		size_t length = strcspn(at, "\n");
		text_addf(&parameters, "variant_%.*s\n", (int)length, at);
		at += length;
	}
	return text_steal(&parameters);
}

unsigned hot_disk_mib(const struct size *size)
{
	return size->data_disk_mib > 0 ? size->data_disk_mib : HOT_DISK_MIB;
}

static void cell_init(struct cell_run *run, const struct engine *engine,
		      const struct plan_cell *cell, const struct engine_cell *with)
{
	*run = (struct cell_run){
		.cell = cell,
		.with = with,
		.parameters = cell_parameters(engine, cell, &cell->size),
		.template_lock = -1,
		.clock_lock = PTHREAD_MUTEX_INITIALIZER,
		.outcomes = xnew((cell->items.count + 1) * sizeof *run->outcomes),
	};
	(void)plan_cell_label(engine->setup->plan, cell, run->label);
	if (with->kernel)
		run->kernel = (struct machine_kernel){.path = with->kernel->kernel,
						      .modules = with->kernel->modules,
						      .medium = with->kernel->medium,
						      .config = with->kernel->config,
						      .release = with->kernel->release,
						      .key = with->kernel->key};
}

static void cell_done(struct cell_run *run)
{
	pthread_mutex_destroy(&run->clock_lock);
	scope_close(&run->template_lock);
	free(run->template_folder);
	free(run->parameters);
	free(run->outcomes);
}

/* Items that are decided by the plan already; and what an earlier part of the run found. */
static void tell_planned(struct engine *engine, struct cell_run *run)
{
	const struct run *earlier = engine->setup->earlier;

	vec_each (&run->cell->items, item) {
		if (earlier && is_done(earlier, run->cell, item)) {
			const struct run_case *it =
				run_find(earlier, run->cell->index, item->it->id, item->sabotaged);
			atomic_store(&run->outcomes[item - run->cell->items.items],
				     (unsigned char)(it->result->outcome + 1));
			continue;
		}
		if (item->way == PLAN_WAY_SKIP)
			tell_undone(engine, run, item, OUTCOME_SKIP, item->need,
				    "the plan does not offer what it needs: %s", item->need);
		else if (item->way == PLAN_WAY_BROKEN)
			tell_undone(engine, run, item, OUTCOME_BROKEN, NULL,
				    "it asks for '%s', which is no need that Assay knows",
				    item->need);
	}
}

void engine_make_jobs(const struct engine_setup *setup, unsigned workers, struct jobs *ret)
{
	/* Who shares a reboot has time for the others too. */
	bool company = setup->run_host_group && setup->plan->limits.case_ns == 0;
	struct jobs_layout layout = {.workers = workers, .groups_max = company ? GROUPS_MAX : 0};

	if (setup->earlier) {
		layout.is_done = is_done;
		layout.arg = setup->earlier;
	}
	vec_each (&setup->plan->cells, cell) {
		layout.has_templates = setup->templates && !(*cell)->cold;
		jobs_make(*cell, &layout, ret);
	}
}

static void tell_begin(struct engine *engine)
{
	const struct run *earlier = engine->setup->earlier;
	/* What a retest begins with is what its plan carries over: nothing has been executed. */
	bool is_first_of_retest = earlier && earlier->retests[0] && earlier->begun_ns == 0;
	struct record *record =
		record_new(earlier && !is_first_of_retest ? RECORD_RESUME : RECORD_BEGIN, 0);

	(void)snprintf(record->name, sizeof record->name, "%s", engine->setup->plan->run_id);
	(void)snprintf(record->text, sizeof record->text, "%s", ASSAY_VERSION);
	(void)snprintf(record->detail, sizeof record->detail, "%s",
		       engine->setup->host_description ? engine->setup->host_description : "");
	recorder_add(engine->recorder, record);
}

static void tell_end(struct engine *engine, const struct engine_end *end, const struct err *e)
{
	struct record *record = record_new(RECORD_END, 0);
	const char *how = e->code ? e->text : end->cancelled ? "cancelled" : "done";
	char span[CLOCK_SPAN_SIZE];

	if (end->limited && !e->code && !end->cancelled)
		(void)snprintf(record->text, sizeof record->text,
			       "the run's limit of %s was reached",
			       clock_span(engine->setup->plan->limits.run_ns, span));
	else
		(void)snprintf(record->text, sizeof record->text, "%s", how);
	recorder_add(engine->recorder, record);
}

unsigned engine_choose_jobs(const struct engine_setup *setup)
{
	uint64_t least_mib = UINT64_MAX, fit = WORKERS_MAX;
	unsigned least_cpus = UINT_MAX;

	if (setup->jobs > 0)
		return setup->jobs < WORKERS_MAX ? setup->jobs : WORKERS_MAX;
	vec_each (&setup->plan->cells, cell) {
		const struct size *size = &(*cell)->size;
		uint64_t mem_mib = size->mem_mib / 2 + RESOURCES_MACHINE_EXTRA_MIB;
		unsigned cpus = (size->cpus + 1) / 2;
		least_mib = mem_mib < least_mib ? mem_mib : least_mib;
		least_cpus = cpus < least_cpus ? cpus : least_cpus;
	}
	if (setup->room.mem_mib > 0 && setup->room.mem_mib / least_mib < fit)
		fit = setup->room.mem_mib / least_mib;
	if (setup->room.cpus > 0 && least_cpus > 0 && setup->room.cpus / least_cpus < fit)
		fit = setup->room.cpus / least_cpus;
	if (setup->room.mem_mib == 0 && setup->room.cpus == 0)
		return 1;
	return fit > 0 ? (unsigned)fit : 1;
}

void engine_choose_limits(const struct engine_setup *setup, unsigned workers,
			  const struct jobs *jobs, struct schedule_limits *ret)
{
	uint64_t templates_mib = setup->templates_max >> 20;
	unsigned waiting = 0;

	vec_each (jobs, job)
		waiting += (*job)->waits && waiting < setup->waiting_jobs;
	*ret = (struct schedule_limits){
		.room = {.working = workers,
			 .waiting = waiting,
			 .cpus = setup->room.cpus ? setup->room.cpus : ROOM_CPUS_MAX,
			 .mem_mib = setup->room.mem_mib ? setup->room.mem_mib : ROOM_MEMORY_MAX},
		/* A cache of no size holds what is in use all the same. */
		.templates_mib = !setup->templates ? 0
				 : templates_mib   ? templates_mib
						   : 1,
	};
}

/* One more thread for each waiting lane; a thread more than there are jobs would only sleep. */
static unsigned count_threads(const struct schedule_limits *limits, const struct jobs *jobs)
{
	unsigned lanes = limits->room.working + limits->room.waiting;

	if (lanes <= jobs->count)
		return lanes;
	return jobs->count ? (unsigned)jobs->count : 1;
}

/* With the recorder running. */
static int run_plan(struct engine *engine, int signal_fd, struct engine_end *end, struct err *e)
{
	const struct plan *plan = engine->setup->plan;
	struct jobs jobs = VEC_INIT(JOBS_MAX);
	struct schedule_limits limits;

	engine_make_jobs(engine->setup, engine->jobs, &jobs);
	engine_choose_limits(engine->setup, engine->jobs, &jobs, &limits);
	engine->schedule = schedule_new(&jobs, plan->cells.count, &limits);
	tell_begin(engine);
	if (engine->setup->identify_ns)
		tell_phase(engine, 0, "identify", engine->setup->identify_ns, 1, "");
	for (size_t i = 0; i < plan->cells.count; i++)
		tell_planned(engine, &engine->cells[i]);
	int r = run_threads(engine, count_threads(&limits, &jobs), signal_fd, end, e);
	tell_end(engine, end, e);
	schedule_free(engine->schedule);
	jobs_done(&jobs);
	keeper_clear(engine);
	return r;
}

static int run_recorded(struct engine *engine, struct journal *journal, int signal_fd,
			struct engine_end *end, struct err *e)
{
	const struct engine_setup *setup = engine->setup;
	const struct plan *plan = setup->plan;
	struct err late = {0};
	int r = recorder_start(journal, setup->store, setup->watch.on_record, setup->watch.arg,
			       engine->failed_fd, &engine->recorder, e);

	if (r < 0)
		return r;
	engine->cells = xnew((plan->cells.count + 1) * sizeof *engine->cells);
	for (size_t i = 0; i < plan->cells.count; i++)
		cell_init(&engine->cells[i], engine, plan->cells.items[i], &setup->cells[i]);
	r = run_plan(engine, signal_fd, end, e);
	if (recorder_stop(engine->recorder, &late) < 0 && r == 0) {
		*e = late;
		r = -late.code;
	}
	for (size_t i = 0; i < plan->cells.count; i++)
		cell_done(&engine->cells[i]);
	free(engine->cells);
	if (atomic_load(&engine->pruned_ns) > 0)
		engine_prune(engine, true);
	return r;
}

static int open_journal(const struct engine_setup *setup, struct journal **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/journal.jsonl", setup->folder);

	return setup->earlier ? journal_open(path, ret, e) : journal_create(path, ret, e);
}

static void block_signals(sigset_t *before, sigset_t *ours)
{
	sigemptyset(ours);
	sigaddset(ours, SIGINT);
	sigaddset(ours, SIGTERM);
	sigaddset(ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, ours, before);
}

int engine_run(const struct engine_setup *setup, struct engine_end *ret, struct err *e)
{
	CLEAN_FD int cancel_fd = eventfd(0, EFD_CLOEXEC), finished_fd = eventfd(0, EFD_CLOEXEC);
	CLEAN_FD int failed_fd = eventfd(0, EFD_CLOEXEC), signal_fd = -1;
	CLEANUP(journal) struct journal *journal = NULL;
	sigset_t before, ours;
	struct engine engine = {.setup = setup,
				.jobs = engine_choose_jobs(setup),
				.until_ns = setup->plan->limits.run_ns
						    ? clock_now_ns() + setup->plan->limits.run_ns
						    : 0,
				.cancel_fd = cancel_fd,
				.finished_fd = finished_fd,
				.failed_fd = failed_fd};

	*ret = (struct engine_end){0};
	if (cancel_fd < 0 || finished_fd < 0 || failed_fd < 0)
		return err_set(e, BLAME_HOST, errno, "eventfd: %m");
	int r = open_journal(setup, &journal, e);
	if (r < 0)
		return r;
	block_signals(&before, &ours);
	signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		r = err_set(e, BLAME_HOST, errno, "signalfd: %m");
	else
		r = run_recorded(&engine, journal, signal_fd, ret, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}
