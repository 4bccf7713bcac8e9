/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a row from a covering array and mends what is missing then, again and again: tabu search on cells that each bring back
 * one missing tuple, as in TCA (Lin, Luo, Cai, Su, Hao and Zhang: TCA, An Efficient Two-Mode Meta-Heuristic Algorithm for
 * Combinatorial Test Generation, 2015; Nurmela: Upper bounds for covering arrays by tabu search, 2004). The rows never get more,
 * and rules and must rows are kept.
 */
#ifndef ASSAY_HOST_PLAN_COVER_IMPROVE_H
#define ASSAY_HOST_PLAN_COVER_IMPROVE_H

#include "host/plan/cover_greedy.h"

/*
 * Makes *rows fewer, which cover all; the first must_count are completed must rows. Looks at about `looks` tuples, and stops at `least`
 * rows. `greedy` says which tuples are wanted and draws the random numbers. -ECANCELED when the user has had enough; *ret_cut is
 * set when patience ran out.
 */
int cover_improve(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t least,
		  uint64_t looks, bool *ret_cut, struct err *e) NONNULL(1, 2, 5, 6);

/*
 * Draws cells anew by their columns' weights, where that loses no tuple and no rule forbids it. Changes nothing in columns without
 * weights.
 */
void cover_prefer(struct cover_greedy *greedy, struct cover_cells *rows) NONNULL(1, 2);

#endif
