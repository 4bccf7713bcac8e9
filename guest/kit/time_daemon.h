/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who keeps the clock right by the network, and what can be asked of him.
 *
 *	struct time_daemon daemon;
 *	if (!time_daemon_look(&daemon))
 *		case_skip(t, "time-daemon", "nobody here keeps the clock right by the network");
 *	pause_until(clock_now_ns() + daemon.corrects_s * NS_PER_S, 250);
 */
#ifndef ASSAY_KIT_TIME_DAEMON_H
#define ASSAY_KIT_TIME_DAEMON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

struct time_daemon {
	const char *name;
	/* Until it was answered so often it may do what it does not do later: step the clock, however far. */
	unsigned first_answers;
	/* So long it takes at most, polls included, until a clock that was put off is right again; 0: it slews it over hours. */
	unsigned corrects_s;
	/* Distributions have it believe only what several servers tell; then it may never believe the one that there is here. */
	bool wants_several;
	bool reads_ptp; /* it has a PTP clock open, which in a virtual machine is the host's */
};

/* False when there is none that is known. */
bool time_daemon_look(struct time_daemon *ret) NONNULL(1);
/* Stops all processes that keep the clock right by the network; false: none is known. */
bool freeze_time_daemons(void);

/* Does the kernel know that somebody keeps the clock right? Not every daemon tells it. */
bool clock_is_synchronised(void);

/* Which one a process is: by its name as the kernel keeps it, its command line, and the path of its program. Several are called
 * ntpd. False: none that is known. */
bool time_daemon_is(const char *comm, const char *command_line, const char *program,
		    struct time_daemon *ret) NONNULL(1, 2, 3, 4);

#endif
