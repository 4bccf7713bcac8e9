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

/* A process that has taken its place already and waits for its order. */
struct standby {
	pid_t pid; /* 0: there is none */
	int order_fd;
	struct case_process process;
};
#define STANDBY_NONE                                                                               \
	{                                                                                          \
		.order_fd = -1, .process = {.report_fd = -1, .output_fd = -1 }                     \
	}

/* Has one stand by: in a copy of a frozen guest all code is slow when it runs for the first time, so what does not depend
 * on the case is done before the guest is frozen. When there is one already that is enough. */
int standby_start(struct standby *standby, struct err *e) NONNULL(1, 2);

/* Ends it unused. */
void standby_done(struct standby *standby) NONNULL(1);

/* Starts it: own session, private mounts, limits, clean environment; then needs, sabotage and body. The
 * one that stands by becomes it, if there is one. */
int case_process_start(const struct run_order *order, struct standby *standby,
		       struct case_process *ret, struct err *e) NONNULL(1, 2, 3, 4);

/* Adds a FRAME_RESULT. */
struct result;
void add_result(struct text *out, const struct result *result) NONNULL(1, 2);

#endif
