/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program as the body of a case, in the process of that case. */
#ifndef ASSAY_GUEST_PROGRAM_CASE_H
#define ASSAY_GUEST_PROGRAM_CASE_H

#include "guest/runner.h"
#include "wire/program.h"

/* True when the order is for a program (wire/program.h has the parameters) and not for a registered case. */
bool is_program_order(const struct run_order *order) NONNULL(1);

/* Judges the needs, plants the sabotage when the order says so, runs the program and judges its end. What it prints goes to
 * our stdout too. It has no time limit here: the agent ends the whole process. */
void program_case_execute(const struct run_order *order, bool private_mounts,
			  program_check_fn *on_check, void *arg, struct result *result)
	NONNULL(1, 3, 5);

#endif
