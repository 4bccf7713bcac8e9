/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which job a machine thread does next. A job waits until its cell's template is decided (where it needs one), the last
 * one of a cell until all others have ended; among those that can run the longest comes first.
 *
 *	while ((job = schedule_take(schedule)))     (blocks; NULL: all is done, or stopped)
 *		...do it...
 *		schedule_end(schedule, job);
 *
 * One mutex inside, never held while anything else is locked or waited for.
 */
#ifndef ASSAY_HOST_RUN_SCHEDULE_H
#define ASSAY_HOST_RUN_SCHEDULE_H

#include "host/run/jobs.h"

enum template_state {
	TEMPLATE_PENDING,
	TEMPLATE_READY,	     /* forks can be made */
	TEMPLATE_IMPOSSIBLE, /* such machines cannot be frozen: boot them */
	TEMPLATE_NO_BOOT,    /* the subject does not come up */
	TEMPLATE_NO_HOST,    /* the host could not make one */
};

struct schedule;

/* How many jobs may go on at once. */
struct schedule_lanes {
	unsigned working; /* at least 1; a job takes one for each machine that it has at once */
	unsigned waiting; /* beside them, of those that mostly wait; 0: they are as all others */
};

/* Borrows the jobs. */
struct schedule *schedule_new(const struct jobs *jobs, size_t cell_count,
			      const struct schedule_lanes *lanes) NONNULL(1, 3);
void schedule_free(struct schedule *schedule);
DEFINE_CLEANUP(schedule);

/* True when a job of that cell that runs on forks has still to be given out. */
bool schedule_has_fork(struct schedule *schedule, unsigned cell) NONNULL(1);

struct job *schedule_take(struct schedule *schedule) NONNULL(1);
void schedule_end(struct schedule *schedule, const struct job *job) NONNULL(1, 2);
void schedule_stop(struct schedule *schedule) NONNULL(1); /* nothing more is given out */

/* Tells what became of a cell's template, with a sentence; and asks for it. */
void schedule_set_template(struct schedule *schedule, unsigned cell, enum template_state state,
			   const char *why) NONNULL(1, 4);
enum template_state schedule_template(struct schedule *schedule, unsigned cell, char *why,
				      size_t size) NONNULL(1);

#endif
