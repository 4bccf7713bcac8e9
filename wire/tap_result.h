/* SPDX-License-Identifier: Apache-2.0 */
/* From what was read of a program's output to the result of the case that it is. No I/O here. */
#ifndef ASSAY_WIRE_TAP_RESULT_H
#define ASSAY_WIRE_TAP_RESULT_H

#include "wire/program.h"
#include "wire/tap.h"

/* Keeps each point (but sums) as a sub-result, and tells each failure as a check; the first is the result's own. `program` is
 * whose output it is. */
void tap_tell_points(const struct tap_tree *tree, const char *program, program_check_fn *on_check,
		     void *arg, struct result *result) NONNULL(1, 2, 5);

/* The first test that did not come to its end; NULL: all did. */
const struct tap_point *tap_first_undecided(const struct tap_tree *tree) NONNULL(1);

/* The last line of an output that is not empty, for people; "" there is none. */
void output_last_line(const char *output, size_t length, char *buf, size_t size) NONNULL(1, 3);

#endif
