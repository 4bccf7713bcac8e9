/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of a run that several reports tell in the same words. */
#ifndef ASSAY_HOST_REPORT_WORDS_H
#define ASSAY_HOST_REPORT_WORDS_H

#include "base/clock.h"
#include "host/store/run.h"

/* "pass", …, or "hole" for a case without a result. */
const char *words_outcome(const struct run_case *it) NONNULL(1);

/* What there is to say in one sentence about a result that is no pass. */
const char *words_message(const struct run_case *it) NONNULL(1);

/* In a proof: the sabotaged run of a case that did not see its defect; NULL: it did, or that is not known. */
const struct run_case *words_miss(const struct run *run, const struct run_case *it) NONNULL(1, 2);
/* Nobody knows whether it would have seen it. */
bool words_is_unknown(const struct run_case *sabotaged) NONNULL(1);

/* What is to be told of a case in formats of others, also of one without a result or of a proof. */
struct told {
	enum outcome outcome; /* of the five the nearest */
	const char *status;   /* its name, "hole" or "missed" */
	char message[768];
};
void words_tell(const struct run *run, const struct run_case *it, struct told *ret)
	NONNULL(1, 2, 3);

/* An execution that came out otherwise than the case's result; NULL: there is none. */
const struct run_try *words_other_try(const struct run_case *it) NONNULL(1);
/* Adds how often it came out how: "1 pass, 2 fail", and of a case that was in doubt " (flaky: it passes 0.8-90.6 % of the time)". */
void words_tries(const struct run_case *it, struct text *out) NONNULL(1, 2);

/* Adds where the check stands: "guest/cases/time/clock.c:31", or only the file; nothing when it is not known. */
void words_place(const struct check_record *check, struct text *out) NONNULL(1, 2);

/* Adds "Debian GNU/Linux 12 (bookworm), default (2 CPUs, 1024 MiB), uefi, tcg". */
void words_cell(const struct run_cell *cell, struct text *out) NONNULL(1, 2);

/* What the cell's image is called: by the runbook, else as its file. */
const char *words_image(const struct run_cell *cell) NONNULL(1);

/* Adds in which cell it was, "debian-12.qcow2, small, uefi, policy=azure"; nothing in a run that has only one. No two
 * cells have the same words. */
void words_where(const struct run *run, const struct run_case *it, struct text *out)
	NONNULL(1, 2, 3);

/* Adds of a retest what it is: which run it retests, how many cases were run again, how many carried over. */
void words_retest(const struct run *run, struct text *out) NONNULL(1, 2);
/* Adds where a result is from that was carried over: "run X, on the image with SHA-256 0123456789ab…". */
void words_origin(const struct run_carried *carried, struct text *out) NONNULL(1, 2);

/* How one cell came out, and a word for it: its worst outcome, "hole" when a case of it has no result. */
void words_cell_tally(const struct run *run, unsigned cell, struct run_tally *ret) NONNULL(1, 3);
const char *words_worst(const struct run_tally *tally) NONNULL(1);

/* Adds "412 cases: 380 passed, 2 failed, 30 skipped". */
void words_counts(const struct run_tally *tally, const char *holes, struct text *out)
	NONNULL(1, 2, 3);

/* Adds "412 cases: 380 passed, 2 failed, 30 skipped". */
void words_tally(const struct run *run, struct text *out) NONNULL(1, 2);

/* Adds "throughput 812 MB/s (of 5: 790 to 830)". */
void words_measure(const struct measure *measure, struct text *out) NONNULL(1, 2);
/* All of them in a line; as a member `measures` of a JSON object, with each sample. Nothing where there are none. */
void words_measures(const struct measures *measures, struct text *out) NONNULL(1, 2);
void words_measures_json(const struct measures *measures, struct text *out) NONNULL(1, 2);

/* How long it took by the wall clock, without the time between a stop and --resume; 0 when it did not end. */
uint64_t words_span_ns(const struct run *run) NONNULL(1);

/* Adds how it ended when that was not as it should, or that it has not yet; nothing about a run that is done. */
void words_ending(const struct run *run, struct text *out) NONNULL(1, 2);

/* Skips grouped by the need, most frequent first. */
struct need_count {
	const char *need;
	unsigned count;
};
DEFINE_VEC(need_counts, struct need_count);
void words_skips(const struct run *run, struct need_counts *ret) NONNULL(1, 2);

/* Time by phase, in the order in which the phases first appear. */
struct phase_sum {
	const char *name;
	uint64_t span_ns;
	unsigned count;
};
DEFINE_VEC(phase_sums, struct phase_sum);
void words_phases(const struct run *run, struct phase_sums *ret) NONNULL(1, 2);

/* The cases that took the longest of those that took a second or more, longest first, at most `count`. */
DEFINE_VEC(long_cases, const struct run_case *);
void words_longest(const struct run *run, size_t count, struct long_cases *ret) NONNULL(1, 3);

#endif
