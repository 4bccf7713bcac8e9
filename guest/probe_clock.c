/* SPDX-License-Identifier: Apache-2.0 */
/* The rate of the guest's clock, for the sabotage of cases that measure it. */
#include <errno.h>
#include <sys/timex.h>

#include "guest/kit/probe.h"

PROBE(clock_tick, "MICROSECONDS",
      "makes the clock advance by so much each hundredth of a second (usually 10000)")
{
	struct timex change = {.modes = ADJ_TICK};
	long long tick;

	if (number_parse(probe_argument(p, 0), 9000, 11000, &tick) < 0)
		return EINVAL;
	change.tick = (long)tick;
	return adjtimex(&change) < 0 ? errno : 0;
}
