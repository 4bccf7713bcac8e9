/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a case that is a program, on their way to where it runs. */
#ifndef ASSAY_HOST_MACHINE_PROGRAM_H
#define ASSAY_HOST_MACHINE_PROGRAM_H

#include "host/machine/machine.h"

#define PROGRAM_FILES_MAX (64U << 20) /* bytes of one file, and of all together */

/* Reads one of program->files, and its mode. Blame user: it is not there, no regular file, or too large. */
int program_read_file(const struct case_program *program, const char *name, struct text *ret_bytes,
		      unsigned *ret_mode, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Brings all of them into the guest and adds what its agent has to know to `parameters`. Returns 0; 1 when the guest did not
 * take them, and `result` is broken and says why; or a negative errno. */
int program_bring(struct machine *machine, const struct case_info *info, const struct patience *p,
		  struct text *parameters, struct result *result, struct err *e)
	NONNULL(1, 2, 3, 4, 5, 6);

#endif
