/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a model, made ready for two questions: is this row valid, and what is left possible once these cells are
 * set? The second is answered in a state, a plain block of words that can be copied, by compact-table propagation
 * (Demeulenaere et al.: Compact-Table, 2016): each rule keeps a bit for each of its rows that is still possible, each
 * column a bit for each such value.
 *
 * What is left is not yet a promise that a valid row exists; whoever sets all cells this way has one.
 */
#ifndef ASSAY_HOST_PLAN_COVER_RULES_H
#define ASSAY_HOST_PLAN_COVER_RULES_H

#include "host/plan/cover.h"

struct cover_table {
	const struct cover_rule *rule;
	size_t words, state; /* of its rows: how many, and where in a state */
	uint64_t **supports; /* of each of its columns: the rows with value 0, with value 1 ... */
	uint32_t *index;     /* its rows by the hash of their values; 0 is nobody, else row + 1 */
	size_t index_size;   /* a power of two */
};

struct cover_rules {
	size_t column_count, table_count, state_words;
	const struct cover_column *columns;
	struct cover_table *tables;
	size_t *domain; /* of each column, where its values are in a state; SIZE_MAX: in no rule */
	uint16_t **tables_of; /* of each column the tables that it is in */
	uint16_t *tables_of_count;
	uint64_t *root;	   /* what is possible at all */
	uint64_t *scratch; /* a mask of a table's rows */
	uint64_t *dirty;   /* for each table its columns that have lost values */
};

/* Refuses rules that make no sense, and those that leave no value to a column, naming one. */
int cover_rules_init(struct cover_rules *rules, const struct cover_model *model, struct err *e)
	NONNULL(1, 2, 3);
void cover_rules_done(struct cover_rules *rules) NONNULL(1);
DEFINE_CLEAN_DONE(cover_rules);

static inline bool cover_rules_bind(const struct cover_rules *rules, size_t column)
{
	return rules->domain[column] != SIZE_MAX;
}

static inline bool cover_rules_allow(const struct cover_rules *rules, const uint64_t *state,
				     size_t column, size_t value)
{
	return !cover_rules_bind(rules, column) ||
	       (state[rules->domain[column] + value / 64] >> (value % 64) & 1);
}

/* How many values are left to a bound column. */
size_t cover_rules_left(const struct cover_rules *rules, const uint64_t *state, size_t column)
	NONNULL(1, 2);

/* Sets a column to a value, or takes a value from it. False when nothing is left possible; the state is of no use then. */
bool cover_rules_set(struct cover_rules *rules, uint64_t *state, size_t column, size_t value)
	NONNULL(1, 2);
bool cover_rules_refute(struct cover_rules *rules, uint64_t *state, size_t column, size_t value)
	NONNULL(1, 2);

/* Which row of a rule a whole row agrees with; SIZE_MAX: none. */
size_t cover_table_find(const struct cover_table *table, const uint16_t *row) NONNULL(1, 2);
/* True when a whole row keeps all rules, or all that a column is in. */
bool cover_rules_keep(const struct cover_rules *rules, const uint16_t *row) NONNULL(1, 2);
bool cover_rules_keep_at(const struct cover_rules *rules, const uint16_t *row, size_t column)
	NONNULL(1, 2);

#endif
