/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's own files share; nobody else includes this. */
#ifndef ASSAY_HOST_RUN_INTERNAL_H
#define ASSAY_HOST_RUN_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/run/engine.h"
#include "host/run/jobs.h"
#include "host/run/keeper.h"
#include "host/run/recorder.h"
#include "host/run/schedule.h"
#include "host/run/spare.h"

/* A cell while it is being executed. */
struct cell_run {
	const struct plan_cell *cell;
	const struct engine_cell *with;
	char label[PLAN_LABEL_SIZE];  /* as people are told of it */
	char *parameters;	      /* what cases are told of the plan */
	struct machine_kernel kernel; /* of with->kernel, for its machines */
	atomic_bool has_begun;
	char *template_folder;	/* written before the schedule tells TEMPLATE_READY, read after */
	int template_lock;	/* shared lock while this run uses it; -1: none */
	atomic_uchar *outcomes; /* by item: 0 not known, else its enum outcome + 1 */
	/* Its limit counts while jobs of it are going: the jobs of other cells come in between. */
	pthread_mutex_t clock_lock;
	unsigned going;	   /* its jobs at this moment */
	uint64_t since_ns; /* monotonic: since when some are */
	uint64_t used_ns;  /* before that */
	atomic_ullong
		until_ns; /* monotonic, when its limit is reached if they go on; 0: it has not begun */
};

struct engine {
	const struct engine_setup *setup;
	unsigned jobs;	   /* machines at once that work */
	uint64_t until_ns; /* monotonic, when the run's limit is reached; 0: it has none */
	struct schedule *schedule;
	struct recorder *recorder;
	struct cell_run *cells;
	int cancel_fd, finished_fd, failed_fd; /* eventfds */
	atomic_ullong pruned_ns;	       /* monotonic, when the templates were pruned last */
	atomic_ullong sure_ns;		       /* spent on being sure of cases in doubt */
	atomic_uint sure_count;		       /* executions of that kind */
	atomic_uint machines;		       /* made so far: they are numbered */
	atomic_uint working;		       /* machine threads that have not ended */
};

/* A machine thread. */
struct worker {
	struct engine *engine;
	unsigned index;
	pthread_t thread;
	struct spare *spare; /* NULL: there is none, or not yet */
	/* Of its seats, one at a time: a machine that is made ahead goes from one seat to the next, and its spec names it. */
	struct keeper keeper;
};

/* What cases are told of the plan, with a size that may have more than the cell's. */
char *cell_parameters(const struct engine *engine, const struct plan_cell *cell,
		      const struct size *size) NONNULL(1, 2, 3);

/* How large a disk is that is plugged in: as the size's own. */
unsigned hot_disk_mib(const struct size *size) NONNULL(1);

/* ---- how it is divided ---- */

/* Machines at once that work: as told, else as many of the smallest as there is room for. */
unsigned engine_choose_jobs(const struct engine_setup *setup) NONNULL(1);
/* All jobs of the plan that are still to be done. */
void engine_make_jobs(const struct engine_setup *setup, unsigned workers, struct jobs *ret)
	NONNULL(1, 3);
void engine_choose_limits(const struct engine_setup *setup, unsigned workers,
			  const struct jobs *jobs, struct schedule_limits *ret) NONNULL(1, 3, 4);

/* ---- what is told ---- */

