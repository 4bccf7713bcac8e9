/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steal: the processor time that machines wanted and this host gave to others meanwhile, as the scheduler counts it for
 * each thread (/proc/PID/task/TID/schedstat, see Documentation/scheduler/sched-stats.rst of Linux). On a host that is
 * too busy, what was awaited in a machine does not come in time, and that says nothing of the image.
 *
 *	struct steal mark = steal_now();
 *	... something that times out ...
 *	if (steal_percent_since(&mark) >= STEAL_TOO_MUCH) (the host is to blame)
 *
 * It is of all machines of this process together: they share the host. Any thread may call.
 */
#ifndef ASSAY_HOST_DRIVER_STEAL_H
#define ASSAY_HOST_DRIVER_STEAL_H

#include <stdint.h>
#include <sys/types.h>

#include "base/scope.h"

/* Percent. A run that fills its host (two machines of two CPUs on two) loses half; it is told from one whose host has
 * other work. */
#define STEAL_TOO_MUCH 75

/* With the percentage: for the end of a sentence that says what did not come. */
#define STEAL_SENTENCE                                                                                           \
	"this host gave %u %% of the processor time that its machines wanted to others meanwhile: run fewer at " \
	"once (--jobs), or where less goes on"

/* Sums since this process began. */
struct steal {
	uint64_t ran_ns, stolen_ns;
};

/* For drivers: the threads of that process count from now on, and until it is left; leave it before it is reaped. */
void steal_watch(pid_t pid);
void steal_leave(pid_t pid);

struct steal steal_now(void);

/* 0 to 100: how much of what was wanted since the mark others got. 0 also where the kernel does not count it, or too
 * little was wanted (a tenth of a second) to say. */
unsigned steal_percent_since(const struct steal *mark) NONNULL(1);

#endif
