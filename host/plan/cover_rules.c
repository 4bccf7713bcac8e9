/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as tables of bits, and what follows from a cell that is set. */
#include "host/plan/cover_rules.h"

#include <string.h>

#include "base/text.h"

#define SUPPORTS_MAX (64U << 20) /* words of all tables together: half a GiB */

static size_t words_for(size_t bits)
{
	return (bits + 63) / 64;
}

static int check_rule(const struct cover_model *model, const struct cover_rule *rule, struct err *e)
{
	if (rule->column_count == 0 || rule->column_count > COVER_RULE_COLUMNS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "rule %s: %zu columns; a rule may have 1 to %u", rule->name,
			       rule->column_count, COVER_RULE_COLUMNS_MAX);
	if (rule->row_count == 0)
		return err_set(e, BLAME_USER, EINVAL, "rule %s: it allows nothing", rule->name);
	if (rule->row_count > COVER_RULE_ROWS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "rule %s: it has %zu rows; a rule may have up to %u", rule->name,
			       rule->row_count, COVER_RULE_ROWS_MAX);
	for (size_t i = 0; i < rule->column_count; i++) {
		if (rule->columns[i] >= model->column_count)
			return err_set(e, BLAME_USER, EINVAL, "rule %s: there is no column %u",
				       rule->name, rule->columns[i]);
		for (size_t j = 0; j < i; j++)
			if (rule->columns[i] == rule->columns[j])
				return err_set(e, BLAME_USER, EINVAL,
					       "rule %s: it has column %u twice", rule->name,
					       rule->columns[i]);
		for (size_t r = 0; r < rule->row_count; r++)
			if (rule->rows[r * rule->column_count + i] >=
			    model->columns[rule->columns[i]].values)
				return err_set(e, BLAME_USER, EINVAL,
					       "rule %s, row %zu: column %u has no value %u",
					       rule->name, r, rule->columns[i],
					       rule->rows[r * rule->column_count + i]);
	}
	return 0;
}

static uint64_t hash_step(uint64_t hash, uint16_t value)
{
	return (hash ^ value) * 0x9e3779b97f4a7c15ULL;
}

static size_t hash_slot(const struct cover_table *table, uint64_t hash)
{
	return (hash ^ hash >> 32) & (table->index_size - 1);
}

size_t cover_table_find(const struct cover_table *table, const uint16_t *row)
{
	const struct cover_rule *rule = table->rule;
	uint64_t hash = 0;

	for (size_t i = 0; i < rule->column_count; i++)
		hash = hash_step(hash, row[rule->columns[i]]);
	for (size_t slot = hash_slot(table, hash); table->index[slot] != 0;
	     slot = (slot + 1) & (table->index_size - 1)) {
		size_t found = table->index[slot] - 1, i = 0;
		const uint16_t *values = rule->rows + found * rule->column_count;
		while (i < rule->column_count && values[i] == row[rule->columns[i]])
			i++;
		if (i == rule->column_count)
			return found;
	}
	return SIZE_MAX;
}

static void index_rows(struct cover_table *table)
{
	const struct cover_rule *rule = table->rule;

	table->index_size = 4;
	while (table->index_size < 2 * rule->row_count)
		table->index_size *= 2;
	table->index = xnew(table->index_size * sizeof *table->index);
	for (size_t r = 0; r < rule->row_count; r++) {
		uint64_t hash = 0;
		for (size_t i = 0; i < rule->column_count; i++)
			hash = hash_step(hash, rule->rows[r * rule->column_count + i]);
		size_t slot = hash_slot(table, hash);
		while (table->index[slot] != 0)
			slot = (slot + 1) & (table->index_size - 1);
		table->index[slot] = (uint32_t)r + 1;
	}
}

static void support_rows(struct cover_table *table, const struct cover_column *columns)
{
	const struct cover_rule *rule = table->rule;

	table->supports = xnew(rule->column_count * sizeof *table->supports);
	for (size_t i = 0; i < rule->column_count; i++) {
		size_t values = columns[rule->columns[i]].values;
		table->supports[i] = xnew(values * table->words * sizeof(uint64_t));
		for (size_t r = 0; r < rule->row_count; r++) {
			size_t value = rule->rows[r * rule->column_count + i];
			table->supports[i][value * table->words + r / 64] |= 1ULL << (r % 64);
		}
	}
}

