/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clock, and who keeps it right: for cases that measure it, and their sabotage. */
#include <errno.h>
#include <sys/timex.h>

#include "guest/kit/peer.h"
#include "guest/kit/probe.h"
#include "guest/kit/time_daemon.h"

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

PROBE(time_daemon, "",
      "who keeps the clock right by the network, and his ways; ESRCH: nobody who is known")
{
	struct time_daemon daemon;

	if (!time_daemon_look(&daemon))
		return ESRCH;
	return text_addf(p->reply,
			 "first_answers=%u corrects_s=%u wants_several=%d reads_ptp=%d %s",
			 daemon.first_answers, daemon.corrects_s, daemon.wants_several,
			 daemon.reads_ptp, daemon.name)
		       ? EMSGSIZE
		       : 0;
}

PROBE(clock_is_synchronised, "",
      "0 when the kernel knows that somebody keeps the clock right; else EAGAIN")
{
	(void)p;
	return clock_is_synchronised() ? 0 : EAGAIN;
}

PROBE(keep_time_daemon_frozen, "",
      "stops all such processes, and whoever follows them; for the background")
{
	(void)p;
	keep_frozen(freeze_time_daemons);
}
