/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clocks beside the host's. */
#include "host/cases/host_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "host/cases/host_netpeer.h"

#define RIGHT_MS 2000
#define LOOK_MS	 500
/* One whose server did not answer asks again after half a minute, or a whole one; chrony, when it was started before the network
 * was up, looks for its server's address again after 28, 56 and 112 s first, and then waits for a poll. */
#define ASKS_S 300
/* Eight polls of a minute each, and another. */
#define LEARNS_S 600
/* Without what it learned before, ntpd measures the clock for 300 s first. */
#define BELIEVES_S 400

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

static struct clock_daemon find_daemon(struct host_trial *t)
{
	struct clock_daemon daemon = {.name = ""};
	int wants_several = 0, reads_ptp = 0, name_at = 0;

	if (host_call(t, "probe", "time_daemon", NULL) == ESRCH)
		host_skip(t, "time-daemon", "nobody here keeps the clock right by the network");
	const char *reply = host_ask(t, "probe", "time_daemon", NULL);
	HOST_REQUIRE(t, reply != NULL);
	if (sscanf(reply, "first_answers=%u corrects_s=%u wants_several=%d reads_ptp=%d %n",
		   &daemon.first_answers, &daemon.corrects_s, &wants_several, &reads_ptp,
		   &name_at) != 4 ||
	    name_at == 0)
		host_broken(t, "the agent tells of the time daemon: %s", reply);
	daemon.name = reply + name_at;
	daemon.wants_several = wants_several;
	daemon.reads_ptp = reads_ptp;
	if (daemon.corrects_s == 0)
		host_skip(t, "time-daemon", "%s never steps the clock", daemon.name);
	return daemon;
}

static bool is_synchronised_within(struct host_trial *t, unsigned seconds)
{
	uint64_t until_ns = clock_now_ns() + seconds * NS_PER_S;

	while (host_call(t, "probe", "clock_is_synchronised", NULL) != 0) {
		if (clock_now_ns() > until_ns)
			return false;
		host_sleep(t, LOOK_MS);
	}
	return true;
}

struct clock_daemon clock_await_daemon(struct host_trial *t)
{
	struct clock_daemon daemon = find_daemon(t);

	if (!peer_saw(t, "ntp-query", 1, ASKS_S)) {
		if (!daemon.reads_ptp)
			host_skip(t, "time-daemon", "%s has asked nobody by NTP for %d s",
				  daemon.name, ASKS_S);
		host_note(t, "%s asks nobody but a PTP clock", daemon.name);
		return daemon;
	}
	if (!peer_saw(t, "ntp-query", daemon.first_answers, LEARNS_S))
		host_note(
			t,
			"%s has asked less than %u times in %d s: its first updates may be yet to come",
			daemon.name, daemon.first_answers, LEARNS_S);
	if (daemon.wants_several && !is_synchronised_within(t, BELIEVES_S))
		host_skip(t, "time-daemon", "%s does not believe the one server that is here",
			  daemon.name);
	return daemon;
}

void clock_freeze_daemon(struct host_trial *t)
{
	(void)clock_await_daemon(t);
	if (host_call(t, "probe", "&keep_time_daemon_frozen", NULL) != 0)
		host_broken(t, "the time daemon cannot be frozen");
}
