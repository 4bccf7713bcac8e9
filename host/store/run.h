/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run as it is kept: its plan, and what its journal says of each case. Judge and reports are functions over it; a run
 * that is going on, finished, or was killed reads the same way.
 *
 *	CLEANUP(run) struct run *run = NULL;
 *	r = run_load("/…/runs/20260131-120000-debian-12", &run, e);
 *	vec_each (&run->cases, it)
 *		printf("%s %s\n", it->id, it->result ? outcome_name(it->result->outcome) : "hole");
 */
#ifndef ASSAY_HOST_STORE_RUN_H
#define ASSAY_HOST_STORE_RUN_H

#include "base/vec.h"
#include "host/store/record.h"

/* An execution of a case that is not its result: another try followed, or another repetition decided. */
struct run_try {
	enum outcome outcome;
	unsigned attempt;
	uint64_t duration_ns, wall_ns;
	char *message, *machine; /* owned; the machine's folder inside the run's, "" none */
	struct measures measures;
};
DEFINE_VEC(run_tries, struct run_try);

/* Where a retest has a result from that it did not look for itself. */
struct run_carried {
	char run[128], sha256[65]; /* in which run the case was executed, and on which image */
};

/* A planned execution of a case, and the last result it got. */
struct run_case {
	char id[CASE_ID_SIZE];
	unsigned cell;
	bool sabotaged;
	bool proven; /* it has a sabotage: only then may it gate */
	enum case_kind kind;
	enum case_priority priority;
	char *title, *why, *remedy, *fixes, *sabotage; /* owned, "" when there is none */
	char way[16], isolation[16], sabotage_kind[16];
	struct record *record;	     /* owned; NULL: no result, a hole */
	const struct result *result; /* inside the record; NULL: a hole */
	unsigned attempts;	     /* all executions */
	struct run_tries tries;	     /* those before the result */
	unsigned timeout_s, retries,
		repeat;	   /* what the plan has instead of the case's own; 0: nothing */
	double until_sure; /* as the plan wants it; 0: it does not */
	bool is_doubted;
	bool is_awaited;	     /* it has no result yet, and the run is still going on */
	struct run_carried *carried; /* owned; NULL: the result, if any, is of this run */
};
DEFINE_VEC(run_cases, struct run_case);

struct run_cell {
	unsigned index;
	char *image_path, *image_name, *image_digest, *image_format, *os_name, *arch;
	char *image_filesystem; /* of its root: "ext4"; "": not known */
	char *image_called;	/* as the runbook calls it; "": nobody does */
	char *firmware, *accel, *entry, *policy;
	/* The runbook's host, its QEMU program and machine type; "": it names none, or the usual one. */
	char *host, *qemu, *qemu_version, *machine;
	char *variants; /* the values of free axes: lines name=value */
	/* The kernel that was tried; "": the image's own. Without an image's format it is the subject alone. */
	char *kernel_path, *kernel_name, *kernel_digest, *kernel_modules, *kernel_release,
		*kernel_key;
	char *kernel_called; /* as the runbook calls it; "": nobody does */
	char size_name[64], cpu_model[64], controller[32];
	char stand_in[160]; /* what its machines lack of what the size promises; "": nothing */
	unsigned cpus, mem_mib, max_mem_mib, numa_nodes, data_disks, data_disk_mib, nics;
	unsigned machines; /* that a case may have at once; 0: nobody says */
	bool tpm, cold;
	bool is_like_other; /* by what its image and kernel are called, size, firmware, host and variants another cell is the same */
};
DEFINE_VEC(run_cells, struct run_cell);

/* What the runbook asks for and is in no cell. */
struct run_left_out {
	char *values, *why; /* owned: "image=debian-12 size=small"; a sentence */
	bool must, asked;   /* its row has to be there; the user's budget leaves it out */
};
DEFINE_VEC(run_left_outs, struct run_left_out);

