/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for tuples, and the walk through those that a cell of a row takes part in. */
#include "host/plan/cover_space.h"

#include <string.h>

#include "base/text.h"

static uint64_t binomial(uint64_t n, unsigned k)
{
	uint64_t result = 1;

	for (unsigned i = 1; i <= k; i++)
		result = result * (n - k + i) / i;
	return n < k ? 0 : result;
}

static void first_set(uint16_t *set, unsigned ways)
{
	for (unsigned i = 0; i < ways; i++)
		set[i] = (uint16_t)i;
}

/* The set after this one, in the order of their numbers: the lowest member that can move does, those below start anew. */
static void next_set(uint16_t *set, unsigned ways)
{
	unsigned i = 0;

	while (i + 1 < ways && set[i] + 1 == set[i + 1]) {
		set[i] = (uint16_t)i;
		i++;
	}
	set[i]++;
}

static int number_tuples(struct cover_space *space, struct err *e)
{
	uint16_t set[COVER_WAYS_MAX];
	uint64_t next = 0;

	first_set(set, space->ways);
	for (size_t s = 0; s < space->set_count; s++, next_set(set, space->ways)) {
		uint64_t size = 1;
		for (unsigned i = 0; i < space->ways; i++) {
			space->members[s * space->ways + i] = set[i];
			size *= space->values[set[i]];
			if (size > COVER_TUPLES_MAX)
				break;
		}
		space->offset[s] = (uint32_t)next;
		next += size;
		if (next > COVER_TUPLES_MAX)
			return err_set(e, BLAME_USER, E2BIG,
				       "combinations of %u values each are more than %u: ask for "
				       "fewer ways, or fewer values",
				       space->ways, COVER_TUPLES_MAX);
	}
	space->offset[space->set_count] = (uint32_t)next;
	return 0;
}

int cover_space_init(struct cover_space *space, unsigned ways, const struct cover_column *columns,
		     size_t column_count, struct err *e)
{
	uint64_t sets = binomial(column_count, ways);

	if (sets > COVER_TUPLES_MAX / 16)
		return err_set(e, BLAME_USER, E2BIG,
			       "%zu columns are too many for all combinations of %u of them",
			       column_count, ways);
	*space = (struct cover_space){.ways = ways,
				      .column_count = column_count,
				      .set_count = sets,
				      .through_max = binomial(column_count - 1, ways - 1)};
	space->values = xnew(column_count * sizeof *space->values);
	for (size_t c = 0; c < column_count; c++) {
		space->values[c] = columns[c].values;
		if (columns[c].values > space->values_max)
			space->values_max = columns[c].values;
	}
	space->choose = xnew(column_count * ways * sizeof *space->choose);
	for (unsigned i = 1; i <= ways; i++)
		for (size_t c = 0; c < column_count; c++)
			space->choose[(i - 1) * column_count + c] = (uint32_t)binomial(c, i);
	space->offset = xnew((sets + 1) * sizeof *space->offset);
	space->members = xnew(sets * ways * sizeof *space->members);
	int r = number_tuples(space, e);
	if (r < 0)
		cover_space_done(space);
	return r;
}

void cover_space_done(struct cover_space *space)
{
	free(space->values);
	free(space->choose);
	free(space->offset);
	free(space->members);
	*space = (struct cover_space){0};
}

struct walk {
	const struct cover_space *space;
	const uint16_t *others, *row;
	size_t column, below, count; /* of the others: how many are below the column, and all */
	struct cover_ref *next;
};

/* Chosen so far, from the lowest column on. */
struct prefix {
	unsigned depth;
	uint32_t rank, index, stride;
};

static struct prefix chosen(const struct walk *walk, struct prefix prefix, size_t column,
			    uint16_t value)
{
	uint16_t values = walk->space->values[column];

	prefix.rank += walk->space->choose[prefix.depth * walk->space->column_count + column];
	prefix.index = prefix.index * values + value;
	prefix.stride *= values;
	prefix.depth++;
	return prefix;
}

static void found(struct walk *walk, struct prefix prefix)
{
	*walk->next++ =
		(struct cover_ref){walk->space->offset[prefix.rank] + prefix.index, prefix.stride};
}

/* With the column among the chosen. */
static void walk_above(struct walk *walk, struct prefix prefix, size_t from)
{
	unsigned left = walk->space->ways - prefix.depth;

	if (left == 0)
		return found(walk, prefix);
	for (size_t i = from; i + left <= walk->count; i++) {
		size_t column = walk->others[i];
		struct prefix longer = chosen(walk, prefix, column, walk->row[column]);
		if (left == 1)
			found(walk, longer);
		else
			walk_above(walk, longer, i + 1);
	}
}

static struct prefix with_column(const struct walk *walk, struct prefix prefix)
{
	prefix = chosen(walk, prefix, walk->column, 0);
	prefix.stride = 1;
	return prefix;
}

static void walk_below(struct walk *walk, struct prefix prefix, size_t from)
{
	unsigned left = walk->space->ways - prefix.depth;

	walk_above(walk, with_column(walk, prefix), walk->below);
	if (left < 2)
		return;
	for (size_t i = from; i < walk->below; i++) {
		size_t column = walk->others[i];
		struct prefix longer = chosen(walk, prefix, column, walk->row[column]);
		if (left == 2)
			found(walk, with_column(walk, longer));
		else
			walk_below(walk, longer, i + 1);
	}
}

size_t cover_space_through(const struct cover_space *space, size_t column, const uint16_t *others,
			   size_t other_count, const uint16_t *row, struct cover_ref *refs)
{
	struct walk walk = {.space = space,
			    .others = others,
			    .row = row,
			    .column = column,
			    .count = other_count,
			    .next = refs};

	if (column >= space->column_count || other_count + 1 < space->ways)
		return 0;
	while (walk.below < other_count && others[walk.below] < column)
		walk.below++;
	walk_below(&walk, (struct prefix){.stride = 1}, 0);
	return (size_t)(walk.next - refs);
}

size_t cover_space_set(const struct cover_space *space, uint32_t tuple)
{
	size_t low = 0, high = space->set_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (space->offset[middle] <= tuple)
			low = middle;
		else
			high = middle;
	}
	return low;
}

const uint16_t *cover_space_decode(const struct cover_space *space, uint32_t tuple,
				   uint16_t values[COVER_WAYS_MAX])
{
	size_t set = cover_space_set(space, tuple);
	const uint16_t *columns = space->members + set * space->ways;
	uint32_t index = tuple - space->offset[set];

	for (unsigned i = space->ways; i-- > 0;) {
		values[i] = (uint16_t)(index % space->values[columns[i]]);
		index /= space->values[columns[i]];
	}
	return columns;
}

uint32_t cover_space_encode(const struct cover_space *space, size_t set, const uint16_t *row)
{
	const uint16_t *columns = space->members + set * space->ways;
	uint32_t index = 0;

	for (unsigned i = 0; i < space->ways; i++)
		index = index * space->values[columns[i]] + row[columns[i]];
	return space->offset[set] + index;
}
