/* SPDX-License-Identifier: Apache-2.0 */
/* Constructions for equal columns. */
#include "host/plan/cover_known.h"

#include <string.h>

#include "base/text.h"
#include "host/plan/cover_bound.h"

/* An array of k columns of v values, more or less: what a model without rules is cut out of. */
struct known {
	unsigned ways;
	size_t columns, values, count;
	uint16_t *rows; /* owned */
};

static void known_done(struct known *known)
{
	free(known->rows);
	*known = (struct known){0};
}
DEFINE_CLEAN_DONE(known);

static uint16_t *known_row(const struct known *known, size_t r)
{
	return known->rows + r * known->columns;
}

static struct known known_new(unsigned ways, size_t columns, size_t values, size_t count)
{
	return (struct known){ways, columns, values, count,
			      xnew(count * columns * sizeof(uint16_t))};
}

/* ---- orthogonal arrays ---- */

/* Finite fields: q = p^n elements, numbers whose digits to the base p are the coefficients of a polynomial. */
struct field {
	unsigned q, p, n, rest; /* rest: what x^n is, as an element */
};

static const struct field fields[] = {
	{2, 2, 1, 0},	{3, 3, 1, 0},	{4, 2, 2, 3},	{5, 5, 1, 0},	{7, 7, 1, 0},
	{8, 2, 3, 3},	{9, 3, 2, 2},	{11, 11, 1, 0}, {13, 13, 1, 0}, {16, 2, 4, 3},
	{17, 17, 1, 0}, {19, 19, 1, 0}, {23, 23, 1, 0}, {29, 29, 1, 0}, {31, 31, 1, 0},
};

static unsigned field_add(const struct field *f, unsigned a, unsigned b)
{
	unsigned sum = 0;

	for (unsigned place = 1; place < f->q; place *= f->p)
		sum += (a / place + b / place) % f->p * place;
	return sum;
}

static unsigned field_times(const struct field *f, unsigned a, unsigned b)
{
	unsigned product = 0;

	if (f->n == 1)
		return a * b % f->p;
	/* Horner: from the highest coefficient of b on, times x each time. */
	for (unsigned place = f->q / f->p; place > 0; place /= f->p) {
		unsigned top = product / (f->q / f->p);
		product = product % (f->q / f->p) * f->p;
		for (; top > 0; top--)
			product = field_add(f, product, f->rest);
		for (unsigned times = b / place % f->p; times > 0; times--)
			product = field_add(f, product, a);
	}
	return product;
}

/* The smallest field with enough elements for the values and the columns; NULL: none is known. */
static const struct field *field_for(size_t values, size_t columns, unsigned ways)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].q >= values && fields[i].q + 1 >= columns && fields[i].q >= ways)
			return &fields[i];
	return NULL;
}

static size_t power(size_t base, unsigned exponent)
{
	size_t result = 1;

	while (exponent-- > 0 && result <= COVER_ROWS_MAX)
		result *= base;
	return result;
}

/* A row for each polynomial of a degree below `ways`: its values at all elements, and the first coefficient. */
static struct known bush(const struct field *f, unsigned ways, size_t columns)
{
	struct known known = known_new(ways, columns, f->q, power(f->q, ways));

	for (size_t r = 0; r < known.count; r++)
		for (size_t c = 0; c < columns; c++) {
			size_t coefficients = r;
			unsigned value = 0;
			for (unsigned i = 0; i < ways; i++, coefficients /= f->q) {
				unsigned digit = (unsigned)(coefficients % f->q);
				value = c == f->q ? (i == 0 ? digit : value)
						  : field_add(f, field_times(f, value, (unsigned)c),
							      digit);
			}
			known_row(&known, r)[c] = (uint16_t)value;
		}
	return known;
}

/* ---- doubling ---- */

static size_t doubled_count(const struct field *f, size_t values)
{
	return f ? power(f->q, 3) + (values - 1) * power(f->q, 2) : SIZE_MAX;
}

/*
 * Three ways of twice the columns. Twice the same row shows all but the triples of a column and its double; those are shown by pairs
 * beside themselves with another value, each other value in turn.
 */
static struct known doubled(const struct known *three, const struct known *two, size_t values)
{
	size_t half = three->columns, r = 0;
	struct known known =
		known_new(3, 2 * half, three->values, three->count + (values - 1) * two->count);

	for (; r < three->count; r++)
		for (size_t c = 0; c < 2 * half; c++)
			known_row(&known, r)[c] = known_row(three, r)[c % half];
	for (size_t shift = 1; shift < values; shift++)
		for (size_t i = 0; i < two->count; i++, r++)
			for (size_t c = 0; c < half; c++) {
				/* What the field has above the values is as good as any. */
				size_t value = known_row(two, i)[c] % values;
				known_row(&known, r)[c] = (uint16_t)value;
				known_row(&known, r)[half + c] =
					(uint16_t)((value + shift) % values);
			}
	return known;
}

