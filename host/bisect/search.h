/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which one to try next: between a good end and a bad one, with some that cannot be tried. It knows nothing of what is tried; where
 * things lie in a line it also knows the middle, of commits git knows it.
 *
 *	struct search_line line;
 *	while (search_line(verdicts, count, &line) == SEARCH_NEXT)
 *		verdicts[line.next] = try(line.next);
 *
 * As in git bisect, what cannot be tried is left for something a little away from it, since what does not build seldom comes alone.
 */
#ifndef ASSAY_HOST_BISECT_SEARCH_H
#define ASSAY_HOST_BISECT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

enum search_verdict { SEARCH_UNTRIED, SEARCH_GOOD, SEARCH_BAD, SEARCH_SKIPPED };
const char *search_verdict_name(enum search_verdict verdict); /* "untried", "good", … */
/* -EINVAL: no verdict is called so. */
int search_verdict_parse(const char *name, enum search_verdict *ret) NONNULL(1, 2);

enum search_state {
	SEARCH_NEXT,
	SEARCH_FOUND, /* what is behind the last good one is bad */
	SEARCH_STUCK, /* what is between them cannot be tried */
};

/* Of candidates by their worth, the best first, the one to try; `count` when all were skipped. */
size_t search_choose(const bool *is_skipped, size_t count) NONNULL(1);

struct search_line_end {
	size_t good, bad; /* the last good one, and the first bad one behind it */
	size_t next;	  /* with SEARCH_NEXT */
	size_t left;	  /* how many between them were not tried */
};

/* The first of them is good and the last one bad. */
enum search_state search_line(const enum search_verdict *verdicts, size_t count,
			      struct search_line_end *ret) NONNULL(1, 3);

/* About how many have to be tried of so many candidates. */
unsigned search_steps(size_t count);

#endif