/* What a verdict on that cell is about: the kernel, where one was tried, else the image. */
const char *run_cell_subject(const struct run_cell *cell) NONNULL(1); /* its name */
const char *run_cell_digest(const struct run_cell *cell) NONNULL(1);

struct run_phase {
	unsigned cell, count;
	char name[32];
	char text[512];
	uint64_t span_ns;
};
DEFINE_VEC(run_phases, struct run_phase);

struct run {
	char *folder;
	char id[128], version[64], host[1024];
	uint64_t begun_ns, ended_ns; /* wall clock; ended_ns 0: it did not end by itself */
	uint64_t worked_ns;	     /* without what lies between a stop and --resume */
	uint64_t session_ns,
		seen_ns; /* wall clock: when it was begun or resumed last, its last record since */
	bool is_going;	 /* another process is writing its journal */
	char retests[128]; /* the id of the run that it retests; "": it is no retest */
	char ending[512];  /* "done", "cancelled", …; "" when it did not end */
	unsigned resumed;  /* how often */
	bool proves;
	uint64_t case_limit_ns, cell_limit_ns, run_limit_ns; /* of the plan; 0: none */
	uint64_t sure_limit_ns;				     /* as is what being sure may take */
	unsigned sure_limit;
	size_t lost_lines;     /* at the journal's end: torn or garbled */
	uint64_t memory_limit; /* bytes of all machines; 0: none */
	unsigned jobs_limit;
	struct run_cells cells;
	struct run_left_outs left_out;
	struct run_cases cases; /* sorted by cell, id, clean before sabotaged */
	struct run_phases phases;
};

/* Reads a run's folder. -ENOENT (blame user) when it holds no run. */
int run_load(const char *folder, struct run **ret, struct err *e) NONNULL(1, 2, 3);

/* The same from a plan and a journal in memory (the folder is then ""). */
int run_parse(const char *plan, size_t plan_length, const char *journal, size_t journal_length,
	      struct run **ret, struct err *e) NONNULL(1, 3, 5, 6);

void run_free(struct run *run);
DEFINE_CLEANUP(run);

/* Of a test of a program's own: it neither passed nor was skipped, nor was it expected not to. */
static inline bool run_sub_is_trouble(const struct sub_result *sub)
{
	return !sub->expected && sub->outcome != OUTCOME_PASS && sub->outcome != OUTCOME_SKIP;
}

/* The planned case, NULL when the plan has none. */
struct run_case *run_find(const struct run *run, unsigned cell, const char *id, bool sabotaged)
	NONNULL(1, 3);

/* The cases of a cell, which lie together. */
const struct run_case *run_cases_of(const struct run *run, unsigned cell, size_t *ret_count)
	NONNULL(1, 3);

/* True when --resume would find nothing to do: it ended, and of all that was planned there is a result that is to stay. */
bool run_is_complete(const struct run *run) NONNULL(1);
/* True when a result that stands makes another execution of the case needless; those that are the host's fault do not. */
bool run_case_is_done(const struct run_case *it) NONNULL(1);

/* True when the result is carried over from a run on another image than that of the case's cell: it says nothing of this one. */
bool run_case_is_of_other_image(const struct run *run, const struct run_case *it) NONNULL(1, 2);
/* Takes the result away, wherever it is from: the case is to be executed. */
void run_case_forget(struct run_case *it) NONNULL(1);

/* Counts the clean results by outcome; holes are counted apart. What is carried over is among the outcomes. */
struct run_tally {
	unsigned outcomes[OUTCOME_COUNT], holes, total;
	unsigned carried, foreign; /* carried over; and of these from another image */
};
void run_tally(const struct run *run, struct run_tally *ret) NONNULL(1, 2);
/* Adds them as a member `counts` of a JSON object: total, each outcome by its name, holes; in a retest also
 * what is carried over. */
void run_tally_json(const struct run *run, struct text *out) NONNULL(1, 2);

#endif
