/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: all runs in one SQLite database, for questions over many of them - which runs there are, how long a case
 * usually takes, how often it passes. It is made from journals and can be made again from them: the journal is the truth. Only the recorder
 * of a run writes (other processes too: write-ahead log, busy time-out).
 *
 *	r = store_open("/…/assay.db", &store, e);
 *	r = store_begin(store, run, e);
 *	r = store_add(store, record, e);        (any number, then)
 *	r = store_commit(store, e);
 */
#ifndef ASSAY_HOST_STORE_STORE_H
#define ASSAY_HOST_STORE_STORE_H

#include "host/store/record.h"
#include "host/store/run.h"

struct store;

/* Opens or creates, and brings an older schema up to this one. A newer schema is refused. */
int store_open(const char *path, struct store **ret, struct err *e) NONNULL(1, 2, 3);
void store_free(struct store *store);
DEFINE_CLEANUP(store);

/* Names the run that store_add is about: its plan as read back from its folder. Results that its journal has already are
 * taken in, so it serves for resuming and for rebuilding too. */
int store_begin(struct store *store, const struct run *run, struct err *e) NONNULL(1, 2, 3);
int store_add(struct store *store, const struct record *record, struct err *e) NONNULL(1, 2, 3);
int store_commit(struct store *store, struct err *e) NONNULL(1, 2);

/* How long that case took of late on such an accelerator; 0 when it is not known. */
uint64_t store_duration_ns(struct store *store, const char *id, const char *accel, bool sabotaged)
	NONNULL(1, 2, 3);

struct store_run {
	char id[128], folder[4096], image[96], begun[32], ending[64], retests[128];
	unsigned counts[OUTCOME_COUNT], total;
};
/* Calls on_run for each run, newest first; a return other than 0 stops. */
typedef int store_run_fn(void *arg, const struct store_run *run);
int store_runs(struct store *store, store_run_fn *on_run, void *arg, struct err *e)
	NONNULL(1, 2, 4);

/* Of what a case is executed in; all are borrowed. Where any of these up to `assay` differs another thing is tried. */
struct store_cell {
	const char *sha256, *size, *firmware, *accel;
	const char *make;  /* store_make() */
	const char *assay; /* the version, whose cases may be others */
	const char *image, *os;
	/* Of executions alone; "" not known. `kernel` is the release of one that was tried. */
	const char *arch, *filesystem, *kernel;
};
/* Adds what makes a cell beside its size's name, firmware and accelerator. */
void store_make(const struct run_cell *cell, struct text *out) NONNULL(1, 2);

/* One execution of a case, whether it was its result or another one was. */
struct store_execution {
	const char *id;
	struct store_cell cell;
	const char *run, *message;
	enum outcome outcome; /* not skip: that is none */
	uint64_t ended_ns;    /* wall clock */
};
/* Calls on_execution for each without a sabotage: those of the same case in the same store_cell come one after another, by
 * time. `sha256` is an image's; NULL: of all. A return other than 0 stops. */
typedef int store_execution_fn(void *arg, const struct store_execution *execution);
int store_executions(struct store *store, const char *sha256, store_execution_fn *on_execution,
		     void *arg, struct err *e) NONNULL(1, 3, 5);

/* Calls on_case for each id of which there are executions, sorted. A return other than 0 stops. */
typedef int store_case_fn(void *arg, const char *id);
int store_cases(struct store *store, store_case_fn *on_case, void *arg, struct err *e)
	NONNULL(1, 2, 4);
/* The executions of one case without a sabotage that ended by `until_ns` (wall clock), the newest first: what is not asked for
 * is not read. A return other than 0 stops. It may be called while store_cases() goes on. */
int store_newest(struct store *store, const char *id, uint64_t until_ns,
		 store_execution_fn *on_execution, void *arg, struct err *e) NONNULL(1, 2, 4, 6);

/* What one execution that passed has measured, as one number; strings are borrowed. */
struct store_sample {
	const char *id, *name, *unit;
	struct store_cell cell;
	const char *run, *host; /* what the run says of its host */
	double sample;
};
/* Calls on_sample for each: by case, name and unit, size, firmware, accelerator and host, then by image and by run. A return
 * other than 0 stops. */
typedef int store_sample_fn(void *arg, const struct store_sample *sample);
int store_samples(struct store *store, store_sample_fn *on_sample, void *arg, struct err *e)
	NONNULL(1, 2, 4);

/* Forgets a run (its folder is the caller's to remove). */
int store_forget(struct store *store, const char *run_id, struct err *e) NONNULL(1, 2, 3);

#endif
