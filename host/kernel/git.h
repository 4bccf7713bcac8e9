/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository of git, read by git itself: what a revision is, and a revision's files in a folder of ours. Nothing of the repository is
 * changed: no reference, no index, no work tree of the user's, and none of its hooks is run.
 *
 *	CLEAN_DONE(git) struct git git;
 *	r = git_open("linux", &patience, &git, e);
 *	r = git_commit(&git, "v6.1", &patience, id, e);
 *	r = git_put_files(&git, id, folder, index, &patience, e);
 */
#ifndef ASSAY_HOST_KERNEL_GIT_H
#define ASSAY_HOST_KERNEL_GIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"

#define GIT_ID_SIZE    65 /* SHA-256, and the end; of SHA-1 it holds 40 digits */
#define GIT_OUTPUT_MAX (256U << 20)

struct git {
	char *folder; /* where it keeps its objects, absolute */
	char *top;    /* of its work tree; NULL: it has none */
};

/* -ENOENT without blame: there is no repository at that path. -ENOENT (blame host): git is not installed. */
int git_open(const char *path, const struct patience *p, struct git *ret, struct err *e)
	NONNULL(1, 2, 3, 4);
void git_done(struct git *git) NONNULL(1);
DEFINE_CLEAN_DONE(git);

/* Runs git in it with these words (NULL-terminated, 1,000 at most) and takes what it prints. What git complains of blames the user. */
int git_run(const struct git *git, const char *const *words, const struct patience *p,
	    struct text *out, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* The commit, or the tree, that a revision names, as hex digits. */
int git_commit(const struct git *git, const char *revision, const struct patience *p,
	       char ret[GIT_ID_SIZE], struct err *e) NONNULL(1, 2, 3, 4, 5);
int git_tree(const struct git *git, const char *revision, const struct patience *p,
	     char ret[GIT_ID_SIZE], struct err *e) NONNULL(1, 2, 3, 4, 5);
bool is_git_id(const char *text) NONNULL(1);

/* Makes the folder, which exists, hold that revision's files and no other; what is there already as it has to be stays, with its times.
 * `index` is a file of ours that knows what was put there before. */
int git_put_files(const struct git *git, const char *revision, const char *folder,
		  const char *index, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3, 4, 5, 6);

#endif
