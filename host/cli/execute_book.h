/* SPDX-License-Identifier: Apache-2.0 */
/* A runbook on its way to cells: what it demands, what of that comes into the plan, and why the rest does not. */
#ifndef ASSAY_HOST_CLI_EXECUTE_BOOK_H
#define ASSAY_HOST_CLI_EXECUTE_BOOK_H

#include "host/cli/execute.h"
#include "host/plan/demand.h"
#include "host/plan/former.h"

DEFINE_VEC(changed_items, struct traits_item);

/* A runbook's host, as it was found here. */
struct book_host {
	char *qemu;	  /* its program; NULL: the usual one */
	char version[64]; /* of that; "": nobody was asked */
	char machine[64]; /* the machine type of that version; "": the usual one */
};

struct execution_book {
	struct runbook *runbook;
	struct demand demand;
	const struct image **images;	       /* by the items of their axis; NULL: there is none */
	const struct kernel_subject **kernels; /* the same; NULL: installed */
	struct combine *combine;
	char **why_not;		   /* by combination: why it is in no cell; NULL: it is in one */
	bool *beyond_within;	   /* by combination: the budget leaves it out */
	struct book_host *hosts;   /* by the runbook's */
	struct plan_trial *trials; /* by the catalogue's cases: how each is tried */
	struct text remarks;
	struct former former; /* of an increment */
	struct changed_items changed;
};

/* True for what is read as a runbook, and not as an image. */
bool is_runbook(const char *path) NONNULL(1);

/* Reads it into the execution; the catalogue is there. -EINVAL (blame user): what is wrong with it has been printed to stderr. */
int book_read(const char *path, struct execution *x, struct err *e) NONNULL(1, 2, 3);
void book_free(struct execution_book *book);

/* Looks into the images, and makes a cell of each combination. */
int book_open_subjects(struct execution *x, struct err *e) NONNULL(1, 2);

/* Opens the runbook's kernels and sees their traits, and what constraints ask of their configurations: execute_kernels.c. What is wrong
 * with them is added to the problems. */
int book_open_kernels(struct execution *x, struct text *problems, struct err *e) NONNULL(1, 2, 3);
/* As far as that is known without opening them: those that are not there, and which traits they have. */
void book_find_kernels(struct execution_book *book, struct text *problems) NONNULL(1, 2);

/* Asks the QEMUs that its hosts name whether they have what these ask for: execute_hosts.c. Returns the number of problems. */
unsigned book_find_hosts(struct execution_book *book, struct text *problems) NONNULL(1, 2);
void book_hosts_free(struct execution_book *book) NONNULL(1);

/* What --since and --changed say goes into the request: execute_since.c. */
int book_take_former(struct execution *x, struct err *e) NONNULL(1, 2);
/* Adds "image=debian-12, size=small": what has changed, of these items or (NULL) at all. */
void book_describe_changed(const struct execution_book *book, const uint32_t *items,
			   struct text *out) NONNULL(1, 3);

/* Takes a cell out again, with the reason. */
void book_leave_out(struct execution_book *book, const struct execution_cell *cell,
		    const char *format, ...) PRINTF(3, 4) NONNULL(1, 2, 3);

/* Tells the plan what is in none of its cells. */
void book_tell_left_out(const struct execution *x) NONNULL(1);

/* Takes those out that do not fit into the budget; returns how many. Wants a plan: its cells are the execution's. */
size_t book_keep_within(struct execution *x) NONNULL(1);

struct plan_limits book_limits(const struct execution_book *book) NONNULL(1);
/* Gives the cell's items what the runbook says of how they are tried. */
void book_set_trials(const struct execution *x, struct plan_cell *cell) NONNULL(1, 2);

/* How long each cell takes when nothing else goes on, in the plan's order; a boot is the first one's of all that share it. The caller
 * frees it. */
uint64_t *book_cell_spans(const struct execution *x) NONNULL(1);

#endif
