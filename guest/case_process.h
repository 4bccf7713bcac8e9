/* SPDX-License-Identifier: Apache-2.0 */
/* The process in which a case runs: its surroundings, and what it reports to the agent. */
#ifndef ASSAY_GUEST_CASE_PROCESS_H
#define ASSAY_GUEST_CASE_PROCESS_H

#include <sys/types.h>

#include "guest/runner.h"

#define CASE_REPORT_MAX (1U << 20) /* bytes of frames that a case may report */

struct case_process {
	pid_t pid;
	int report_fd; /* frames: CHECK, OUTPUT, RESULT */
	int output_fd; /* stdout and stderr */
};

/* Starts it: own session, private mounts, limits, clean environment; then needs, sabotage and body. */
int case_process_start(const struct run_order *order, struct case_process *ret, struct err *e)
	NONNULL(1, 2, 3);

/* Adds a FRAME_RESULT. */
struct result;
void add_result(struct text *out, const struct result *result) NONNULL(1, 2);

#endif
