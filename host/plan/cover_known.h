/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Covering arrays that are written down instead of searched for, for columns that have about as many values each and no rules:
 *  - Bush 1952: polynomials over a finite field of q elements are an orthogonal array, q^t rows for q + 1 columns;
 *  - Chateauneuf and Kreher 2002 (after Roux): twice the columns of three ways, for v - 1 times the rows of two ways more;
 *  - cover starters (Meagher and Stevens 2005; Lobb, Colbourn, Danziger, Stevens and Torres-Jimenez 2012): two ways out of one row,
 *    rotated and translated, which a short search finds.
 * Columns with fewer values get any of theirs for those that they lack.
 */
#ifndef ASSAY_HOST_PLAN_COVER_KNOWN_H
#define ASSAY_HOST_PLAN_COVER_KNOWN_H

#include "host/plan/cover_greedy.h"

/*
 * Replaces *rows, which cover the model of `greedy`, where one of these has fewer. Spends a part of `looks`; *ret_cut is
 * set when patience ran out.
 * Does nothing for models with rules, must rows, columns aside or tuples that are not wanted.
 */
void cover_known(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t looks,
		 bool *ret_cut) NONNULL(1, 2, 4);

#endif
