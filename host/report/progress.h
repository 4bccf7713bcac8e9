/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run while it goes on: one live line on a terminal, plain lines elsewhere, or JSON lines for programs. All functions
 * may be called from any thread; one mutex inside, under which only the terminal is written.
 *
 *	struct progress *progress = progress_new(PROGRESS_LIVE, total, NULL);
 *	progress_set_cells(progress, cells, count);     (where there are several, or it is known how long they take)
 *	progress_state(progress, 0, "booting debian-12");
 *	progress_record(progress, record);
 *	progress_tick(progress);
 *	progress_free(progress);          (the line is gone)
 */
#ifndef ASSAY_HOST_REPORT_PROGRESS_H
#define ASSAY_HOST_REPORT_PROGRESS_H

#include "base/outlet.h"
#include "host/store/record.h"

enum progress_mode {
	PROGRESS_QUIET,
	PROGRESS_PLAIN, /* a line for each phase and each result, on stderr */
	PROGRESS_LIVE,	/* only what is no pass, and a line that changes, on stderr */
	PROGRESS_JSON,	/* each record as a line of JSON into the outlet, as in the journal */
};

struct progress;

/* The outlet, for JSON only, is borrowed; nobody else uses it until progress_free. */
struct progress *progress_new(enum progress_mode mode, size_t total, struct outlet *outlet);
void progress_free(struct progress *progress);
/* How long a log may say nothing while something goes on; 30 s unless told. */
void progress_set_silence(struct progress *progress, uint64_t span_ns) NONNULL(1);
DEFINE_CLEANUP(progress);

/* What is known of a cell before it begins. */
struct progress_cell {
	const char *label;    /* "debian-12, small, uefi"; copied */
	size_t due;	      /* results that it will have; 0: it is done already */
	uint64_t expected_ns; /* how long they take, all added up */
};

/* To be called once, before anything is told. From then on the rest of the time is guessed, by what was expected and how long it
 * really took so far; with several cells it is shown how many are done, running and waiting, and lines name their cell. */
void progress_set_cells(struct progress *progress, const struct progress_cell *cells, size_t count)
	NONNULL(1, 2);

/* How long the rest takes, after that time, if it goes on as so far; 0: nobody can tell yet. */
uint64_t progress_left_ns(const struct progress *progress, uint64_t elapsed_ns) NONNULL(1);

/* These take a struct progress * as void *, to be callbacks. */
void progress_record(void *progress, const struct record *record) NONNULL(1, 2);
void progress_state(void *progress, unsigned worker, const char *state)
	NONNULL(1, 3); /* "": it does nothing */
void progress_cell_begins(void *progress, unsigned cell) NONNULL(1);
/* What may take minutes begins: a log, which has no line that changes, gets one of it. */
void progress_step(void *progress, const char *step) NONNULL(1, 2);
/* To be called a few times a second. */
void progress_tick(void *progress) NONNULL(1);
/* The last sentence before the program ends at once: nothing is shown after it, by no thread. */
void progress_say_last(struct progress *progress, const char *format, ...) PRINTF(2, 3)
	NONNULL(1, 2);
/* A sentence of the program's own, above the live line. */
void progress_say(struct progress *progress, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);

#endif
