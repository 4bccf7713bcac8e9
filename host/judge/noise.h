/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a measured value differs between runs in which nothing differs: from the history that the store keeps.
 *
 *	struct noises noises = VEC_INIT(NOISES_MAX);
 *	store_samples(store, on_sample, &noises, e);      (on_sample calls noises_add)
 *	noises_end(&noises);
 *	const struct noise *noise = noises_find(&noises, &key);
 *
 * Of each run its median is taken; of several runs on one image, in a machine of one make on one kind of host, how far these
 * lie from their own median, as a ratio. The noise is the median of these distances over all images, times 1.4826: what a
 * standard deviation would be where they are distributed normally, and what single odd runs do not spoil.
 */
#ifndef ASSAY_HOST_JUDGE_NOISE_H
#define ASSAY_HOST_JUDGE_NOISE_H

#include "host/store/store.h"

#define NOISES_MAX	 100000
#define NOISE_RUNS_LEAST 3 /* fewer say nothing */

struct noise_numbers {
	double *items;
	size_t count, room, maximum;
};

/* What it is of; all are owned. */
struct noise {
	char *id, *name, *unit, *size, *firmware, *accel, *host;
	unsigned runs;	 /* that could be compared with another */
	double relative; /* 0.02: runs differ by 2 %; 0 until noises_end() */
	/* while it is counted */
	char *sha256, *run;
	struct noise_numbers samples, medians, distances;
};
DEFINE_VEC(noises, struct noise);

/* Counts one, in the order of store_samples(). False: there are more values than fit. */
bool noises_add(struct noises *noises, const struct store_sample *sample) NONNULL(1, 2);
void noises_end(struct noises *noises) NONNULL(1);
void noises_done(struct noises *noises) NONNULL(1);
#define CLEAN_NOISES __attribute__((cleanup(noises_done)))

struct noise_key {
	const char *id, *name, *unit, *size, *firmware, *accel, *host;
};
/* NULL: there are not NOISE_RUNS_LEAST runs. */
const struct noise *noises_find(const struct noises *noises, const struct noise_key *key)
	NONNULL(1, 2);

#endif
