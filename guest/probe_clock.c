/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clock, and who keeps it right: for cases that measure it, and their sabotage. */
#include <errno.h>
#include <sys/timex.h>

#include "guest/kit/peer.h"
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

PROBE(time_daemon, "", "0 when a process is known that keeps the clock right by the network")
{
	(void)p;
	return time_daemon() > 0 ? 0 : ESRCH;
}

PROBE(keep_time_daemon_frozen, "",
      "stops all such processes, and whoever follows them; for the background")
{
	(void)p;
	keep_frozen(freeze_time_daemons);
}