void tell_state(const struct worker *worker, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
/* As tell_state, for what may take minutes. */
void tell_step(const struct worker *worker, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
/* The same, of no machine thread. */
void tell_host_step(const struct engine *engine, const char *step) NONNULL(1, 2);
/* Journals that a phase ended: its span, how many such steps it had, a remark ("" none). */
void tell_phase(struct engine *engine, unsigned cell, const char *name, uint64_t span_ns,
		unsigned count, const char *text) NONNULL(1, 3, 6);
/* A fresh record for an item's result; and handing it over (takes it). */
struct record *result_record(const struct cell_run *cell, const struct plan_item *item)
	NONNULL(1, 2);
void tell_result(struct engine *engine, const struct plan_item *item, struct record *record)
	NONNULL(1, 2, 3);
/* Hands over an execution that is not the item's result, since another one is or will be (takes it). */
void tell_try(struct engine *engine, const struct plan_item *item, struct record *record)
	NONNULL(1, 2, 3);
/* The result of an item that never ran. */
void tell_undone(struct engine *engine, const struct cell_run *cell, const struct plan_item *item,
		 enum outcome outcome, const char *need, const char *format, ...) PRINTF(6, 7)
	NONNULL(1, 2, 3, 6);
/* The outcome of the same case without its sabotage, if it is known. */
bool clean_outcome(const struct cell_run *cell, const struct plan_item *item, enum outcome *ret)
	NONNULL(1, 2, 3);

/* Patience that ends by the user only, or after `span_ns`. */
struct patience engine_patience(const struct engine *engine, uint64_t span_ns) NONNULL(1);
/* The same, and by the cell's limit. */
struct patience cell_patience(const struct engine *engine, const struct cell_run *cell,
			      uint64_t span_ns) NONNULL(1, 2);
/* True when the cell's limit was reached: what ends now was cut off. */
bool cell_is_over(const struct engine *engine, const struct cell_run *cell) NONNULL(1, 2);
/* Says so: "cut off by the cell's limit of 30 min 00 s". */
const char *cell_over_words(const struct engine *engine, char words[96]) NONNULL(1, 2);
bool engine_is_cancelled(const struct engine *engine) NONNULL(1);
/* Keeps the cache of templates to its limit. With many cells that is a look at many folders: not more often than every few
 * seconds, but at the end. */
void engine_prune(struct engine *engine, bool at_end) NONNULL(1);
/* Makes a folder for a machine in the run's: its name ("m0003-fork") and its path, which is the caller's. */
int engine_make_folder(struct engine *engine, const char *how, char name[64], char **ret,
		       struct err *e) NONNULL(1, 2, 3, 4, 5);

/* ---- a place for machines, one after another ---- */

struct seat {
	struct worker *worker;
	struct cell_run *cell;
	const struct case_sabotage *sabotage; /* built in, NULL: none */
	bool boots;			      /* never fork */
	struct machine *machine;	      /* NULL: the seat is empty */
	struct machine_spec spec;
	char name[64]; /* of its folder inside the run's, "" before the first */
	char *folder;
	struct boot_report boot; /* of the last boot that was tried */
	unsigned forks;
	uint64_t fork_ns;
	struct text *kept; /* what passes here is added, for the template; NULL: nobody asks */
};

void seat_init(struct seat *seat, struct worker *worker, struct cell_run *cell,
	       const struct case_sabotage *sabotage, bool boots) NONNULL(1, 2, 3);
/* Tells its phase and leaves nothing behind but evidence. */
void seat_done(struct seat *seat) NONNULL(1);
DEFINE_CLEAN_DONE(seat);

/* A live machine sits there afterwards: the one that does, or a new one (forked, else booted and settled). Blame guest:
 * the subject did not come up, seat->boot says how. */
int seat_take(struct seat *seat, struct err *e) NONNULL(1, 2);
/* Boots a new one in any case, without settling. */
int seat_boot(struct seat *seat, struct err *e) NONNULL(1, 2);
int seat_settle(struct seat *seat, struct err *e) NONNULL(1, 2);
/* The machine goes. */
void seat_clear(struct seat *seat) NONNULL(1);

/* Fills a result from a boot that failed. */
void result_from_boot(struct result *result, enum outcome outcome, const struct boot_report *report)
	NONNULL(1, 3);

/* ---- jobs ---- */

typedef void job_fn(struct worker *worker, struct cell_run *cell, const struct job *job);
job_fn run_audit_job, run_boot_job, run_cases_job, run_verify_job;

/* The n-th execution of an item in the seat, of which nothing is told; NULL: it ended with the run, and --resume does it again. */
struct record *run_once(struct seat *seat, const struct plan_item *item, unsigned attempt)
	NONNULL(1, 2);

/* Executes one item in the seat and tells its result: twice when the host was at fault, and as often as the plan has it. Cancelled:
 * tells no result. */
void run_item(struct seat *seat, const struct plan_item *item) NONNULL(1, 2);

#endif
