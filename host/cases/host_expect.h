/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which faults on the console a host case has provoked itself: of the whole case (case_info.expects), or of a span of it.
 *
 *	expectations_open(&x, "kernel-panic", console_mark);
 *	expectations_close(&x, console_mark);
 *	if (!expectations_cover(&x, info->expects, fault.pattern, fault.mark)) ...
 */
#ifndef ASSAY_HOST_CASES_HOST_EXPECT_H
#define ASSAY_HOST_CASES_HOST_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define HOST_SPANS_MAX 16

struct host_span {
	const char *names; /* of patterns, comma-separated; borrowed */
	uint64_t from, to; /* marks of the console */
};

struct expectations {
	struct host_span spans[HOST_SPANS_MAX];
	size_t count;
};

/* Begins a span at the mark, where the one before ends. False: there are too many. */
bool expectations_open(struct expectations *x, const char *names, uint64_t mark) NONNULL(1, 2);
/* Ends the last span at the mark, if it is open. */
void expectations_close(struct expectations *x, uint64_t mark) NONNULL(1);
/* True when a line of that pattern, whose end is at the mark, is expected: by `names` (NULL: none) or by a span. */
bool expectations_cover(const struct expectations *x, const char *names, const char *pattern,
			uint64_t mark) NONNULL(1, 3);

#endif
