/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: the pieces of a cell that a machine thread takes one at a time. Making them is a pure function of the plan.
 *
 *	struct jobs jobs = VEC_INIT(JOBS_MAX);
 *	jobs_make(cell, &layout, &jobs);
 *	vec_each (&jobs, job)
 *		...
 */
#ifndef ASSAY_HOST_RUN_JOBS_H
#define ASSAY_HOST_RUN_JOBS_H

#include "host/plan/plan.h"

#define GROUPS_MAX 16 /* host cases that share a reboot */
#define JOBS_MAX   1000000

enum job_kind {
	JOB_AUDIT, /* the disk, offline: all clean ones, or all sabotaged ones */
	JOB_TEMPLATE, /* boot, settle, freeze; knows boot.reaches_ready. Without templates: boot, and run its items */
	JOB_SHARED, /* some cases, one after another, on one fork */
	JOB_FORK,   /* one case on a fork of its own; or host cases that share a reboot, on one */
	JOB_COLD,   /* cases on a machine booted for them, with their common sabotage built in */
	JOB_VERIFY, /* the image at the end; after all others of the cell */
};

DEFINE_VEC(item_list, const struct plan_item *);

struct job {
	enum job_kind kind;
	const struct plan_cell *cell;
	struct item_list items;
	const struct case_sabotage
		*sabotage; /* JOB_COLD: what is built into the machine, NULL: nothing */
	bool sabotaged;	   /* JOB_AUDIT */
	unsigned machines; /* that it has at once at most */
	bool waits;	   /* JOB_FORK: it mostly waits for time to pass, and disturbs nobody */
	bool owns_ram;	   /* its copy of the template shares no memory with it */
	uint64_t expected_ns;
	uint64_t chain_ns; /* the same with all that can begin only when it has ended */
	char refusal[192]; /* why the schedule gave it out to be told, not to be done; "" do it */
};
DEFINE_VEC(jobs, struct job *);

struct jobs_layout {
	unsigned workers; /* shared cases are dealt out to that many batches at most */
	unsigned
		groups_max; /* host cases that share a reboot: so many at most; 0: each has its own */
	bool has_templates;
	/* True for items that have a result already (a resumed run); may be NULL. */
	bool (*is_done)(const void *arg, const struct plan_cell *cell,
			const struct plan_item *item);
	const void *arg;
};

/* Adds the jobs of a cell. Items that need no machine and no disk (skip, broken) are not in any. */
void jobs_make(const struct plan_cell *cell, const struct jobs_layout *layout, struct jobs *ret)
	NONNULL(1, 2, 3);
void jobs_done(struct jobs *jobs) NONNULL(1);

/* A boot that takes so long, and what follows until the machine is quiet and frozen. */
uint64_t boot_span_ns(uint64_t boot_ns);

/* True when the job can run only after the cell's template is there or has failed. */
bool job_needs_template(const struct job *job) NONNULL(1);

const char *
job_kind_name(enum job_kind kind); /* "audit", "boot", "shared", "fork", "cold", "verify" */

/* True when machines of both cells are the same, so that one template serves both; whatever makes another machine counts. */
bool cells_share_template(const struct plan_cell *a, const struct plan_cell *b) NONNULL(1, 2);

/* True when both plant the same. */
bool sabotage_is_same(const struct case_sabotage *a, const struct case_sabotage *b) NONNULL(1, 2);

#endif
