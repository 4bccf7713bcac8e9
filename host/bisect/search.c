/* SPDX-License-Identifier: Apache-2.0 */
#include "host/bisect/search.h"

#include <assert.h>
#include <string.h>

static const char *const names[] = {"untried", "good", "bad", "skipped"};

const char *search_verdict_name(enum search_verdict verdict)
{
	return names[verdict];
}

int search_verdict_parse(const char *name, enum search_verdict *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0) {
			*ret = (enum search_verdict)i;
			return 0;
		}
	return -EINVAL;
}

/* Behind the best ones that were skipped: a part of the rest is passed over, which grows with how many there were. */
size_t search_choose(const bool *is_skipped, size_t count)
{
	size_t skipped = 0, untried = 0, best = count;

	for (size_t i = 0; i < count; i++) {
		untried += !is_skipped[i];
		if (!is_skipped[i] && best == count)
			best = i;
	}
	if (untried == 0)
		return count;
	for (size_t i = 0; i < best; i++)
		skipped += is_skipped[i];
	/* Of untried ones: 0 of them, then a fifth, a third, … */
	size_t away = untried * skipped / (skipped + 4);
	for (size_t i = best; i < count; i++)
		if (!is_skipped[i] && away-- == 0)
			return i;
	return best;
}

enum search_state search_line(const enum search_verdict *verdicts, size_t count,
			      struct search_line_end *ret)
{
	size_t good = 0, bad = count - 1, used = 0;

	assert(count >= 2);
	for (size_t i = 1; i + 1 < count && verdicts[i] != SEARCH_BAD; i++)
		if (verdicts[i] == SEARCH_GOOD)
			good = i;
	for (size_t i = count - 1; i > good; i--)
		if (verdicts[i] == SEARCH_BAD)
			bad = i;
	*ret = (struct search_line_end){.good = good, .bad = bad, .next = count};
	if (bad == good + 1)
		return SEARCH_FOUND;
	/* From the middle outwards. */
	size_t between = bad - good - 1, middle = good + (bad - good) / 2;
	CLEAN_FREE size_t *order = calloc(between, sizeof *order);
	CLEAN_FREE bool *is_skipped = calloc(between, sizeof *is_skipped);
	if (!order || !is_skipped)
		abort();
	for (size_t away = 0; used < between; away++) {
		if (middle - away > good && away < middle)
			order[used++] = middle - away;
		if (away > 0 && middle + away < bad)
			order[used++] = middle + away;
	}
	for (size_t i = 0; i < between; i++) {
		is_skipped[i] = verdicts[order[i]] == SEARCH_SKIPPED;
		ret->left += !is_skipped[i];
	}
	size_t chosen = search_choose(is_skipped, between);
	if (chosen == between)
		return SEARCH_STUCK;
	ret->next = order[chosen];
	return SEARCH_NEXT;
}

unsigned search_steps(size_t count)
{
	unsigned steps = 0;

	for (; count > 0; count /= 2)
		steps++;
	return steps;
}