/* ---- cover starters ---- */

/*
 * A vector of k symbols: `group` of them are added to, modulo their number, the others stay as they are. Its rotations and translations
 * cover two columns at a distance d, if the symbols at that distance show every difference, and every fixed symbol before and after
 * one of the group. Pairs of fixed symbols are the business of more rows.
 */
struct starter {
	size_t length, group, fixed;
	uint16_t *symbols; /* from `group` on: fixed */
	uint16_t *seen;	   /* for each distance and kind of pair, how often */
	size_t missing;
};

static size_t kinds(const struct starter *s)
{
	return s->group + 2 * s->fixed;
}

/* SIZE_MAX for two fixed symbols. */
static size_t kind_of(const struct starter *s, size_t a, size_t b)
{
	if (a < s->group && b < s->group)
		return (b + s->group - a) % s->group;
	if (a < s->group)
		return b;
	return b < s->group ? a + s->fixed : SIZE_MAX;
}

static void note(struct starter *s, size_t distance, size_t a, size_t b, bool here)
{
	size_t kind = kind_of(s, a, b);

	if (kind == SIZE_MAX)
		return;
	uint16_t *seen = &s->seen[distance * kinds(s) + kind];
	if (here)
		s->missing -= (*seen)++ == 0;
	else
		s->missing += --*seen == 0;
}

static void note_all(struct starter *s, size_t at, bool here)
{
	for (size_t d = 1; 2 * d <= s->length; d++) {
		size_t after = (at + d) % s->length, before = (at + s->length - d) % s->length;
		note(s, d, s->symbols[at], s->symbols[after], here);
		note(s, d, s->symbols[before], s->symbols[at], here);
	}
}

static void change(struct starter *s, size_t at, uint16_t symbol)
{
	note_all(s, at, false);
	s->symbols[at] = symbol;
	note_all(s, at, true);
}

static bool is_over(const struct patience *patience)
{
	return patience && (patience_left_ns(patience) == 0 || patience_cancelled(patience));
}

/* Walks by single symbols, to a vector with no more missing or, seldom, with one more. */
static bool search(struct starter *s, struct cover_greedy *greedy, uint64_t looks)
{
	struct random *random = &greedy->random;
	size_t symbols = s->group + s->fixed, step = 0;

	for (uint64_t n = 0; s->missing > 0 && n < looks; n += 2 * s->length) {
		if (++step % 4096 == 0 && is_over(greedy->patience))
			return false;
		size_t at = random_below(random, s->length), before = s->missing;
		uint16_t old = s->symbols[at];
		change(s, at, (uint16_t)random_below(random, symbols));
		if (s->missing > before &&
		    (s->missing > before + 1 || random_below(random, 50) > 0))
			change(s, at, old);
	}
	return s->missing == 0;
}

static bool find_starter(struct starter *s, struct cover_greedy *greedy, uint64_t looks)
{
	size_t distances = s->length / 2;

	s->symbols = xnew(s->length * sizeof *s->symbols);
	s->seen = xnew((distances + 1) * kinds(s) * sizeof *s->seen);
	s->missing = distances * kinds(s);
	for (size_t i = 0; i < s->length; i++)
		s->symbols[i] = (uint16_t)random_below(&greedy->random, s->group + s->fixed);
	for (size_t d = 1; d <= distances; d++)
		for (size_t i = 0; i < s->length; i++)
			note(s, d, s->symbols[i], s->symbols[(i + d) % s->length], true);
	return search(s, greedy, looks);
}

static void starter_done(struct starter *s)
{
	free(s->symbols);
	free(s->seen);
}

/* Rows for the pairs of fixed symbols: a small covering array by itself. */
static struct cover *cover_fixed(const struct starter *s, uint64_t seed)
{
	CLEAN_FREE struct cover_column *columns = xnew(s->length * sizeof *columns);
	struct cover_model model = {.ways = 2, .columns = columns, .column_count = s->length};
	struct cover_options options = {.seed = seed};
	struct cover *cover = NULL;
	struct err e = {0};

	for (size_t c = 0; c < s->length; c++)
		columns[c].values = (uint16_t)s->fixed;
	return cover_find(&model, &options, &cover, &e) == 0 ? cover : NULL;
}

static struct known develop(const struct starter *s, const struct cover *fixed)
{
	size_t count = s->length * s->group + (fixed ? fixed->row_count : 0), r = 0;
	struct known known = known_new(2, s->length, s->group + s->fixed, count);

