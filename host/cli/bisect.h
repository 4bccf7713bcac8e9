/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of `assay bisect` share. */
#ifndef ASSAY_HOST_CLI_BISECT_H
#define ASSAY_HOST_CLI_BISECT_H

#include "host/bisect/state.h"
#include "host/cli/kernel_source.h"

#define BISECTIONS "bisections" /* in the state folder */

struct bisect_arguments {
	struct source_arguments source;
	struct policy_arguments policy;
	struct text_list case_folders, suite_sources;
	const char *tree, *good, *bad, *case_id, *image, *size, *agent, *until_sure, *sure_budget;
	const char *out, *resume;
	const char *jobs;
	int accel, firmware;
	bool kernels, images, sort, first_parent, cold, json, quiet;
};

struct bisecting {
	const struct bisect_arguments *arguments;
	struct bisect state;
	char *folder;	/* of the bisection, absolute */
	char *program;	/* Assay itself, which runs each try */
	struct git git; /* of commits */
	struct interrupt interrupt;
	struct patience p;
	char *claim_path;
	int claim;
	uint64_t since_ns; /* what of this session is not in state.spent_ns */
};

/* bisect_setup.c: what is bisected, from the command line or from a folder, with all that can be wrong with it. */
int bisect_begin(struct bisecting *b, char **operands, size_t count, struct err *e) NONNULL(1, 4);
int bisect_resume(struct bisecting *b, const char *name, struct err *e) NONNULL(1, 2, 3);
void bisecting_done(struct bisecting *b) NONNULL(1);
DEFINE_CLEAN_DONE(bisecting);

/* bisect_next.c: which subject is the next one; of what is found also the pair. */
struct bisect_next {
	struct bisect_subject subject; /* with SEARCH_NEXT; to be freed */
	size_t left;		       /* that may be the culprit, or lie before it */
	struct bisect_words suspects;  /* ids; with SEARCH_FOUND the culprit alone */
};
int bisect_choose(struct bisecting *b, enum search_state *ret_state, struct bisect_next *ret,
		  struct err *e) NONNULL(1, 2, 3, 4);
void bisect_next_done(struct bisect_next *next) NONNULL(1);
DEFINE_CLEAN_DONE(bisect_next);
/* A commit as a subject: its short id and its first line. */
int bisect_name_commit(struct bisecting *b, const char *id, char **ret, struct err *e)
	NONNULL(1, 2, 3, 4);

/* bisect_try.c: tries one until it is sure, and keeps how it came out. Errors are the host's, or the user has ended it. */
int bisect_try(struct bisecting *b, const struct bisect_subject *subject,
	       const struct bisect_try **ret, struct err *e) NONNULL(1, 2, 3, 4);

/* bisect_report.c: what is told on the way, and the end of it. */
void bisect_tell(const struct bisecting *b, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
void bisect_tell_try(const struct bisecting *b, const struct bisect_try *it) NONNULL(1, 2);
/* "passed 31 of 31 (90.8-100 %)"; "" when it was not executed. */
void bisect_add_share(const struct bisect_try *it, struct text *out) NONNULL(1, 2);
/* Prints it, keeps it as report.txt and report.json in the folder, and gives the exit code. */
int bisect_report(struct bisecting *b, enum search_state state, const struct bisect_next *next,
		  struct err *e) NONNULL(1, 3, 4);

#endif
