/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of bench-mutation share. */
#ifndef ASSAY_BENCH_MUTATION_BENCH_H
#define ASSAY_BENCH_MUTATION_BENCH_H

#include "base/option.h"
#include "bench/mutation_accepted.h"
#include "bench/mutation_trial.h"

#define OPEN_SPAN_NS (15 * 60 * NS_PER_S)

struct arguments {
	struct text_list cases;
	const char *accepted, *policy, *size, *agent;
	long long files, seed, jobs, limit_s;
	bool guest, json, unnoticed, help;
};

struct tally {
	unsigned trials, noticed;
};

struct subject {
	const struct case_def *def;
	char id[CASE_ID_SIZE];
	const struct mutation_trial *clean;
	unsigned files, files_left_out;
	struct tally tallies[MUTATION_COUNT];
};

DEFINE_VEC(trial_vec, struct mutation_trial);

/* Where the trials are: over an offline tree, or in guests. One of both is there. */
struct mutation_disk;
struct mutation_guest;

struct bench {
	struct arguments arguments;
	struct accepted accepted;
	struct mutation_setup setup;
	struct text parameters;
	struct mutation_disk *disk;
	struct mutation_guest *guest;
	struct subject *subjects;
	size_t count;
	struct mutation_trial *cleans; /* one of each subject */
	struct trial_vec trials;
	unsigned lost, open; /* what the exit status tells */
	uint64_t duration_ns;
};

/* ---- the two places ---- */

/* Opens the disk; from then on this process is shut in. */
int mutation_disk_open(const char *path, struct mutation_disk **ret, struct err *e)
	NONNULL(1, 2, 3);
void mutation_disk_free(struct mutation_disk *disk);
/* As mutation_run. */
int mutation_disk_run(struct mutation_disk *disk, struct mutation_trial *trials, size_t count,
		      const struct mutation_setup *setup, struct err *e) NONNULL(1, 4, 5);

/* Finds the template of the image that a run has kept. -ENOENT (blame user): there is none. */
int mutation_guest_open(const char *path, const struct arguments *arguments,
			struct mutation_guest **ret, struct err *e) NONNULL(1, 2, 3, 4);
void mutation_guest_free(struct mutation_guest *guest);
/* The same in copies of the template, one after another. A trial that the host has spoilt is `infra`. */
int mutation_guest_run(struct mutation_guest *guest, struct mutation_trial *trials, size_t count,
		       const struct mutation_setup *setup, struct err *e) NONNULL(1, 4, 5);

/* ---- what came of it ---- */

/* Only who passes as it is can notice. */
bool is_judged(const struct subject *subject) NONNULL(1);
bool is_noticed(const struct mutation_trial *trial) NONNULL(1);
/* It tells nothing: the host was at fault, or the file is not there any more. */
bool is_undecided(const struct mutation_trial *trial) NONNULL(1);
struct subject *subject_of(const struct bench *bench, const struct mutation_trial *trial)
	NONNULL(1, 2);
/* On a disk: the case passes over that mutation in every file, and nobody says why. */
bool is_open(const struct bench *bench, const struct subject *subject, enum mutation m)
	NONNULL(1, 2);
/* In a guest: the case passes over the mutation in that file, and nobody says why. */
bool is_open_file(const struct bench *bench, const struct mutation_trial *trial) NONNULL(1, 2);

/* Adds all of it, for people or for programs. */
void mutation_print(const struct bench *bench, struct text *out) NONNULL(1, 2);
void mutation_print_json(const struct bench *bench, struct text *out) NONNULL(1, 2);

#endif
