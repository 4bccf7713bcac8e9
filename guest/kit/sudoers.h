/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sudo's rules in a tree: logical lines of /etc/sudoers and what it includes.
 *
 *	sudoers_each_line(t, visit, &state);
 */
#ifndef ASSAY_KIT_SUDOERS_H
#define ASSAY_KIT_SUDOERS_H

#include "guest/kit/case.h"

/* Comments are taken off and continued lines joined. Includes are followed, and not given. */
typedef void sudoers_line_fn(struct trial *t, void *arg, const char *path, const char *line);

/* Skips the case (need cmd:sudo) when sudo is not installed. */
void sudoers_each_line(struct trial *t, sudoers_line_fn *fn, void *arg) NONNULL(1, 2);
/* The same for every file that sudo reads. */
typedef void sudoers_file_fn(struct trial *t, void *arg, const char *path);
void sudoers_each_file(struct trial *t, sudoers_file_fn *fn, void *arg) NONNULL(1, 2);

/* Why sudo would refuse a line; NULL when it is well formed as far as this can see. */
const char *sudoers_line_problem(const char *line) NONNULL(1);

#endif
