/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build says of a source tree, line by line: errors and warnings with their place, and what this host lacks for it. The lines
 * are of gcc, clang, as, ld, modpost, Kconfig and make.
 *
 *	struct diagnostic found;
 *	if (diagnostic_take("kernel/fork.c:12:3: error: no such thing", "", &found)) ...
 */
#ifndef ASSAY_HOST_KERNEL_DIAGNOSTIC_H
#define ASSAY_HOST_KERNEL_DIAGNOSTIC_H

#include <stdbool.h>

#include "base/scope.h"
#include "base/text.h"
#include "base/vec.h"

#define DIAGNOSTIC_LINE_MAX 4096 /* of a line so much is looked at */

enum diagnostic_kind {
	DIAGNOSTIC_WARNING,
	DIAGNOSTIC_ERROR,
	DIAGNOSTIC_STOP, /* make gave up: it tells nothing where something else is told */
};
const char *diagnostic_kind_name(enum diagnostic_kind kind); /* "warning", "error", "stop" */

struct diagnostic {
	enum diagnostic_kind kind;
	char file[200];	       /* in the tree; "": none is named */
	unsigned line, column; /* 0: not named */
	char text[320];
};
DEFINE_VEC(diagnostics, struct diagnostic);

/* True when the line is one. `tree` is what paths begin with that lie in it; "": they are taken as they are. */
bool diagnostic_take(const char *line, const char *tree, struct diagnostic *ret) NONNULL(1, 2, 3);

/* What the line says that this host lacks, in words with the package of Debian that has it, "flex (package flex)"; NULL: nothing. */
const char *diagnostic_lack(const char *line) NONNULL(1);

/* Adds "kernel/fork.c:12:3: error: no such thing". */
void diagnostic_add(const struct diagnostic *diagnostic, struct text *out) NONNULL(1, 2);

#endif
