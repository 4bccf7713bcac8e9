/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's clocks beside the host's, and who in the guest keeps them right. What netpeer:ntp tells is the host's time, plus
 * what peer_set(t, "ntp-offset", …) adds.
 *
 *	struct clock_daemon daemon = clock_await_daemon(t);
 *	...
 *	HOST_CHECK(t, clock_is_right_within(t, 0, daemon.corrects_s));
 */
#ifndef ASSAY_HOST_CASES_HOST_TIME_H
#define ASSAY_HOST_CASES_HOST_TIME_H

#include "host/cases/host_case.h"

struct clocks {
	long long wall_ns, monotonic_ns; /* the guest's */
	long long host_wall_ns, host_ns; /* in the middle of the question */
	long long doubt_ns;		 /* half of what question and answer took */
};

void clocks_read(struct host_trial *t, struct clocks *ret) NONNULL(1, 2);

/* How far the guest's wall clock is at least from the host's, were that ahead by so much. */
long long clock_off_ms(struct host_trial *t, long long ahead_ms) NONNULL(1);
/* True when the guest's wall clock was within two seconds of that; how long it took is noted. */
bool clock_is_right_within(struct host_trial *t, long long ahead_ms, unsigned seconds) NONNULL(1);

/* The guest's, as guest/kit/time_daemon.h knows it. */
struct clock_daemon {
	const char *name;
	unsigned first_answers, corrects_s;
	bool wants_several, reads_ptp;
};

/* Waits until the guest's time daemon was answered so often that it does as on a machine that has run for a while: it has not
 * its first updates before it, in which it would step the clock however far. When that takes too long this is noted.
 * Skips where no daemon is known, or one that never steps, asks nobody or does not believe a single server; needs
 * netpeer:ntp. */
struct clock_daemon clock_await_daemon(struct host_trial *t) NONNULL(1);
/* For sabotages: waits in the same way, and then the daemon stands still, however often it is started. */
void clock_freeze_daemon(struct host_trial *t) NONNULL(1);

#endif
