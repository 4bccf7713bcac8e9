/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is not what it was, in the overlay of a tree: for asking whether a case notices (bench/mutation.c). Whoever runs
 * the case plants one before it, and asks after a run without any which files there are to mutate:
 *
 *	trial_execute(&setup, &result);
 *	mutation_files(tree, add_file, files);
 *	...in a copy of the process, or in a new one...
 *	r = mutation_plant(tree, "/etc/fstab", MUTATION_EMPTIED, seed);
 *	trial_execute(&setup, &result);                 (it takes what was planted away)
 */
#ifndef ASSAY_KIT_MUTATION_H
#define ASSAY_KIT_MUTATION_H

#include "guest/kit/tree.h"

enum mutation {
	MUTATION_NONE,
	MUTATION_EMPTIED,
	MUTATION_GARBLED, /* random bytes, as many as there were */
	MUTATION_HALVED,  /* the first half is left */
	MUTATION_ABSENT,
	MUTATION_SCRATCHED, /* a byte in 64 is another: nobody has to notice, but a parser comes further than in garbage */
	MUTATION_COUNT
};

/* The keys by which the agent is told in the parameters of a run. With the mutation "none" it tells, after the case, of each
 * of its files in a note: MUTATION_NOTE, 'c' or '-', a blank and the path. */
#define MUTATION_PARAMETER "mutation"
#define MUTATION_PATH	   "mutation.path"
#define MUTATION_SEED	   "mutation.seed"
#define MUTATION_NOTE	   "mutation: read "

const char *mutation_name(enum mutation mutation);
/* MUTATION_COUNT when there is none of that name. */
enum mutation mutation_of_name(const char *name) NONNULL(1);

/* Plants it; 0, or -errno. The random bytes follow from the path and the seed. */
int mutation_plant(struct tree *tree, const char *path, enum mutation mutation, uint64_t seed)
	NONNULL(1, 2);

/* Calls `file` for each regular file that was asked for (tree_read_path), once whatever links lead to it. `has_content`: it
 * was read, and there is something in it; else only its absence makes a difference. */
typedef void mutation_file_fn(void *arg, const char *path, bool has_content);
void mutation_files(struct tree *tree, mutation_file_fn *file, void *arg) NONNULL(1, 2);

#endif
