/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the reader of runbooks share. */
#ifndef ASSAY_HOST_RUNBOOK_INTERNAL_H
#define ASSAY_HOST_RUNBOOK_INTERNAL_H

#include "host/runbook/include.h"
#include "host/runbook/runbook.h"
#include "host/runbook/size_table.h"

DEFINE_YAML_ITEMS(runbook_size_words, struct size_words);

/* The runbook, and of what the files say that which becomes something else in it. */
struct runbook_state {
	struct runbook book; /* what the caller has points to it */
	struct include_files files;
	struct runbook_size_words sizes;
	struct yaml_texts size_paths;
	struct yaml_map combine, cases, limits;
	struct yaml_number mode, ways, over;
	struct yaml_text csv;
	/* Never filled: the tree has them no more when it is read. The table knows them for who misspells one. */
	struct yaml_texts include, secrets;
	struct runbook_traits variables;
};

/* The keys, relative to struct runbook_state. */
extern const struct yaml_field runbook_fields[];

/* Collects problems of one runbook. */
struct runbook_problems {
	const char *path;
	struct text *lines;
	unsigned count;
};
void runbook_complain(struct runbook_problems *problems, struct yaml_place place,
		      const char *format, ...) PRINTF(3, 4) NONNULL(1, 3);

/* What only shows when all is read; fills what follows from it: the axes' (names, files) first, then the rest (`combine`, rows). */
void runbook_check_axes(struct runbook_state *state, struct runbook_problems *problems)
	NONNULL(1, 2);
void runbook_check(struct runbook_state *state, struct runbook_problems *problems) NONNULL(1, 2);

/* Gives each kernel its file and its name, each file of a glob an entry of its own; and adds what follows from kernels for images:
 * RUNBOOK_NO_IMAGE when there are none, and that such a machine has no kernel and no firmware but what is tried. */
void runbook_find_kernels(struct runbook_state *state, struct runbook_problems *problems)
	NONNULL(1, 2);

/* Looks the sizes up, in the files that ship, those of the runbook and those of `inputs`. */
void runbook_find_sizes(struct runbook_state *state, const struct runbook_inputs *inputs,
			struct runbook_problems *problems) NONNULL(1, 2, 3);

/* Reads the rows of `combine: {csv: FILE}` (RFC 4180): the first line names axes. The cells' places are in that file. */
void runbook_read_rows(struct runbook_state *state, struct runbook_problems *problems)
	NONNULL(1, 2);

#endif
