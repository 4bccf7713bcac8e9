/* SPDX-License-Identifier: Apache-2.0 */
/* How late a sleeping program wakes. */
#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"

#define SLEEP_NS (20 * NS_PER_MS)
#define TRIES	 5
#define HELD_MS	 100

static uint64_t sleep_once(void)
{
	const struct timespec span = {.tv_nsec = SLEEP_NS};
	uint64_t start_ns = clock_now_ns();

	(void)nanosleep(&span, NULL);
	return clock_now_ns() - start_ns;
}

CASE(time, timers_honour_slack, .title = "A sleeping task wakes within policy after its deadline",
     .priority = P2, .why = "A late timer is a late answer; services with deadlines miss them.",
     .remedy =
	     "Check high-resolution timers (CONFIG_HIGH_RES_TIMERS, highres=) and the clock event device.",
     .sources = "own")
{
	long long allowed_ms = plan_number(t, "timer_slack_ms", 20);
	uint64_t best_ns = UINT64_MAX;

	/* The best of some: a single late one tells of load, not of the timer. */
	for (int i = 0; i < TRIES; i++) {
		uint64_t slept_ns = sleep_once();
		CHECK_GE(t, slept_ns, (uint64_t)SLEEP_NS);
		if (slept_ns > SLEEP_NS)
			case_measure(t, "wakes_late", "us", MEASURE_LOWER,
				     (double)(slept_ns - SLEEP_NS) / 1e3);
		if (slept_ns < best_ns)
			best_ns = slept_ns;
	}
	CHECK_LE(t, best_ns, SLEEP_NS + (uint64_t)allowed_ms * NS_PER_MS);
}

/* A timer slack would not do: any interrupt that comes early wakes the sleeper with it. */
static int hold_up(void *parent)
{
	pid_t pid = (pid_t)(intptr_t)parent;

	for (;;) {
		if (kill(pid, SIGSTOP) < 0)
			return 0;
		(void)pause_until(UINT64_MAX, HELD_MS);
		(void)kill(pid, SIGCONT);
		(void)pause_until(UINT64_MAX, 1);
	}
}

SABOTAGE(time, timers_honour_slack, "the sleeper is held up for a tenth of a second at a time")
{
	helper_start(t, hold_up, (void *)(intptr_t)getpid());
}
