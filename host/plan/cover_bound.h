/* SPDX-License-Identifier: Apache-2.0 */
/* How few rows a covering array can have at all. */
#ifndef ASSAY_HOST_PLAN_COVER_BOUND_H
#define ASSAY_HOST_PLAN_COVER_BOUND_H

#include "host/plan/cover_greedy.h"

/*
 * The greater of two bounds. `greedy` says which tuples are wanted: those that are covered.
 *  - Rows with different values in a column are different rows, and those with one value are at least as many as the tuples that this
 *    value forms with any one set of other columns.
 *  - Two ways of k columns need as many rows as k columns of two values: the least N with C(N - 1, N / 2 rounded up) >= k (Katona 1973,
 *    Kleitman and Spencer 1973). Each further way doubles that.
 */
uint64_t cover_bound(const struct cover_greedy *greedy) NONNULL(1);

/* The least number of rows in which k columns of two values show all pairs. */
uint64_t cover_bound_binary(size_t columns);

#endif
