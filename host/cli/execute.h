/* SPDX-License-Identifier: Apache-2.0 */
/* What run, audit and prove have in common: from an image and a choice of cases to a kept run and its verdict. */
#ifndef ASSAY_HOST_CLI_EXECUTE_H
#define ASSAY_HOST_CLI_EXECUTE_H

#include "base/outlet.h"
#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/judge/flake.h"
#include "host/judge/judge.h"
#include "host/machine/accel.h"
#include "host/run/engine.h"
#include "host/store/run.h"

#define EXECUTE_CELLS_MAX 10000 /* a plan has no more */
#define RETEST_IMAGES_MAX 10000

/* What a runbook is read with. */
struct book_arguments {
	struct text_list settings, changed;
	const char *variables, *since;
};

/* What `assay retest` is given. */
struct retest_arguments {
	const char *run;		/* NULL: this is no retest */
	struct text_list files, images; /* new versions by their names; OLD=NEW */
	bool all;
};

/* What the options say. Choices are indices in the words of the matching enum. */
struct execute_arguments {
	struct selection_arguments selection;
	struct policy_arguments policy;
	struct book_arguments book;
	struct text_list case_folders, suite_sources, size_files;
	const char *agent, *size, *ssh_key, *ssh_user, *out, *resume, *markdown;
	int firmware, accel, entry;
	const char *kernel,
		*modules;	 /* `assay kernel`; NULL: the subject is an image or a runbook */
	struct text_list images; /* in which the kernel is tried; none: in the micro-VM */
	long long jobs;
	long long repeat;		      /* 0: not given */
	const char *until_sure, *sure_budget; /* as given; NULL: not */
	const char *cell;		      /* of a runbook's plan, this one alone; NULL: all */
	struct retest_arguments retest;
	struct judge_arguments judge; /* its waivers alone */
	bool json, cold, allow_outside_backing, quiet, traits;
	bool doubt; /* until_sure is for all cases, not only for those in doubt */
	/* Of tests, no option has them: where machines come from; NULL: QEMU. */
	const struct driver *driver;
	const char *driver_options;
};

extern const char *const accel_words[], *const entry_words[], *const firmware_words[];

enum execute_way { EXECUTE_RUN, EXECUTE_AUDIT, EXECUTE_PROVE };

/* Does it all; `subject`, an image or a runbook, is NULL with arguments->resume. Returns an exit code, or a negative errno. */
int execute(enum execute_way way, const char *subject, struct execute_arguments *arguments,
	    struct err *e) NONNULL(3, 4);

/* ---- parts, in the order in which they are used (execute_*.c) ---- */

/* A cell on its way into the plan. */
struct execution_cell {
	struct size size;
	struct engine_cell
		with;	/* firmware and entry as they are wished (AUTO), until choose_machines() */
	unsigned vms;	/* machines that one case may have at once */
	char *variants; /* owned: lines name=value; NULL: none */
	/* As in struct plan_cell_spec, borrowed from the runbook or the earlier run. */
	const char *image_called, *kernel_called, *host, *qemu_version;
	size_t combination; /* of the runbook that it comes from */
};
DEFINE_VEC(execution_cells, struct execution_cell);
DEFINE_VEC(execution_images, struct image *);
DEFINE_VEC(execution_kernels, struct kernel_subject *);

struct execution {
	enum execute_way way;
	struct execute_arguments *arguments;
	char *agent;
	struct image_setup setup;
	struct execution_images images;	  /* that were opened: each once */
	struct execution_kernels kernels; /* the same */
	struct catalog *catalog;
	char *policy;		     /* what it tells the cases: lines key=value; "" none */
	struct execution_book *book; /* NULL: the subject is an image */
	bool only_plans; /* nothing is to be run, and nothing but caches may be written */
	struct run *
		earlier; /* --resume: that run; of a retest the one that is retested, without what is run again */
	char *retests;		/* the id of the run that is retested; NULL: this is no retest */
	struct case_list cases; /* what is to be run; with --resume: what that run's plan names */
	struct execution_cells cells;
	struct plan *plan;
	char *folder, *templates;
	char id[96];
	struct store *store;
	uint64_t identify_ns;
	unsigned jobs,
		waiting_jobs; /* machines at once that work (0: as there is room), that mostly wait */
	struct engine_room room; /* for all machines; several cells are packed into it */
	char host[1024];
	double until_sure; /* the rate for all cases; 0: they are run as the plan has it */
	uint64_t sure_ns; /* the budget for that, in time and in executions; 0: none of that kind */
	unsigned sure_count;
	struct flakes
		*doubts; /* the cases that have come out in both ways; NULL: not asked for yet */
	struct outlet *outlet; /* --json: where its lines go */
};

