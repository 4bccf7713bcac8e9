/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's clocks, changed for cases and their sabotages. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <sys/timex.h>
#include <time.h>

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

PROBE(clock_set, "SECONDS", "sets the system clock and the hardware clock, in seconds since 1970")
{
	CLEAN_FD int fd = open("/dev/rtc0", O_RDONLY | O_CLOEXEC);
	struct timespec now = {0};
	struct tm parts;
	long long seconds;

	if (number_parse(probe_argument(p, 0), 0, 1LL << 40, &seconds) < 0)
		return EINVAL;
	now.tv_sec = (time_t)seconds;
	if (clock_settime(CLOCK_REALTIME, &now) < 0 || !gmtime_r(&now.tv_sec, &parts))
		return errno;
	struct rtc_time rtc = {
		.tm_sec = parts.tm_sec,
		.tm_min = parts.tm_min,
		.tm_hour = parts.tm_hour,
		.tm_mday = parts.tm_mday,
		.tm_mon = parts.tm_mon,
		.tm_year = parts.tm_year,
	};
	return fd < 0 || ioctl(fd, RTC_SET_TIME, &rtc) < 0 ? errno : 0;
}
