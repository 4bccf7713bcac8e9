/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time. Inside the program time is monotonic, in nanoseconds, and named ..._ns; wall-clock time appears only in what
 * people and other programs read.
 *
 *	uint64_t start_ns = clock_now_ns();
 *	...
 *	printf("%.3f s\n", clock_s(clock_now_ns() - start_ns));
 */
#ifndef ASSAY_BASE_CLOCK_H
#define ASSAY_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S  1000000000ULL
#define NS_PER_MS 1000000ULL

uint64_t clock_now_ns(void);  /* CLOCK_MONOTONIC */
uint64_t clock_wall_ns(void); /* CLOCK_REALTIME, since 1970 */

static inline double clock_s(uint64_t ns)
{
	return (double)ns / 1e9;
}

#define CLOCK_ISO_SIZE 32
/* Writes "2026-01-31T23:59:59.123Z" (RFC 3339, UTC) and returns buf. */
const char *clock_iso(uint64_t wall_ns, char buf[CLOCK_ISO_SIZE]);

#define CLOCK_SPAN_SIZE 16
/* Writes a span for people: "0.08 s", "12.3 s", "4 min 02 s", "1 h 05 min", "4 d 04 h", "365 d"; returns buf. */
const char *clock_span(uint64_t ns, char buf[CLOCK_SPAN_SIZE]);

#endif