void execution_init(struct execution *x, enum execute_way way, struct execute_arguments *arguments)
	NONNULL(1, 3);
/* What --resume takes to go on with it: the folder for who has named one. */
const char *resume_name(const struct execution *x) NONNULL(1);
/* All up to the frozen plan, without a folder. */
int execution_prepare(struct execution *x, const char *subject, struct err *e) NONNULL(1, 3);
/* How long what is planned will take. */
uint64_t execution_forecast_ns(const struct execution *x) NONNULL(1);
void execution_done(struct execution *x) NONNULL(1);
DEFINE_CLEAN_DONE(execution);

/* execute_image.c: the images, and each cell's firmware, entry, accelerator, size. `path` NULL: those of the earlier run. */
int open_subjects(struct execution *x, const char *path, struct err *e) NONNULL(1, 3);
/* Opens it, or gives the one that was opened from that path before. */
int open_image(struct execution *x, const char *path, const struct image **ret, struct err *e)
	NONNULL(1, 2, 3, 4);
/* execute_kernel.c: the same for kernels that are tried; `modules` NULL: none. */
int open_kernel(struct execution *x, const char *path, const char *modules,
		const struct kernel_subject **ret, struct err *e) NONNULL(1, 2, 4, 5);
/* The cells of `assay kernel`. */
int open_kernel_subjects(struct execution *x, struct err *e) NONNULL(1, 2);
/* The same kernel as a cell of the earlier run had; none when it had none. */
int open_earlier_kernel(struct execution *x, const struct run_cell *cell,
			const struct kernel_subject **ret, struct err *e) NONNULL(1, 2, 3, 4);
/* Whether that kernel can be tried in that cell, and how the agent gets in. */
int choose_kernel_machine(const struct execution *x, struct engine_cell *with, struct err *e)
	NONNULL(1, 2, 3);
int choose_machines(struct execution *x, bool boots, struct err *e) NONNULL(1, 3);
/* What `refused` says of the cell ends it all; but of a runbook's cells it only leaves out that one, with the reason. */
int refuse_cell(struct execution *x, const struct execution_cell *cell, const struct err *refused,
		struct err *e) NONNULL(1, 2, 3, 4);
/* Takes the cells away that were left out. -ENODATA (blame user): none is left. */
int drop_cells(struct execution *x, struct err *e) NONNULL(1, 2);
/* That, with a reason. */
int refuse_no_cell(const struct execution *x, const char *why, struct err *e) NONNULL(1, 2, 3);

/* execute_plan.c: which cases, in which folder. */
bool selection_audits(const struct case_list *cases)
	NONNULL(1); /* some of them look at its files */
int choose_cases(struct execution *x, struct err *e) NONNULL(1, 2);
int make_plan(struct execution *x, struct err *e) NONNULL(1, 2);
int open_folder(struct execution *x, struct err *e) NONNULL(1, 2);

/* execute_sure.c: what --until-sure says; and, of it and of the runbook, what goes into a cell and into the plan's limits. */
int read_sure(struct execution *x, struct err *e) NONNULL(1, 2);
void set_sure(struct execution *x, struct plan_cell *cell) NONNULL(1, 2);
/* execute_retest.c: takes the run that is retested as the earlier one, with the new versions of its images; then takes the results of
 * what is to be run again away from it, and says of the others where they are from. */
int take_retested(struct execution *x, struct err *e) NONNULL(1, 2);
int choose_retested(struct execution *x, struct err *e) NONNULL(1, 2);
/* -EINVAL (blame user): the earlier run's plan lacks secrets, which are kept nowhere. */
int check_masks(const struct execution *x, struct err *e) NONNULL(1, 2);

/* execute_host.c: is there room, how many at once, and what the host is. */
int check_host(struct execution *x, bool boots, struct err *e) NONNULL(1, 3);

/* execute_report.c: the reports in the folder, the summary, the exit code. */
int report_execution(struct execution *x, const struct engine_end *end, struct err *e)
	NONNULL(1, 2, 3);
int write_reports(const char *folder, const struct run *run, const struct judgement *judgement,
		  struct err *e) NONNULL(1, 2, 3, 4);

#endif
