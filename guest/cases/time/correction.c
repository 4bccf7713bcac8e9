/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the clock right by the network. */
#include <time.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/peer.h"

#define JUMP_NS (5LL * 1000 * 1000 * 1000)
/* A machine that has just been woken may be off by the time that a busy host took for that: what counts is the jump. */
#define ALLOWED_NS (JUMP_NS / 2)
/* A daemon whose server did not answer asks again after half a minute, and needs some answers to believe. */
#define WAIT_NS (180 * NS_PER_S)

/* How far the clock is from where it would be had nobody set it. */
static long long offset_ns(void)
{
	return (long long)clock_wall_ns() - (long long)clock_now_ns();
}

static void set_clock_back(void *arg)
{
	const long long *offset = arg;
	uint64_t wall_ns = clock_now_ns() + (uint64_t)*offset;
	struct timespec time = {.tv_sec = (time_t)(wall_ns / NS_PER_S),
				.tv_nsec = (long)(wall_ns % NS_PER_S)};

	(void)clock_settime(CLOCK_REALTIME, &time);
}

CASE(time, jump_is_corrected, .title = "A clock that was set wrong by hand is corrected soon",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:ntp", .timeout_s = 240,
     .waits = true,
     .why = "A wrong clock makes certificates invalid and logs lie, until somebody notices.",
     .remedy = "Enable a time daemon, and check which servers it asks and whether it may step.",
     .sources = "LISA:verify_timedrift_corrected")
{
	long long right = offset_ns(), wrong = right + JUMP_NS, off;
	uint64_t until_ns = clock_now_ns() + WAIT_NS;

	if (time_daemon() < 0)
		case_skip(t, "time-daemon", "nobody here keeps the clock right by the network");
	set_clock_back(&wrong);
	REQUIRE(t, llabs(offset_ns() - wrong) < ALLOWED_NS);
	do
		off = llabs(offset_ns() - right);
	while (off > ALLOWED_NS && pause_until(until_ns, 250));
	set_clock_back(&right);
	CHECK_LE(t, off, ALLOWED_NS);
}

static int freeze(void *arg UNUSED)
{
	keep_frozen(freeze_time_daemons);
}

SABOTAGE(time, jump_is_corrected, "the time daemon is frozen, however often it is started")
{
	if (time_daemon() < 0)
		case_broken(t, "no time daemon is known here");
	(void)helper_start(t, freeze, NULL);
}