/* Gives each table and each column that is in one its place in a state. */
static int lay_out(struct cover_rules *rules, const struct cover_model *model, struct err *e)
{
	uint64_t supports = 0;

	for (size_t t = 0; t < model->rule_count; t++) {
		const struct cover_rule *rule = &model->rules[t];
		int r = check_rule(model, rule, e);
		if (r < 0)
			return r;
		rules->tables[t] = (struct cover_table){.rule = rule,
							.words = words_for(rule->row_count),
							.state = rules->state_words};
		rules->state_words += rules->tables[t].words;
		for (size_t i = 0; i < rule->column_count; i++) {
			size_t column = rule->columns[i];
			supports += rules->tables[t].words * model->columns[column].values;
			rules->tables_of_count[column]++;
		}
		if (supports > SUPPORTS_MAX)
			return err_set(e, BLAME_USER, E2BIG,
				       "rule %s: with it the rules have more rows and values than "
				       "fit into memory",
				       rule->name);
	}
	for (size_t c = 0; c < model->column_count; c++) {
		rules->domain[c] = rules->tables_of_count[c] > 0 ? rules->state_words : SIZE_MAX;
		if (rules->tables_of_count[c] > 0)
			rules->state_words += words_for(model->columns[c].values);
	}
	return 0;
}

static void fill_tables(struct cover_rules *rules)
{
	size_t words_max = 1;

	for (size_t c = 0; c < rules->column_count; c++) {
		rules->tables_of[c] = xnew((rules->tables_of_count[c] + 1U) * sizeof(uint16_t));
		rules->tables_of_count[c] = 0;
	}
	for (size_t t = 0; t < rules->table_count; t++) {
		struct cover_table *table = &rules->tables[t];
		index_rows(table);
		support_rows(table, rules->columns);
		if (table->words > words_max)
			words_max = table->words;
		for (size_t i = 0; i < table->rule->column_count; i++) {
			size_t column = table->rule->columns[i];
			rules->tables_of[column][rules->tables_of_count[column]++] = (uint16_t)t;
		}
	}
	rules->scratch = xnew(words_max * sizeof(uint64_t));
}

static void set_bits(uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i / 64] |= 1ULL << (i % 64);
}

static uint64_t all_columns(const struct cover_table *table)
{
	return UINT64_MAX >> (64 - table->rule->column_count);
}

/* Drops the rows of a table that no longer agree with what its dirty columns may be. False: none is left. */
static bool narrow_rows(struct cover_rules *rules, uint64_t *state, size_t t)
{
	const struct cover_table *table = &rules->tables[t];
	uint64_t *rows = state + table->state, any = 0;

	for (uint64_t dirty = rules->dirty[t]; dirty; dirty &= dirty - 1) {
		unsigned i = (unsigned)__builtin_ctzll(dirty);
		size_t column = table->rule->columns[i];
		memset(rules->scratch, 0, table->words * sizeof *rules->scratch);
		for (size_t v = 0; v < rules->columns[column].values; v++) {
			if (!cover_rules_allow(rules, state, column, v))
				continue;
			const uint64_t *support = table->supports[i] + v * table->words;
			for (size_t w = 0; w < table->words; w++)
				rules->scratch[w] |= support[w];
		}
		for (size_t w = 0; w < table->words; w++)
			rows[w] &= rules->scratch[w];
	}
	rules->dirty[t] = 0;
	for (size_t w = 0; w < table->words; w++)
		any |= rows[w];
	return any != 0;
}

static bool has_support(const struct cover_table *table, const uint64_t *rows, size_t i, size_t v)
{
	const uint64_t *support = table->supports[i] + v * table->words;

	for (size_t w = 0; w < table->words; w++)
		if (support[w] & rows[w])
			return true;
	return false;
}

static void mark_dirty(struct cover_rules *rules, size_t column, size_t but)
{
	for (size_t i = 0; i < rules->tables_of_count[column]; i++) {
		size_t t = rules->tables_of[column][i];
		if (t == but)
			continue;
		for (size_t j = 0; j < rules->tables[t].rule->column_count; j++)
			if (rules->tables[t].rule->columns[j] == column)
				rules->dirty[t] |= 1ULL << j;
	}
}

/* Takes from the table's columns what no row that is left has. */
static void narrow_columns(struct cover_rules *rules, uint64_t *state, size_t t)
{
	const struct cover_table *table = &rules->tables[t];

	for (size_t i = 0; i < table->rule->column_count; i++) {
		size_t column = table->rule->columns[i];
		bool lost = false;
		for (size_t v = 0; v < rules->columns[column].values; v++) {
			if (!cover_rules_allow(rules, state, column, v) ||
			    has_support(table, state + table->state, i, v))
				continue;
			state[rules->domain[column] + v / 64] &= ~(1ULL << (v % 64));
			lost = true;
		}
		if (lost)
			mark_dirty(rules, column, t);
	}
}

