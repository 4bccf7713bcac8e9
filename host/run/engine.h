/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: executes a frozen plan. The calling thread takes the signals; machine threads do the jobs; the recorder
 * writes. It returns when all is done, when the user has had enough, or when the journal cannot be written.
 *
 *	struct engine_setup setup = {.plan = plan, .cells = cells, .folder = folder, .jobs = 2, …};
 *	struct engine_end end;
 *	r = engine_run(&setup, &end, e);
 *
 * What each job finds is a result or a hole; an error is only what made the whole run impossible.
 */
#ifndef ASSAY_HOST_RUN_ENGINE_H
#define ASSAY_HOST_RUN_ENGINE_H

#include "host/kernel/subject.h"
#include "host/machine/machine.h"
#include "host/plan/plan.h"
#include "host/store/run.h"
#include "host/store/store.h"

/* What a cell of the plan is in the world: what the plan only names. */
struct engine_cell {
	const struct image *image; /* NULL: micro-VM */
	const struct kernel_subject
		*kernel; /* the kernel that is tried; NULL: the image's own, or the micro-VM's */
	enum firmware firmware;
	enum accel accel;
	enum entry entry;
	const char *qemu, *machine; /* as in struct machine_spec; NULL: the usual ones */
};

/* Runs a host case; given by the cli, because the engine does not know the cases. As host_case_run. */
typedef int engine_host_case_fn(const struct case_info *info, struct machine *machine,
				unsigned flags, const char *parameters, const struct patience *p,
				struct result *result, struct err *e);

/* One of several host cases that share a reboot; is_decided: it passed or was skipped, else it has to run alone. */
struct engine_host_group_case {
	const struct case_info *info;
	struct result *result;
	bool is_decided;
};
typedef int engine_host_group_fn(struct engine_host_group_case *cases, size_t count,
				 struct machine *machine, const char *parameters,
				 const struct patience *p, struct err *e);

/* What the caller wants to see; each may be NULL. */
struct engine_watch {
	void (*on_record)(
		void *arg,
		const struct record *record); /* on the recorder's thread, after the flush */
	/* A machine thread begins something: "booting debian-12", "time.clock_is_set". On that thread. */
	void (*on_state)(void *arg, unsigned worker, const char *state);
	/* The same for what may take minutes, so that a log has a line of it; on_state is called as well. */
	void (*on_step)(void *arg, const char *step);
	/* A cell's first job begins. On a machine thread. */
	void (*on_cell)(void *arg, unsigned cell);
	void (*on_tick)(void *arg); /* on the calling thread, four times a second */
	void (*on_cancel)(void *arg,
			  bool at_once); /* on the calling thread: the first signal, the second */
	void *arg;
};

/* What machines may take of the host at once, beside the lanes that `jobs` gives; 0: as much as they like. */
struct engine_room {
	uint64_t mem_mib;
	unsigned cpus;
};

struct engine_setup {
	const struct plan *plan;
	const struct engine_cell *cells; /* one for each of the plan */
	const char *folder;		 /* the run's, with plan.json in it */
	const struct image_options *image_options;
	const char *agent_path, *kernel, *modules, *ssh_key, *ssh_user;
	const struct driver *driver; /* NULL: QEMU */
	const char *driver_options;
	unsigned jobs; /* machines at once, at least 1; 0: as many as there is room for */
	unsigned
		waiting_jobs; /* and so many more whose cases mostly wait; 0: those are as all others */
	struct engine_room room;
	/* What stands before /proc and /sys where the memory that is left is watched while the run goes on ("": this host's; a
	 * test's folder): new machines wait while it is short. NULL: nobody looks. */
	const char *resources_root;
	const char *templates;	/* folder in which they are kept; NULL: none are made */
	uint64_t templates_max; /* bytes that they may take */
	/* What is known to come up, for when a subject's boot fails: its image, or, where that is NULL, the micro-VM. It is booted
	 * in the cell's size by its accelerator; only when it comes up the subject is tried once more, and judged by that. Comes
	 * it up neither, the host is at fault. NULL: the first boot decides. */
	const struct engine_cell *control;
	const struct run *earlier;    /* resume: what is there already; NULL: a new run */
	const char *host_description; /* for the journal */
	uint64_t identify_ns;	      /* how long it took to know the images: told as a phase */
	struct store *store;	      /* NULL: none */
	engine_host_case_fn *run_host_case;
	engine_host_group_fn *run_host_group; /* NULL: each runs alone */
	struct engine_watch watch;
};

struct engine_end {
	bool cancelled; /* by a signal */
	bool limited;	/* by the plan's limits.run_ns */
	int signal;
};

int engine_run(const struct engine_setup *setup, struct engine_end *ret, struct err *e)
	NONNULL(1, 2, 3);

#endif
