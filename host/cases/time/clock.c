/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clocks beside the host's. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "host/cases/host_case.h"

#define RATE_SPAN_MS 5000

struct clocks {
	long long wall_ns, monotonic_ns; /* the guest's */
	long long host_wall_ns, host_ns; /* in the middle of the question */
	long long doubt_ns;		 /* half of what question and answer took */
};

static void read_clocks(struct host_trial *t, struct clocks *ret)
{
	long long wall_before = (long long)clock_wall_ns(), before = (long long)clock_now_ns();
	const char *reply = host_ask(t, "time", NULL);

	HOST_REQUIRE(t, reply && sscanf(reply, "wall_ns=%lld monotonic_ns=%lld", &ret->wall_ns,
					&ret->monotonic_ns) == 2);
	ret->doubt_ns = ((long long)clock_now_ns() - before) / 2;
	ret->host_wall_ns = wall_before + ret->doubt_ns;
	ret->host_ns = before + ret->doubt_ns;
}

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

	read_clocks(t, &clocks);
	long long off_ms = (clocks.wall_ns - clocks.host_wall_ns) / 1000000;
	host_note(t, "the guest is %lld ms off", off_ms);
	HOST_CHECK_LE(t, llabs(off_ms), 2000 + clocks.doubt_ns / 1000000);
}

HOST_CASE(time, rate_matches_host, .title = "Guest time advances at the host's rate",
	  .priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 60,
	  .why = "A clock that runs fast or slow is wrong again as soon as it has been set.",
	  .remedy = "Check the clocksource and its calibration in the kernel log.",
	  .sources = "own")
{
	/* What a network would show over hours is not to be had in seconds: a per mille, and what the question costs. */
	long long allowed_ppm = host_plan_number(t, "clock_rate_ppm", 1000);
	struct clocks first, last;

	read_clocks(t, &first);
	host_sleep(t, RATE_SPAN_MS);
	read_clocks(t, &last);
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
