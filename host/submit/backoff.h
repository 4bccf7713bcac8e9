/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before the next try: twice as long each time up to a maximum, of which a half is left to chance so that those who
 * failed together do not come back together.
 *
 *	wait_span(&p, backoff_ns(tries, asked_ns, &random), "the next try", e);
 */
#ifndef ASSAY_HOST_SUBMIT_BACKOFF_H
#define ASSAY_HOST_SUBMIT_BACKOFF_H

#include "base/clock.h"
#include "base/random.h"

#define BACKOFF_FIRST_NS NS_PER_S
#define BACKOFF_MOST_NS	 (60 * NS_PER_S)

/* After `tries` (at least 1) that failed. What the server asked for is the least; 0: it asked for nothing. */
static inline uint64_t backoff_ns(unsigned tries, uint64_t asked_ns, struct random *random)
{
	uint64_t whole_ns = BACKOFF_FIRST_NS;

	for (unsigned i = 1; i < tries && whole_ns < BACKOFF_MOST_NS; i++)
		whole_ns *= 2;
	if (whole_ns > BACKOFF_MOST_NS)
		whole_ns = BACKOFF_MOST_NS;
	uint64_t half_ms = whole_ns / 2 / NS_PER_MS;
	uint64_t chance_ns = random_below(random, half_ms + 1) * NS_PER_MS;
	/* Those who were asked to come at one time do not all come at that. */
	return (asked_ns > whole_ns / 2 ? asked_ns : whole_ns / 2) + chance_ns;
}

#endif
