/* SPDX-License-Identifier: Apache-2.0 */
/* Reading clocks and writing times. */
#include "base/clock.h"

#include <stdio.h>

#define DAY_S 86400

static uint64_t read_clock(clockid_t id)
{
	struct timespec now = {0};

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

const char *clock_iso(uint64_t wall_ns, char buf[CLOCK_ISO_SIZE])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm = {0};
	char date[24] = "";

	gmtime_r(&seconds, &tm);
	(void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(buf, CLOCK_ISO_SIZE, "%s.%03uZ", date,
		       (unsigned)(wall_ns % NS_PER_S / NS_PER_MS));
	return buf;
}

const char *clock_span(uint64_t ns, char buf[CLOCK_SPAN_SIZE])
{
	/* Rounded to what is printed, so that 59.99 s does not become "60.0 s". */
	unsigned long long seconds = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);

	if (ns < 9995 * NS_PER_MS)
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%.2f s", clock_s(ns));
	else if (ns < 59950 * NS_PER_MS)
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%.1f s", clock_s(ns));
	else if (seconds < 3600)
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%llu min %02llu s", seconds / 60,
			       seconds % 60);
	else if (seconds < 360000)
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%llu h %02llu min", seconds / 3600,
			       seconds / 60 % 60);
	else if (seconds < 100 * DAY_S)
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%llu d %02llu h", seconds / DAY_S,
			       seconds / 3600 % 24);
	else
		(void)snprintf(buf, CLOCK_SPAN_SIZE, "%llu d", seconds / DAY_S);
	return buf;
}
