/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a case passes where nothing differs: counted over all executions that are kept, those included that another try
 * or repetition followed.
 *
 *	struct flakes flakes = VEC_INIT(FLAKES_MAX);
 *	store_executions(store, NULL, on_execution, &flakes, e);        (on_execution calls flakes_add)
 *	vec_each (&flakes, it)
 *		if (flake_state(it) == FLAKE_DIFFERS)
 *			...it->passed of it->passed + it->failed, flake_interval()...
 *
 * What is counted together is the same case on the same image, known by its digest, in a machine of the same make, by the
 * same version of Assay. A pass on another version of an image says nothing of this one: there the image has changed, and not the
 * case its mind. Pass and fail make the rate. That the case broke or the host was at fault is counted apart: neither says how the
 * subject is. What was skipped was no execution, and what ran with its defect planted never counts.
 */
#ifndef ASSAY_HOST_JUDGE_FLAKE_H
#define ASSAY_HOST_JUDGE_FLAKE_H

#include "base/rate.h"
#include "base/vec.h"
#include "host/store/store.h"

#define FLAKES_MAX 1000000

/* A case in one kind of cell; all strings are owned. */
struct flake {
	char *id, *image, *sha256, *os, *size, *firmware, *accel, *make, *assay;
	unsigned passed, failed, broken, infra;
	uint64_t first_ns, last_ns; /* wall clock, of those that passed or failed; 0: none did */
	enum outcome last;	    /* of these the last one's */
	uint64_t differed_ns;	    /* when it last came out otherwise than before; 0: never */
	char *differed_run;	    /* owned; NULL: never */
	char *message;		    /* owned, of its last failure; NULL: there was none */
};
DEFINE_VEC(flakes, struct flake);

/* Counts an execution; they come in the order of store_executions(). False: there are more cases than fit. */
bool flakes_add(struct flakes *flakes, const struct store_execution *execution) NONNULL(1, 2);
void flakes_done(struct flakes *flakes) NONNULL(1);
#define CLEAN_FLAKES __attribute__((cleanup(flakes_done)))

enum flake_state {
	FLAKE_DIFFERS, /* it has passed and failed */
	FLAKE_BREAKS,  /* it has broken, and has not each time */
	FLAKE_PASSES,  /* never otherwise, so far */
	FLAKE_FAILS,
	FLAKE_UNKNOWN, /* it has neither passed nor failed */
};
enum flake_state flake_state(const struct flake *flake) NONNULL(1);
const char *flake_state_name(enum flake_state state); /* "differs", "breaks", … */

/* Of its pass rate, by RATE_CONFIDENCE. */
void flake_interval(const struct flake *flake, struct rate_interval *ret) NONNULL(1, 2);

/* By image, its digest, size and what else makes the cell, then by id. */
void flakes_sort(struct flakes *flakes) NONNULL(1);
bool flake_is_same_cell(const struct flake *a, const struct flake *b) NONNULL(1, 2);

#endif
