/* SPDX-License-Identifier: Apache-2.0 */
/* Another clocksource takes over while the system runs. */
#include <sys/mount.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/line.h"

#define FOLDER	"/sys/devices/system/clocksource/clocksource0"
#define CURRENT FOLDER "/current_clocksource"

static const char *another_source(struct trial *t, const char *current)
{
	const char *available = file_line(t, FOLDER "/available_clocksource");
	struct words *words = case_alloc(t, sizeof *words);

	REQUIRE(t, available != NULL);
	words_split(available, words);
	for (unsigned i = 0; i < words->count; i++) {
		if (strcmp(words->at[i], current) != 0)
			return words->at[i];
	}
	return NULL;
}

/* Does the clock go on, neither back nor by leaps? */
static bool clock_runs(void)
{
	uint64_t before_ns = clock_now_ns();

	(void)pause_until(UINT64_MAX, 20);
	uint64_t after_ns = clock_now_ns();
	return after_ns > before_ns && after_ns - before_ns < 10 * NS_PER_S;
}

CASE(time, clocksource_can_be_switched,
     .title = "Another available clocksource can be selected and the old one restored",
     .priority = P2, .isolation = ISOLATION_FORK,
     .why = "The kernel itself switches when its clock turns out to be unstable.",
     .remedy = "Look in the kernel log for clocksources and for their watchdog.",
     .sources = "LISA:verify_timesync_unbind_clocksource,"
		"AZCERT:lisa-other/unbind-rebind-clocksource")
{
	const char *before = file_line(t, CURRENT);

	REQUIRE(t, before != NULL);
	const char *other = another_source(t, before);
	if (!other)
		case_skip(t, "dev:clocksource", "the machine has %s only", before);
	CHECK_EQ(t, knob_write(CURRENT, other), 0);
	CHECK_EQ(t, file_line(t, CURRENT), other);
	CHECK(t, clock_runs());
	CHECK_EQ(t, knob_write(CURRENT, before), 0);
	CHECK_EQ(t, file_line(t, CURRENT), before);
	CHECK(t, clock_runs());
}

SABOTAGE(time, clocksource_can_be_switched, "the clocksource cannot be set")
{
	if (mount(CURRENT, CURRENT, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, CURRENT, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		case_broken(t, "%s cannot be made read-only: %m", CURRENT);
}
