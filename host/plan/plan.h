/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: the immutable list of cells with their cases. It is made on one thread, frozen, and then only read.
 *
 *	CLEANUP(plan) struct plan *plan = plan_new("20260131-120000-debian-12", catalog);
 *	struct plan_cell *cell = plan_add_cell(plan, &spec);
 *	plan_add_case(plan, cell, found, false, remembered_ns);
 *	const struct plan *frozen = plan_freeze(plan);
 */
#ifndef ASSAY_HOST_PLAN_PLAN_H
#define ASSAY_HOST_PLAN_PLAN_H

#include <stdint.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/vec.h"
#include "host/catalog/catalog.h"
#include "host/plan/offer.h"
#include "host/runbook/size.h"
#include "wire/outcome.h"

#define PLAN_ITEMS_MAX (2 * CATALOG_CASES_MAX)
#define PLAN_SCHEMA    1
#define PLAN_CASES_MAX 2000000	    /* in all its cells */
#define PLAN_JSON_MAX  (512U << 20) /* of plan.json */

/* How a case gets its surroundings. */
enum plan_way {
	PLAN_WAY_SKIP,	  /* not at all: `need` is not met */
	PLAN_WAY_BROKEN,  /* not at all: `need` is no word that Assay knows */
	PLAN_WAY_OFFLINE, /* on the disk, without a boot */
	PLAN_WAY_SHARED,  /* one after another on one fork */
	PLAN_WAY_FORK,	  /* on a fork of its own */
	PLAN_WAY_COLD, /* on a machine booted for it, with its sabotage built in when it is such a one */
	PLAN_WAY_RUN, /* the engine itself knows: the boot of the template, the image at the end */
};

#define PLAN_BOOT_NS	    (40 * NS_PER_S) /* a boot that was never seen takes so long */
#define PLAN_TIMEOUT_MAX_S  86400
#define PLAN_TRIES_MAX	    1000  /* retries, and repetitions */
#define PLAN_EXECUTIONS_MAX 10000 /* of a case in doubt, all in all */
/* Of a pass rate that is to be sure: below, one failure more would be none too many; above, thousands of executions tell nothing. */
#define PLAN_SURE_LEAST 0.95
#define PLAN_SURE_MOST	0.9999

/*
 * What a plan has instead of the case's own; 0: nothing. On machines only: what is read offline, and what the engine itself
 * decides, comes out the same each time, and is done once.
 */
struct plan_trial {
	unsigned timeout_s; /* by hardware virtualisation, as the case's own */
	unsigned
		retries; /* so many tries more when it fails or breaks; one that passes then is told as such */
	/* It runs so often, each time on another machine, and all must pass; each has its retries. */
	unsigned repeat;
	/* When it is in doubt, it runs until it is sure that it passes so often; from PLAN_SURE_LEAST to PLAN_SURE_MOST. */
	double until_sure;
	bool is_doubted; /* it is, also when it passes: it has come out in both ways before */
};

/* A result that a retest takes over from the run that it retests: the case is not executed. */
struct plan_carried {
	char run[128], sha256[65]; /* in which run it was executed, and on which image */
	char message[512], need[96];
	enum outcome outcome;
	unsigned checks_passed;
	uint64_t duration_ns, wall_ns;
};

/* One case to be executed. */
struct plan_item {
	const struct catalog_case *it;
	bool sabotaged;
	enum plan_way way;
	char need[96];
	struct hot_devices hot; /* plugged into its machine before it runs */
	struct plan_trial trial;
	struct plan_carried *carried; /* owned; NULL: it is to be executed */
	uint64_t expected_ns;
};
/* True when something is plugged into its machine, which then is nothing to share. */
static inline bool plan_item_is_plugged(const struct plan_item *item)
{
	return item->hot.disks + item->hot.nvmes > 0;
}
/* True when it is not tried once, within its own time. */
static inline bool plan_item_is_tried_otherwise(const struct plan_item *item)
{
	return item->trial.timeout_s > 0 || item->trial.retries > 0 || item->trial.repeat > 1 ||
	       item->trial.is_doubted;
}
/* True when more than one execution will be wanted: for what judges a boot each is one of another boot. */
static inline bool plan_item_is_tried_again(const struct plan_item *item)
{
	return item->trial.retries > 0 || item->trial.repeat > 1 || item->trial.is_doubted;
}
DEFINE_VEC(plan_items, struct plan_item);

/*
 * A kernel that is tried. Where there is no image it is the subject alone, and the cell's image is the kernel's file, without
 * a format.
 */
struct plan_kernel {
	const char *called;		  /* as the runbook calls it; NULL: nobody does */
	const char *path, *name, *digest; /* of the file that was given */
	const char *modules;		  /* the same of its modules, "" none were */
	const char *release;		  /* as uname -r says it */
	const char *key;		  /* another one for whatever else a machine gets of it */
};

/* What a cell is made of. Strings are copied by plan_add_cell. */
struct plan_cell_spec {
	const char *image_path, *image_name, *image_digest, *image_format, *os_name, *arch;
	const char *image_filesystem; /* of its root: "ext4"; NULL: not known */
	const char *image_called;     /* as the runbook calls it; NULL: nobody does */
	const char *firmware, *accel, *entry;
	const char *host; /* as the runbook calls it; NULL: it names none */
	const char *qemu,
		*qemu_version; /* the host's program (NULL: the usual one), what it says */
	const char *machine;   /* the host's machine type; NULL: the usual one */
	const char *policy;    /* what is told of it: lines key=value; NULL: there is none */
	const char *variants;  /* the values of free axes: lines name=value; NULL: there are none */
	const struct plan_kernel *kernel; /* NULL: the image's own */
	struct size size;
	struct offer offer; /* its size is replaced by the cell's */
	bool cold;	    /* no templates: every machine is booted */
};

