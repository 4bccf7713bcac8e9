/* SPDX-License-Identifier: Apache-2.0 */
/* Steal, on processes that are kept from running, and on one that is not. */
#include "host/driver/steal.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/test.h"
#include "base/wait.h"

#define RIVALS 12
#define TRIES  600 /* of 100 ms */

static bool is_counted(void)
{
	return access("/proc/self/schedstat", R_OK) == 0;
}

/* A process that only computes, on the first CPU that this one may use. Its limit ends it whatever becomes of the test. */
static void start_busy(struct child *ret)
{
	cpu_set_t ours;
	char cpu[16] = "0";
	const char *argv[] = {"taskset", "-c", cpu, "sh", "-c", "while :; do :; done", NULL};
	struct child_spec spec = {.argv = argv, .limit_cpu_s = 60};
	struct err e = {0};

	EXPECT_NUMBER(sched_getaffinity(0, sizeof ours, &ours), 0);
	for (int i = CPU_SETSIZE - 1; i >= 0; i--)
		if (CPU_ISSET(i, &ours))
			(void)snprintf(cpu, sizeof cpu, "%d", i);
	EXPECT_NUMBER(child_start(&spec, ret, &e), 0);
}

static void rest(void)
{
	struct patience p = patience_for(-1, 200 * NS_PER_MS);
	struct err e = {0};

	(void)wait_span(&p, 100 * NS_PER_MS, "the scheduler", &e);
}

TEST(steal, machine_among_rivals_is_robbed)
{
	struct child rivals[RIVALS], machine = CHILD_INIT;

	if (!is_counted())
		test_skip("this kernel does not count the time on run queues");
	for (unsigned i = 0; i < RIVALS; i++)
		start_busy(&rivals[i]);
	start_busy(&machine);
	struct steal mark = steal_now();
	steal_watch(machine.pid);
	unsigned percent = 0;
	for (unsigned i = 0; i < TRIES && percent < STEAL_TOO_MUCH; i++) {
		rest();
		percent = steal_percent_since(&mark);
	}
	/* One of thirteen gets a thirteenth. */
	EXPECT(percent >= STEAL_TOO_MUCH && percent <= 100);
	steal_leave(machine.pid);
	child_done(&machine);
	for (unsigned i = 0; i < RIVALS; i++)
		child_done(&rivals[i]);
	/* What it wanted stays counted when it is gone. */
	struct steal now = steal_now();
	EXPECT(now.stolen_ns > mark.stolen_ns);
	EXPECT(steal_percent_since(&mark) > 0);
	/* Nothing was wanted since. */
	EXPECT_NUMBER(steal_percent_since(&now), 0);
}

TEST(steal, who_is_not_watched_does_not_count)
{
	struct steal mark = steal_now();
	struct child other = CHILD_INIT;

	start_busy(&other);
	rest();
	rest();
	struct steal now = steal_now();
	EXPECT_NUMBER((long long)(now.ran_ns - mark.ran_ns), 0);
	steal_leave(other.pid); /* never watched: nothing happens */
	steal_watch(1 << 30);	/* no such process: as if it had wanted nothing */
	now = steal_now();
	EXPECT_NUMBER((long long)(now.ran_ns - mark.ran_ns), 0);
	steal_leave(1 << 30);
	child_done(&other);
}
