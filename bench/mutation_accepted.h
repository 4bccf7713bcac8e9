/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which cases it is right to pass over a file that is not what it was: lines of a case, a mutation ("*" for all), the files
 * (a pattern as of fnmatch(3), in which '*' takes slashes too) and the reason, with tabs between them. Lines that begin with
 * '#' are for readers.
 *
 *	r = accepted_read(path, &accepted, e);
 *	reason = accepted_reason(&accepted, "image.no_shell_history", MUTATION_EMPTIED, NULL);
 *	accepted_done(&accepted);
 */
#ifndef ASSAY_BENCH_MUTATION_ACCEPTED_H
#define ASSAY_BENCH_MUTATION_ACCEPTED_H

#include "base/vec.h"
#include "bench/mutation_trial.h"

struct accepted_line {
	char *id, *files, *reason; /* owned */
	enum mutation mutation;	   /* MUTATION_NONE: all */
};
DEFINE_VEC(accepted, struct accepted_line);

#define ACCEPTED_INIT VEC_INIT(10000)

/* Refuses lines that are none, and cases that do not exist. */
int accepted_read(const char *path, struct accepted *ret, struct err *e) NONNULL(1, 2, 3);
void accepted_done(struct accepted *accepted) NONNULL(1);
DEFINE_CLEAN_DONE(accepted);

/* True when the line is about that file; NULL: about all of them. */
bool accepted_is_about(const struct accepted_line *line, const char *id, enum mutation mutation,
		       const char *file) NONNULL(1, 2);
/* NULL: it is not accepted. */
const char *accepted_reason(const struct accepted *accepted, const char *id, enum mutation mutation,
			    const char *file) NONNULL(1, 2);

#endif
