/* SPDX-License-Identifier: Apache-2.0 */
/* The times between tries. */
#include "host/submit/backoff.h"

#include "base/test.h"

TEST(backoff, doubles_up_to_a_minute_and_leaves_half_to_chance)
{
	struct random random = {7};

	for (unsigned tries = 1; tries < 100; tries++) {
		uint64_t whole_ns = tries < 7 ? NS_PER_S << (tries - 1) : BACKOFF_MOST_NS;
		if (whole_ns > BACKOFF_MOST_NS)
			whole_ns = BACKOFF_MOST_NS;
		uint64_t least_ns = UINT64_MAX, most_ns = 0;
		for (int i = 0; i < 200; i++) {
			uint64_t ns = backoff_ns(tries, 0, &random);
			EXPECT(ns >= whole_ns / 2 && ns <= whole_ns);
			least_ns = ns < least_ns ? ns : least_ns;
			most_ns = ns > most_ns ? ns : most_ns;
		}
		EXPECT(most_ns - least_ns > whole_ns / 4);
	}
	EXPECT(backoff_ns(UINT32_MAX, 0, &random) <= BACKOFF_MOST_NS);
}

TEST(backoff, what_was_asked_for_is_the_least)
{
	struct random random = {7};

	for (unsigned tries = 1; tries < 20; tries++)
		for (uint64_t asked_ns = NS_PER_S; asked_ns < 7200 * NS_PER_S; asked_ns *= 3)
			EXPECT(backoff_ns(tries, asked_ns, &random) >= asked_ns);
	EXPECT(backoff_ns(1, 3600 * NS_PER_S, &random) < 3601 * NS_PER_S);
}
