/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which job a machine thread does next. A job waits until its cell's template is decided (where it needs one), the last
 * one of a cell until all others have ended; among those that can run the longest comes first, if there is room for it.
 *
 *	while ((job = schedule_take(schedule))) {       (blocks; NULL: all is done, or stopped)
 *		...do it, or where job->refusal says why not, tell that...
 *		if (schedule_end(schedule, job))
 *			...nobody wants the template of its cell any more...
 *	}
 *
 * What does not fit in holds its place: shorter jobs go before it only as far as they end, by what is expected of them, before
 * there is room for it, or leave that room alone. So the large ones are not starved by the small.
 *
 * One mutex inside, never held while anything else is locked or waited for.
 */
#ifndef ASSAY_HOST_RUN_SCHEDULE_H
#define ASSAY_HOST_RUN_SCHEDULE_H

#include "host/run/jobs.h"
#include "host/run/room.h"

enum template_state {
	TEMPLATE_PENDING,
	TEMPLATE_READY,	     /* forks can be made */
	TEMPLATE_IMPOSSIBLE, /* such machines cannot be frozen: boot them */
	TEMPLATE_NO_BOOT,    /* the subject does not come up */
	TEMPLATE_NO_HOST,    /* the host could not make one */
};

struct schedule;

struct schedule_limits {
	struct room room; /* working at least 1; waiting 0: who mostly waits goes as all others */
	/* What the RAM of all templates that are in use may take; one there is in any case. 0: there are none, and cells do
	 * not share them. */
	uint64_t templates_mib;
};

/* Borrows the jobs. */
struct schedule *schedule_new(const struct jobs *jobs, size_t cell_count,
			      const struct schedule_limits *limits) NONNULL(1, 3);
void schedule_free(struct schedule *schedule);
DEFINE_CLEANUP(schedule);

/* True when a job of that cell that runs on forks has still to be given out. */
bool schedule_has_fork(struct schedule *schedule, unsigned cell) NONNULL(1);

/* job->refusal is set where it cannot be done: it is larger than all the room, or the host was short of memory for too long. */
struct job *schedule_take(struct schedule *schedule) NONNULL(1);
/* The same without waiting, at a time of the caller's; NULL: nothing can run now. */
struct job *schedule_try(struct schedule *schedule, uint64_t now_ns) NONNULL(1);
/* True when that was the last job that wanted the template of its cell, and of all that share it. */
bool schedule_end(struct schedule *schedule, const struct job *job) NONNULL(1, 2);
void schedule_stop(struct schedule *schedule) NONNULL(1); /* nothing more is given out */

/* Tells what became of a cell's template, with a sentence; and asks for it. */
void schedule_set_template(struct schedule *schedule, unsigned cell, enum template_state state,
			   const char *why) NONNULL(1, 4);
enum template_state schedule_template(struct schedule *schedule, unsigned cell, char *why,
				      size_t size) NONNULL(1);
/* The cell whose template serves this one as well and is decided before its own: the cell itself where it is the first. */
unsigned schedule_leader(const struct schedule *schedule, unsigned cell) NONNULL(1);

/* ---- what memory the host really has ---- */

/* How long jobs wait for memory that others have taken while no machine of this run is there to give any back. */
#define SCHEDULE_STARVED_NS (600 * NS_PER_S)

struct memory_reading {
	uint64_t at_ns;		/* monotonic */
	uint64_t available_mib; /* ROOM_MEMORY_MAX: nobody knows */
	bool is_pressed;	/* processes stand still for want of it */
};

/* From now on, until the next reading, new machines wait where the memory is short; those that are there go on. */
void schedule_set_memory(struct schedule *schedule, const struct memory_reading *reading)
	NONNULL(1, 2);
/* True while something waits only for memory. */
bool schedule_is_held(struct schedule *schedule) NONNULL(1);

#endif
