/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations, one after another, without those that constraints exclude: what combine.c stands on. */
#ifndef ASSAY_HOST_PLAN_COMBINE_SEARCH_H
#define ASSAY_HOST_PLAN_COMBINE_SEARCH_H

#include "host/plan/combine.h"

/* A combination that holds; its items by axis. A return other than 0 ends the search, which then returns it. */
typedef int search_found_fn(void *arg, const uint32_t *items);
/* `count` combinations begin with these items (COMBINE_ANY: whatever it is) and are excluded by that constraint. */
typedef void search_excluded_fn(void *arg, size_t constraint, const uint32_t *items,
				uint64_t count);

struct search {
	const struct combine_request *request;
	const uint32_t *fixed; /* an item for each axis, or COMBINE_ANY */
	bool by_weight;	       /* heavier items first, else as they are listed */
	uint64_t tries_max;
	search_found_fn *on_found;
	search_excluded_fn *on_excluded; /* may be NULL */
	void *arg;
};

/* 0, what on_found returned, or -E2BIG: more than tries_max beginnings would have to be looked at. */
int search_run(const struct search *search) NONNULL(1);

/* The number of combinations without any constraint; UINT64_MAX when it is more. */
uint64_t search_count(const struct combine_request *request) NONNULL(1);

#endif
