/* SPDX-License-Identifier: Apache-2.0 */
/* Whether time goes forward, on every CPU and seen from every other. */
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"

#define ROUNDS 500

/* Two processes take turns: each reads the clock after it has seen what the other one read. */
struct relay {
	_Atomic unsigned turn; /* even: the first one's, odd: the second one's */
	uint64_t last_ns;
	uint64_t worst_ns; /* the largest step back seen */
	unsigned steps_back;
	int cpu; /* of the second one */
	_Atomic bool is_given_up;
};

static void run_leg(struct relay *relay, unsigned parity)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		while (atomic_load(&relay->turn) % 2 != parity && !atomic_load(&relay->is_given_up))
			sched_yield();
		uint64_t now_ns = clock_now_ns();
		if (now_ns < relay->last_ns) {
			relay->steps_back++;
			if (relay->last_ns - now_ns > relay->worst_ns)
				relay->worst_ns = relay->last_ns - now_ns;
		}
		relay->last_ns = now_ns;
		atomic_fetch_add(&relay->turn, 1);
	}
}

static int run_second(void *arg)
{
	struct relay *relay = arg;

	if (cpu_enter(relay->cpu) < 0) {
		atomic_store(&relay->is_given_up, true); /* or the first one would wait for ever */
		return 1;
	}
	run_leg(relay, 1);
	return 0;
}

static void check_pair(struct trial *t, struct relay *relay, int first, int second)
{
	memset(relay, 0, sizeof *relay);
	relay->cpu = second;
	pid_t pid = helper_start(t, run_second, relay);
	run_leg(relay, 0);
	/* The second one's last leg is still to come. */
	while (atomic_load(&relay->turn) < 2 * ROUNDS && !atomic_load(&relay->is_given_up))
		sched_yield();
	if (atomic_load(&relay->is_given_up))
		case_broken(t, "no process can be put on CPU %d", second);
	if (relay->steps_back > 0)
		FAIL(t, "between CPU %d and CPU %d time went back %u times, by up to %llu ns",
		     first, second, relay->steps_back, (unsigned long long)relay->worst_ns);
	else
		check_passed(t);
	helper_stop(pid);
}

CASE(time, monotonic_never_goes_back,
     .title = "Monotonic time read across CPUs never runs backwards", .priority = P0,
     .needs = "cpus>=2",
     .why = "Time that steps back between CPUs breaks locks, timeouts and databases in ways nobody can reproduce.",
     .remedy =
	     "The CPUs' time stamp counters are not in step: check the clocksource and the hypervisor's settings.",
     .sources = "own")
{
	const char *online = cpus_online(t);
	int first = cpulist_next(online, -1);
	struct relay *relay = mmap(NULL, sizeof *relay, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (relay == MAP_FAILED)
		case_broken(t, "no shared memory: %m");
	REQUIRE_OK(t, cpu_enter(first));
	for (int second = first; (second = cpulist_next(online, second)) >= 0;)
		check_pair(t, relay, first, second);
}

SABOTAGE(time, monotonic_never_goes_back, "one of two CPUs is a second behind")
{
	/* A time namespace holds for the children that are made from now on, not for this process.
	 */
	if (syscall(SYS_unshare, 0x00000080 /* CLONE_NEWTIME */) < 0)
		case_broken(t, "no time namespace: %m");
	if (knob_write("/proc/self/timens_offsets", "monotonic -1 0\n") < 0)
		case_broken(t, "the namespace's clock cannot be set");
}