struct plan_cell {
	unsigned index;
	char *image_path, *image_name, *image_digest, *image_format, *os_name, *arch;
	char *image_filesystem, *image_called, *firmware, *accel, *entry, *policy, *variants;
	char *host, *qemu, *qemu_version, *machine; /* "": as struct plan_cell_spec's NULL */
	char *kernel_called, *kernel_path, *kernel_name, *kernel_digest, *kernel_modules,
		*kernel_release, *kernel_key; /* "": the image's own */
	struct size size;
	struct offer offer;
	bool cold;
	struct plan_items items; /* frozen: sorted by id, the clean one before the sabotaged */
};
DEFINE_VEC(plan_cells, struct plan_cell *);

#define PLAN_LEFT_OUT_MAX 10000

/* What a runbook asks for and is in no cell. */
struct plan_left_out {
	char *values, *why; /* "image=debian-12 size=small"; a sentence */
	bool must;	    /* its row has to be there */
	bool asked;	    /* by the user, whose budget it does not fit: nothing is missing */
};
DEFINE_VEC(plan_left_outs, struct plan_left_out);

/* How long things may take, in nanoseconds, and what of the host; 0: as much as they like. What a limit cuts off never passes. */
struct plan_limits {
	/* No case gets more, whatever its own limit is; by hardware virtualisation, as that. It is broken then. */
	uint64_t case_ns;
	/* From the first job of a cell on. What has no result then gets infra, with that reason; what looks at the image file
	 * at the end runs all the same. */
	uint64_t cell_ns;
	/* From the beginning of a session (a resumed run has it anew). What has no result then is a hole, and the run's ending
	 * says why. */
	uint64_t run_ns;
	/* What all executions together may take that are made to be sure of cases in doubt: machine time, and how many they are. A
	 * resumed run has it anew. */
	uint64_t sure_ns;
	unsigned sure_count;
	uint64_t memory; /* bytes that all machines may have together */
	unsigned jobs;	 /* machines at once */
};

struct plan {
	char *run_id;
	char *retests; /* the id of the run that this one retests; NULL: it is no retest */
	const struct catalog *catalog; /* borrowed */
	struct plan_cells cells;
	struct plan_left_outs left_out;
	struct plan_limits limits; /* may be set until it is frozen */
	bool frozen, proves;	   /* proves: it holds sabotaged items */
};

struct plan *plan_new(const char *run_id, const struct catalog *catalog) NONNULL(1, 2);
void plan_free(struct plan *plan);
DEFINE_CLEANUP(plan);

struct plan_cell *plan_add_cell(struct plan *plan, const struct plan_cell_spec *spec) NONNULL(1, 2);

/* Adds a case, judges its needs, decides its way. An expected_ns of 0 is replaced by a guess. Adding the same one twice
 * adds it once. */
void plan_add_case(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		   bool sabotaged, uint64_t expected_ns) NONNULL(1, 2, 3);

/* Adds to what is left out; strings are copied. Beyond PLAN_LEFT_OUT_MAX: false. */
bool plan_leave_out(struct plan *plan, const struct plan_left_out *left_out) NONNULL(1, 2);

/* How a case that was added before is tried; -ENOENT: it was not added, -ERANGE: more than the maxima. */
int plan_set_trial(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		   bool sabotaged, const struct plan_trial *trial) NONNULL(1, 2, 3, 5);

/* Tries the items of the cell that run on machines, clean, until it is sure that they pass so often; those with a rate of their
 * own keep that. -ERANGE: it is not between PLAN_SURE_LEAST and PLAN_SURE_MOST. */
int plan_be_sure(struct plan *plan, struct plan_cell *cell, double rate) NONNULL(1, 2);
/* Repeats the same items so often; those that are repeated by themselves stay so. -ERANGE: more than PLAN_TRIES_MAX. */
int plan_repeat(struct plan *plan, struct plan_cell *cell, unsigned times) NONNULL(1, 2);
/* Says of an item that is tried until it is sure that it is in doubt, however it comes out. */
void plan_doubt(struct plan *plan, struct plan_cell *cell, const char *id) NONNULL(1, 2, 3);
/* Takes a result over in place of an execution. False, and it is to be executed: the plan itself says what
 * becomes of it (skip, broken). The case was added before. */
bool plan_carry(struct plan *plan, struct plan_cell *cell, const struct catalog_case *it,
		bool sabotaged, const struct plan_carried *carried) NONNULL(1, 2, 3, 5);

/* Ends the making: adding to it afterwards is a bug. */
const struct plan *plan_freeze(struct plan *plan) NONNULL(1);

#define PLAN_LABEL_SIZE 256

/* What the cell is called where people read it: "debian-12, small, uefi"; alone in its plan the image's name says it. */
const char *plan_cell_label(const struct plan *plan, const struct plan_cell *cell,
			    char label[PLAN_LABEL_SIZE]) NONNULL(1, 2, 3);

/* True when some item of the cell needs a machine. */
bool plan_cell_boots(const struct plan_cell *cell) NONNULL(1);

size_t plan_item_count(const struct plan *plan) NONNULL(1);

/* Adds the plan as JSON, as it is kept in the run's folder. */
void plan_json(const struct plan *plan, struct text *out) NONNULL(1, 2);

const char *plan_way_name(enum plan_way way); /* "skip", "broken", "offline" … */

/* The cases that the engine itself decides; the cli adds them to the catalogue. NULL-terminated. */
const struct case_info *const *plan_own_cases(size_t *ret_count) NONNULL(1);

#endif
