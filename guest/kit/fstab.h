/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of /etc/fstab.
 *
 *	struct fstab_line line;
 *	for (const char *at = text; fstab_next(&at, &line);)
 *		if (fstab_has_option(&line, "nofail")) ...
 */
#ifndef ASSAY_KIT_FSTAB_H
#define ASSAY_KIT_FSTAB_H

#include <stdbool.h>

#include "guest/kit/line.h"

struct fstab_line {
	struct words words;
	const char *what, *where, *type,
		*options; /* "" when the line is too short; \040 and the like decoded */
};

/* The next line that is neither empty nor a comment; false at the end. */
bool fstab_next(const char **at, struct fstab_line *ret) NONNULL(1, 2);
/* Why nothing can be mounted by it, "has no type"; NULL: it is well formed. */
const char *fstab_line_problem(const struct fstab_line *line) NONNULL(1);
bool fstab_has_option(const struct fstab_line *line, const char *name) NONNULL(1, 2);
/* Copies an option's value, as "@home" of "compress,subvol=@home"; false when it is not there, or too long. */
bool fstab_option_value(const char *options, const char *name, char *ret, size_t size)
	NONNULL(1, 2, 3);

/* Finds in `what` of the form TAG=value, as UUID="x", the value without quotes; NULL when it is of no such form. */
const char *fstab_tag_value(const char *what, const char *tag) NONNULL(1, 2);

#endif