	for (size_t turn = 0; turn < s->length; turn++)
		for (size_t shift = 0; shift < s->group; shift++, r++)
			for (size_t c = 0; c < s->length; c++) {
				size_t symbol = s->symbols[(c + turn) % s->length];
				if (symbol < s->group)
					symbol = (symbol + shift) % s->group;
				known_row(&known, r)[c] = (uint16_t)symbol;
			}
	for (size_t i = 0; fixed && i < fixed->row_count; i++, r++)
		for (size_t c = 0; c < s->length; c++)
			known_row(&known, r)[c] = (uint16_t)(s->group + cover_row(fixed, i)[c]);
	return known;
}

/* ---- all of it ---- */

/* Keeps what has fewer rows. */
static void keep_smaller(struct known *best, struct known *other)
{
	if (best->count <= other->count) {
		known_done(other);
		return;
	}
	known_done(best);
	*best = *other;
	*other = (struct known){0};
}

static void try_bush(struct known *best, unsigned ways, size_t columns, size_t values)
{
	const struct field *f = field_for(values, columns, ways);

	if (!f || power(f->q, ways) >= best->count)
		return;
	struct known known = bush(f, ways, columns);
	keep_smaller(best, &known);
}

static void try_doubling(struct known *best, size_t columns, size_t values)
{
	const struct field *f = field_for(values, (columns + 1) / 2, 3);

	if (doubled_count(f, values) >= best->count)
		return;
	CLEAN_DONE(known) struct known three = bush(f, 3, (columns + 1) / 2);
	CLEAN_DONE(known) struct known two = bush(f, 2, (columns + 1) / 2);
	struct known known = doubled(&three, &two, values);
	keep_smaller(best, &known);
}

/* The more fixed symbols, the fewer rows, and the harder to find. */
static void try_starters(struct known *best, struct cover_greedy *greedy, size_t columns,
			 size_t values, uint64_t looks)
{
	bool found = true;

	for (size_t fixed = 0; fixed + 1 < values && found; fixed++) {
		struct starter s = {.length = columns, .group = values - fixed, .fixed = fixed};
		if (columns * s.group + fixed * fixed >= best->count)
			continue;
		/* Each distance has a place for each kind of pair at most. */
		found = kinds(&s) <= columns && find_starter(&s, greedy, looks);
		struct cover *pairs =
			found && fixed > 0 ? cover_fixed(&s, random_next(&greedy->random)) : NULL;
		found &= fixed == 0 || pairs;
		if (found) {
			struct known known = develop(&s, pairs);
			keep_smaller(best, &known);
		}
		cover_free(pairs);
		starter_done(&s);
	}
}

/* True when the rows have each tuple that is covered. What is written down is as right as its field's tables, and a slip there
 * would leave holes that nobody looks for. */
static bool are_whole(const struct cover_greedy *greedy, const struct cover_cells *rows)
{
	const struct cover_space *space = greedy->space;
	size_t columns = greedy->model->column_count, tuples = cover_space_tuples(space);
	CLEAN_FREE uint8_t *seen = xnew(tuples + 1);
	bool whole = true;

	for (size_t at = 0; at < rows->count; at += columns)
		for (size_t set = 0; set < space->set_count; set++)
			seen[cover_space_encode(space, set, rows->items + at)] = 1;
	for (size_t t = 0; t < tuples && whole; t++)
		whole = seen[t] || greedy->tuples[t] != COVER_COVERED;
	return whole;
}

/* Cuts the model's rows out of an array that has at least as many columns and values. */
static void cut_rows(struct cover_greedy *greedy, const struct known *known,
		     struct cover_cells *rows)
{
	for (size_t r = 0; r < known->count; r++)
		for (size_t c = 0; c < greedy->model->column_count; c++) {
			uint16_t value = known_row(known, r)[c],
				 values = greedy->model->columns[c].values;
			if (value >= values)
				value = (uint16_t)random_below(&greedy->random, values);
			(void)vec_add(rows, value);
		}
}

void cover_known(struct cover_greedy *greedy, struct cover_cells *rows, uint64_t looks,
		 bool *ret_cut)
{
	const struct cover_model *model = greedy->model;
	size_t columns = model->column_count;
	unsigned ways = greedy->space->ways;
	struct known best = {.count = rows->count / columns};

	if (model->rule_count + model->must_count + model->aside_count + greedy->given > 0 ||
	    ways < 2)
		return;
	try_bush(&best, ways, columns, greedy->space->values_max);
	if (ways == 3)
		try_doubling(&best, columns, greedy->space->values_max);
	if (ways == 2 && columns > 2)
		try_starters(&best, greedy, columns, greedy->space->values_max,
			     (looks < COVER_EFFORT ? looks : COVER_EFFORT) / 8);
	*ret_cut |= greedy->patience && patience_left_ns(greedy->patience) == 0;
	if (best.rows) {
		struct cover_cells cut = VEC_INIT(rows->maximum);
		cut_rows(greedy, &best, &cut);
		if (are_whole(greedy, &cut)) {
			vec_done(rows);
			*rows = cut;
		} else {
			vec_done(&cut);
		}
	}
	known_done(&best);
}