static bool propagate(struct cover_rules *rules, uint64_t *state)
{
	bool busy = true;

	while (busy) {
		busy = false;
		for (size_t t = 0; t < rules->table_count; t++) {
			if (rules->dirty[t] == 0)
				continue;
			busy = true;
			if (!narrow_rows(rules, state, t)) {
				memset(rules->dirty, 0, rules->table_count * sizeof *rules->dirty);
				return false;
			}
			narrow_columns(rules, state, t);
		}
	}
	return true;
}

bool cover_rules_set(struct cover_rules *rules, uint64_t *state, size_t column, size_t value)
{
	if (!cover_rules_bind(rules, column))
		return true;
	if (!cover_rules_allow(rules, state, column, value))
		return false;
	uint64_t *words = state + rules->domain[column];
	memset(words, 0, words_for(rules->columns[column].values) * sizeof *words);
	words[value / 64] = 1ULL << (value % 64);
	mark_dirty(rules, column, SIZE_MAX);
	return propagate(rules, state);
}

bool cover_rules_refute(struct cover_rules *rules, uint64_t *state, size_t column, size_t value)
{
	state[rules->domain[column] + value / 64] &= ~(1ULL << (value % 64));
	mark_dirty(rules, column, SIZE_MAX);
	return propagate(rules, state);
}

size_t cover_rules_left(const struct cover_rules *rules, const uint64_t *state, size_t column)
{
	const uint64_t *words = state + rules->domain[column];
	size_t left = 0;

	for (size_t w = 0; w < words_for(rules->columns[column].values); w++)
		left += (size_t)__builtin_popcountll(words[w]);
	return left;
}

bool cover_rules_keep(const struct cover_rules *rules, const uint16_t *row)
{
	for (size_t t = 0; t < rules->table_count; t++)
		if (cover_table_find(&rules->tables[t], row) == SIZE_MAX)
			return false;
	return true;
}

bool cover_rules_keep_at(const struct cover_rules *rules, const uint16_t *row, size_t column)
{
	for (size_t i = 0; i < rules->tables_of_count[column]; i++)
		if (cover_table_find(&rules->tables[rules->tables_of[column][i]], row) == SIZE_MAX)
			return false;
	return true;
}

static int make_root(struct cover_rules *rules, struct err *e)
{
	rules->root = xnew((rules->state_words + 1) * sizeof *rules->root);
	for (size_t c = 0; c < rules->column_count; c++)
		if (cover_rules_bind(rules, c))
			set_bits(rules->root + rules->domain[c], rules->columns[c].values);
	for (size_t t = 0; t < rules->table_count; t++) {
		set_bits(rules->root + rules->tables[t].state, rules->tables[t].rule->row_count);
		rules->dirty[t] = all_columns(&rules->tables[t]);
	}
	if (!propagate(rules, rules->root))
		return err_set(e, BLAME_USER, EINVAL,
			       "no combination is valid: the rules exclude each other");
	return 0;
}

int cover_rules_init(struct cover_rules *rules, const struct cover_model *model, struct err *e)
{
	*rules = (struct cover_rules){.column_count = model->column_count,
				      .table_count = model->rule_count,
				      .columns = model->columns};
	rules->tables = xnew((model->rule_count + 1) * sizeof *rules->tables);
	rules->dirty = xnew((model->rule_count + 1) * sizeof *rules->dirty);
	rules->domain = xnew(model->column_count * sizeof *rules->domain);
	rules->tables_of = xnew(model->column_count * sizeof *rules->tables_of);
	rules->tables_of_count = xnew(model->column_count * sizeof *rules->tables_of_count);
	int r = lay_out(rules, model, e);
	if (r == 0) {
		fill_tables(rules);
		r = make_root(rules, e);
	}
	if (r < 0)
		cover_rules_done(rules);
	return r;
}

void cover_rules_done(struct cover_rules *rules)
{
	for (size_t t = 0; rules->tables && t < rules->table_count; t++) {
		for (size_t i = 0;
		     rules->tables[t].supports && i < rules->tables[t].rule->column_count; i++)
			free(rules->tables[t].supports[i]);
		free(rules->tables[t].supports);
		free(rules->tables[t].index);
	}
	for (size_t c = 0; rules->tables_of && c < rules->column_count; c++)
		free(rules->tables_of[c]);
	free(rules->tables);
	free(rules->dirty);
	free(rules->domain);
	free(rules->tables_of);
	free(rules->tables_of_count);
	free(rules->root);
	free(rules->scratch);
	*rules = (struct cover_rules){0};
}
