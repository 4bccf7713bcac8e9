/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the clock right by the network. */
#include <time.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/peer.h"
#include "guest/kit/time_daemon.h"

#define JUMP_NS	   (5LL * 1000 * 1000 * 1000)
#define ALLOWED_NS (JUMP_NS / 2)
#define SET_NS	   (100LL * 1000 * 1000) /* so far from where it was it has been set */
#define SLEWED_NS  (20LL * 1000 * 1000)	 /* so far in a second it is on its way yet */
#define LOOKS	   5
/* Without what it learned before, ntpd measures the clock for 300 s first. */
#define BELIEVES_NS (400 * NS_PER_S)

/* How far the clock is from where it would be had nobody set it. */
static long long offset_ns(void)
{
	uint64_t least_ns = UINT64_MAX;
	long long offset = 0;

	/* An emulated CPU may stand still between the two clocks: the look that took the shortest time is the best. */
	for (unsigned i = 0; i < LOOKS; i++) {
		uint64_t before_ns = clock_now_ns(), wall_ns = clock_wall_ns();
		uint64_t took_ns = clock_now_ns() - before_ns;
		if (took_ns < least_ns)
			offset = (long long)wall_ns - (long long)(before_ns + took_ns / 2);
		least_ns = took_ns < least_ns ? took_ns : least_ns;
	}
	return offset;
}

static void set_clock_back(void *arg)
{
	const long long *offset = arg;
	uint64_t wall_ns = clock_now_ns() + (uint64_t)*offset;
	struct timespec time = {.tv_sec = (time_t)(wall_ns / NS_PER_S),
				.tv_nsec = (long)(wall_ns % NS_PER_S)};

	(void)clock_settime(CLOCK_REALTIME, &time);
}

static bool is_believed(const struct time_daemon *daemon)
{
	uint64_t until_ns = clock_now_ns() + BELIEVES_NS;

	while (daemon->wants_several && !clock_is_synchronised())
		if (!pause_until(until_ns, 250))
			return false;
	return true;
}

/* Sets the clock wrong; true when somebody has set it again. */
static bool jump_is_noticed(struct trial *t, const struct time_daemon *daemon, long long right)
{
	uint64_t until_ns = clock_now_ns() + daemon->corrects_s * NS_PER_S;
	long long wrong = right + JUMP_NS;

	set_clock_back(&wrong);
	wrong = offset_ns();
	REQUIRE(t, llabs(wrong - right) > ALLOWED_NS);
	while (llabs(offset_ns() - wrong) < SET_NS)
		if (!pause_until(until_ns, 250))
			return false;
	/* One that is slewed is not right yet. */
	for (long long before = offset_ns();
	     pause_until(until_ns, 1000) && llabs(offset_ns() - before) > SLEWED_NS;)
		before = offset_ns();
	return true;
}

CASE(time, jump_is_corrected, .title = "A clock that was set wrong by hand is corrected soon",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:ntp", .timeout_s = 2800,
     .waits = true,
     .why = "A wrong clock makes certificates invalid and logs lie, until somebody notices.",
     .remedy = "Enable a time daemon, and check which servers it asks and whether it may step.",
     .sources = "LISA:verify_timedrift_corrected")
{
	struct time_daemon daemon;

	if (!time_daemon_look(&daemon))
		case_skip(t, "time-daemon", "nobody here keeps the clock right by the network");
	if (daemon.corrects_s == 0)
		case_skip(t, "time-daemon", "%s never steps the clock", daemon.name);
	if (!is_believed(&daemon))
		case_skip(t, "time-daemon", "%s does not believe the one server that is here",
			  daemon.name);
	long long right = offset_ns();
	bool is_noticed = jump_is_noticed(t, &daemon, right);
	long long off = llabs(offset_ns() - right);
	/* A machine that a busy host has just woken may be off by seconds itself. Who has set its clock has told what is right. */
	if (is_noticed && off > ALLOWED_NS) {
		right = offset_ns();
		(void)jump_is_noticed(t, &daemon, right);
		off = llabs(offset_ns() - right);
	}
	set_clock_back(&right);
	CHECK_LE(t, off, ALLOWED_NS);
}

static int freeze(void *arg UNUSED)
{
	keep_frozen(freeze_time_daemons);
}

SABOTAGE(time, jump_is_corrected, "the time daemon is frozen, however often it is started")
{
	struct time_daemon daemon;

	if (!time_daemon_look(&daemon))
		case_broken(t, "no time daemon is known here");
	(void)is_believed(&daemon);
	(void)helper_start(t, freeze, NULL);
}
