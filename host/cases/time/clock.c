/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clocks beside the host's. */
#include <stdlib.h>

#include "host/cases/host_time.h"

#define RATE_SPAN_MS 5000

HOST_CASE(
	time, wall_clock_matches_host,
	.title = "At boot the guest's UTC is within two seconds of the host", .priority = P1,
	.isolation = ISOLATION_COLD, .timeout_s = 60,
	.sabotage = MACHINE("the hardware clock is years behind", "rtc=base=2020-01-01T00:00:00"),
	.why = "With a wrong clock certificates are not valid, logs lie, and clusters fall apart.",
	.remedy =
		"Check what sets the clock in the boot, and that the hardware clock is taken for UTC.",
	.sources = "own")
{
	struct clocks clocks;

	clocks_read(t, &clocks);
	long long off_ms = (clocks.wall_ns - clocks.host_wall_ns) / 1000000;
	host_note(t, "the guest is %lld ms off", off_ms);
	HOST_CHECK_LE(t, llabs(off_ms), 2000 + clocks.doubt_ns / 1000000);
}

HOST_CASE(time, rate_matches_host, .title = "Guest time advances at the host's rate",
	  .priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 60, .waits = true,
	  .why = "A clock that runs fast or slow is wrong again as soon as it has been set.",
	  .remedy = "Check the clocksource and its calibration in the kernel log.",
	  .sources = "own")
{
	/* What a network would show over hours is not to be had in seconds: a per mille, and what the question costs. */
	long long allowed_ppm = host_plan_number(t, "clock_rate_ppm", 1000);
	struct clocks first, last;

	clocks_read(t, &first);
	host_sleep(t, RATE_SPAN_MS);
	clocks_read(t, &last);
	long long host_span = last.host_ns - first.host_ns,
		  guest_span = last.wall_ns - first.wall_ns;
	long long allowed_ns = host_span / 1000000 * allowed_ppm + first.doubt_ns + last.doubt_ns;
	host_note(t, "in %lld us of the host the guest advanced by %lld us", host_span / 1000,
		  guest_span / 1000);
	HOST_CHECK_LE(t, llabs(guest_span - host_span), allowed_ns);
	HOST_CHECK_GT(t, last.monotonic_ns, first.monotonic_ns);
}

HOST_SABOTAGE(time, rate_matches_host, "the guest's clock runs a tenth slow")
{
	if (host_call(t, "probe", "clock_tick", "9000", NULL) != 0)
		host_broken(t, "the clock's rate cannot be changed");
}

/* ---- a pause ---- */

#define PAUSE_MS 10000

/* What of the pause the guest's clocks have missed. */
static long long pause_machine(struct host_trial *t)
{
	struct clocks before, after;

	clocks_read(t, &before);
	HOST_REQUIRE(t, host_qmp(t, "stop", NULL) != NULL);
	host_sleep(t, PAUSE_MS);
	HOST_REQUIRE(t, host_qmp(t, "cont", NULL) != NULL);
	clocks_read(t, &after);
	/* Not by the wall clock: the daemon may have been quick. */
	long long host_ns = after.host_ns - before.host_ns,
		  guest_ns = after.monotonic_ns - before.monotonic_ns;
	return (host_ns - guest_ns) / 1000000;
}

HOST_CASE(
	time, corrected_after_pause,
	.title = "After a pause the guest's wall clock is soon right again", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:ntp", .timeout_s = 2400,
	.waits = true,
	.why = "Hosts pause machines for snapshots and migrations; the guest's clock stands still meanwhile.",
	.remedy =
		"Run a time daemon that polls every minute, and may step: chrony does with makestep N -1.",
	.sources = "own")
{
	struct clock_daemon daemon = clock_await_daemon(t);
	long long missed_ms = pause_machine(t);

	host_note(t, "the guest's clock has missed %lld ms of the pause", missed_ms);
	if (missed_ms < PAUSE_MS / 2)
		host_skip(t, "clocksource",
			  "the guest's clock goes on while the machine is paused");
	HOST_CHECK(t, clock_is_right_within(t, 0, daemon.corrects_s));
}

HOST_SABOTAGE(time, corrected_after_pause, "the time daemon is frozen, however often it is started")
{
	clock_freeze_daemon(t);
}
