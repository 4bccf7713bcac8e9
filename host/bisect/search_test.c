/* SPDX-License-Identifier: Apache-2.0 */
/* Every regression in every line is found, whatever cannot be tried. */
#include "host/bisect/search.h"

#include <string.h>

#include "base/random.h"
#include "base/test.h"

#define MOST 64

struct hunt {
	enum search_verdict verdicts[MOST];
	struct search_line_end end;
	enum search_state state;
	unsigned tries;
};

/* `first_bad` is the culprit; those with their bit in `broken` cannot be tried. */
static void search(struct hunt *hunt, size_t count, size_t first_bad, unsigned long long broken)
{
	*hunt = (struct hunt){.tries = 0};
	hunt->verdicts[0] = SEARCH_GOOD;
	hunt->verdicts[count - 1] = SEARCH_BAD;
	while ((hunt->state = search_line(hunt->verdicts, count, &hunt->end)) == SEARCH_NEXT &&
	       hunt->tries++ < MOST) {
		size_t next = hunt->end.next;
		EXPECT(next > hunt->end.good && next < hunt->end.bad);
		EXPECT(hunt->verdicts[next] == SEARCH_UNTRIED);
		hunt->verdicts[next] = (broken >> next) & 1 ? SEARCH_SKIPPED
				       : next >= first_bad  ? SEARCH_BAD
							    : SEARCH_GOOD;
	}
}

TEST(search, each_place_in_each_line)
{
	struct hunt hunt;

	for (size_t count = 2; count <= MOST; count++)
		for (size_t first_bad = 1; first_bad < count; first_bad++) {
			search(&hunt, count, first_bad, 0);
			EXPECT(hunt.state == SEARCH_FOUND && hunt.end.bad == first_bad &&
			       hunt.end.good == first_bad - 1);
			EXPECT(hunt.tries <= search_steps(count - 2));
		}
}

/* Found where both neighbours can be tried; else what is left surrounds the culprit, and all of that was skipped. */
TEST(search, what_cannot_be_tried)
{
	struct random random = {7};
	unsigned stuck = 0, found = 0;
	struct hunt hunt;

	for (int i = 0; i < 4000; i++) {
		size_t count = 3 + random_next(&random) % (MOST - 3);
		size_t first_bad = 1 + random_next(&random) % (count - 1);
		unsigned long long broken = random_next(&random) & random_next(&random);
		search(&hunt, count, first_bad, broken);
		EXPECT(hunt.state != SEARCH_NEXT);
		EXPECT(hunt.end.good < first_bad && hunt.end.bad >= first_bad);
		for (size_t k = hunt.end.good + 1; k < hunt.end.bad; k++)
			EXPECT(hunt.verdicts[k] == SEARCH_SKIPPED);
		if (hunt.state == SEARCH_FOUND) {
			EXPECT(hunt.end.bad == first_bad);
			found++;
		} else {
			stuck++;
		}
	}
	EXPECT(stuck > 100 && found > 100);
}

TEST(search, all_broken)
{
	struct hunt hunt;

	search(&hunt, 10, 4, ~0ULL);
	EXPECT(hunt.state == SEARCH_STUCK && hunt.end.good == 0 && hunt.end.bad == 9);
	EXPECT_NUMBER(hunt.tries, 8);
	EXPECT_NUMBER(hunt.end.left, 0);
}

/* A stretch that does not build is left behind in a few steps. */
TEST(search, a_broken_stretch_is_not_walked_through)
{
	struct hunt hunt;

	search(&hunt, 64, 10, 0x0000ffffff000000ULL);
	EXPECT(hunt.state == SEARCH_FOUND && hunt.end.bad == 10);
	EXPECT(hunt.tries < 14);
}

TEST(search, names)
{
	enum search_verdict verdict = SEARCH_GOOD;

	for (int i = SEARCH_UNTRIED; i <= SEARCH_SKIPPED; i++) {
		EXPECT_NUMBER(
			search_verdict_parse(search_verdict_name((enum search_verdict)i), &verdict),
			0);
		EXPECT(verdict == (enum search_verdict)i);
	}
	EXPECT_NUMBER(search_verdict_parse("maybe", &verdict), -EINVAL);
	EXPECT_NUMBER(search_steps(0), 0);
	EXPECT_NUMBER(search_steps(30), 5);
}
