/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clocks beside the host's. */
#include "host/cases/host_time.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "host/cases/host_netpeer.h"

#define RIGHT_MS 2000
#define LOOK_MS	 500
/* A daemon whose server did not answer asks again after half a minute. */
#define ASKS_S 45

void clocks_read(struct host_trial *t, struct clocks *ret)
{
	long long wall_before = (long long)clock_wall_ns(), before = (long long)clock_now_ns();
	const char *reply = host_ask(t, "time", NULL);

	HOST_REQUIRE(t, reply && sscanf(reply, "wall_ns=%lld monotonic_ns=%lld", &ret->wall_ns,
					&ret->monotonic_ns) == 2);
	ret->doubt_ns = ((long long)clock_now_ns() - before) / 2;
	ret->host_wall_ns = wall_before + ret->doubt_ns;
	ret->host_ns = before + ret->doubt_ns;
}

long long clock_off_ms(struct host_trial *t, long long ahead_ms)
{
	struct clocks clocks;

	clocks_read(t, &clocks);
	long long off_ns =
		llabs(clocks.wall_ns - clocks.host_wall_ns - ahead_ms * 1000000) - clocks.doubt_ns;
	return off_ns > 0 ? off_ns / 1000000 : 0;
}

bool clock_is_right_within(struct host_trial *t, long long ahead_ms, unsigned seconds)
{
	uint64_t began_ns = clock_now_ns();
	long long off_ms;

	while ((off_ms = clock_off_ms(t, ahead_ms)) > RIGHT_MS &&
	       clock_now_ns() - began_ns < seconds * NS_PER_S)
		host_sleep(t, LOOK_MS);
	host_note(t, "after %llu s the guest's clock is %lld ms off",
		  (unsigned long long)((clock_now_ns() - began_ns) / NS_PER_S), off_ms);
	return off_ms <= RIGHT_MS;
}

void clock_await_daemon(struct host_trial *t)
{
	if (host_call(t, "probe", "time_daemon", NULL) != 0)
		host_skip(t, "time-daemon", "nobody here keeps the clock right by the network");
	if (!peer_saw(t, "ntp-query", 1, ASKS_S))
		host_note(t, "the time daemon has asked nobody for %d s", ASKS_S);
}

void clock_freeze_daemon(struct host_trial *t)
{
	if (host_call(t, "probe", "time_daemon", NULL) != 0)
		host_broken(t, "no time daemon is known here");
	if (host_call(t, "probe", "&keep_time_daemon_frozen", NULL) != 0)
		host_broken(t, "the time daemon cannot be frozen");
}
