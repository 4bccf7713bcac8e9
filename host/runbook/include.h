/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file and those that it includes as one tree: `include: [FILE, …]` lays the file over them, mappings key by key, all else as
 * a whole. A later one of the list goes over an earlier one.
 *
 *	struct include_files files = INCLUDE_FILES_INIT;
 *	struct yaml_node *root = include_load(&files, "runbook.yaml", &problems);
 *	…			(the places of its nodes borrow paths from `files`)
 *	include_files_done(&files);
 */
#ifndef ASSAY_HOST_RUNBOOK_INCLUDE_H
#define ASSAY_HOST_RUNBOOK_INCLUDE_H

#include "base/yaml_tree.h"

#define INCLUDE_DEPTH_MAX 16	     /* of files that include files */
#define INCLUDE_FILES_MAX 64	     /* all together, each time that it is included */
#define INCLUDE_BYTES_MAX (4U << 20) /* all together */

struct include_files {
	DEFINE_VEC(, char *) paths; /* all that were read, in their order: owned */
	size_t bytes;
	bool is_closed; /* no file is opened: tests, fuzzing */
};
#define INCLUDE_FILES_INIT                                                                         \
	{                                                                                          \
		.paths = VEC_INIT(INCLUDE_FILES_MAX)                                               \
	}
void include_files_done(struct include_files *files) NONNULL(1);

/* NULL when something is wrong: a line for each problem has been added. */
struct yaml_node *include_load(struct include_files *files, const char *path, struct text *problems)
	NONNULL(1, 2, 3);
/* The same for a file whose bytes are there. */
struct yaml_node *include_parse(struct include_files *files, const char *path, const char *bytes,
				size_t length, struct text *problems) NONNULL(1, 2, 5);

/* Keeps a copy of the path for as long as `files` lives; NULL when there are too many. */
const char *include_keep(struct include_files *files, const char *path) NONNULL(1, 2);

/* The path of a file that is named in the file `from`: relative ones are beside it. Gives it. */
char *include_beside(const char *from, const char *name) NONNULL(1, 2);

#endif
