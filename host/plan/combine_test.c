/* SPDX-License-Identifier: Apache-2.0 */
/* Combinations: each mode against what trying all of them says, and what is told of those that are not there. */
#include "host/plan/combine.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "host/plan/budget.h"

/* ---- axes by chance ---- */

struct chance {
	uint64_t state;
};

static unsigned next(struct chance *chance, unsigned below)
{
	chance->state = chance->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(chance->state >> 33) % below;
}

static void not_told(void *arg UNUSED, unsigned column UNUSED, bool is_remark, const char *what)
{
	if (!is_remark)
		EXPECT_TEXT(what, "no problem");
}

static struct constraint *bound(const struct axes *axes, const char *text)
{
	struct constraint *constraint = NULL;
	unsigned column;
	struct err e = {0};

	if (constraint_parse(text, &constraint, &column, &e) < 0)
		EXPECT_TEXT(e.text, text);
	EXPECT_NUMBER(constraint_bind(constraint, axes, not_told, NULL), 0);
	return constraint;
}

#define CONSTRAINTS 3

struct world {
	struct axes axes;
	struct constraint *constraints[CONSTRAINTS];
	size_t constraint_count;
};

/* Three or four axes a, b, c (d) with up to five items that may have a trait t, and constraints over them. */
static void world_by_chance(struct world *world, struct chance *chance)
{
	static const char *const texts[] = {
		"a.t == b.t",		"not (a == 0 and c == 1)",
		"b.t >= 1 -> c.t != 2", "a.t in (0, 1) or c == 0",
		"known(b.t)",		"if c == 0 then b in (0, 1)",
	};
	unsigned count = 3 + next(chance, 2);

	*world = (struct world){.axes = AXES_INIT};
	for (unsigned a = 0; a < count; a++) {
		char name[2] = {(char)('a' + a), '\0'}, text[16];
		struct axis *axis = axes_add(&world->axes, name);
		unsigned items = 1 + next(chance, 5);
		for (unsigned i = 0; i < items; i++) {
			(void)snprintf(text, sizeof text, "%u", i);
			struct axis_item *item = axis_add(axis, text);
			item->weight = 1 + next(chance, 3);
			(void)snprintf(text, sizeof text, "%u", next(chance, 3));
			if (i == 0 || next(chance, 4))
				EXPECT(axis_set(axis, item, "t", text) == 0);
		}
	}
	world->constraint_count = next(chance, CONSTRAINTS + 1);
	for (size_t i = 0; i < world->constraint_count; i++)
		world->constraints[i] = bound(&world->axes, texts[next(chance, ARRAY_LEN(texts))]);
}

static void world_done(struct world *world)
{
	for (size_t i = 0; i < world->constraint_count; i++)
		constraint_free(world->constraints[i]);
	axes_done(&world->axes);
}

static bool is_valid(const struct world *world, const uint32_t *items)
{
	const struct axis_item *chosen[AXES_MAX] = {NULL};

	for (size_t a = 0; a < world->axes.list.count; a++)
		chosen[a] = world->axes.list.items[a]->items.items[items[a]];
	for (size_t i = 0; i < world->constraint_count; i++)
		if (constraint_judge(world->constraints[i], chosen) == TRUTH_FALSE)
			return false;
	return true;
}

/* Counts up; false after the last one. */
static bool next_items(const struct world *world, uint32_t *items)
{
	for (size_t a = 0; a < world->axes.list.count; a++) {
		if (++items[a] < world->axes.list.items[a]->items.count)
			return true;
		items[a] = 0;
	}
	return false;
}

static size_t count_in(const struct combine *combine, const uint32_t *items)
{
	size_t found = 0;

	for (size_t i = 0; i < combine->count; i++)
		found += memcmp(combine_items(combine, i), items,
				combine->axis_count * sizeof *items) == 0;
	return found;
}

static struct combine *made(const struct world *world, struct combine_request *request)
{
	struct combine *combine = NULL;
	struct combine_slip slip;
	struct err e = {0};

	request->axes = &world->axes;
	request->constraints = world->constraints;
	request->constraint_count = world->constraint_count;
	if (combine_make(request, &combine, &slip, &e) < 0)
		EXPECT_TEXT(e.text, "made");
	return combine;
}

/* ---- the modes ---- */

/* All that hold are there, each once, and what is not there is counted at a constraint. */
TEST(combine, all_is_what_trying_all_says)
{
	struct chance chance = {1};
	size_t seen = 0, refused = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct world world;
		struct combine_request request = {.mode = COMBINE_ALL};
		uint32_t items[AXES_MAX] = {0};
		uint64_t whole = 0, excluded = 0;
		world_by_chance(&world, &chance);
		CLEANUP(combine) struct combine *combine = made(&world, &request);
		do {
			EXPECT_NUMBER((long long)count_in(combine, items), is_valid(&world, items));
			whole++;
		} while (next_items(&world, items));
		for (size_t i = 0; i < combine->constraint_count; i++)
			excluded += combine->excluded[i];
		EXPECT_NUMBER((long long)(combine->count + excluded), (long long)whole);
		seen += combine->count;
		refused += excluded;
		world_done(&world);
	}
	EXPECT(seen > 1000 && refused > 1000);
}

static bool completes(const uint32_t *items, const uint32_t *row, size_t count)
{
	for (size_t a = 0; a < count; a++)
		if (row[a] != COMBINE_ANY && row[a] != items[a])
			return false;
	return true;
}

static void row_by_chance(const struct world *world, struct chance *chance, uint32_t *row)
{
	for (size_t a = 0; a < world->axes.list.count; a++)
		row[a] = next(chance, 2)
				 ? COMBINE_ANY
				 : next(chance, (unsigned)world->axes.list.items[a]->items.count);
}

/* A row stands for all that it does not say. */
TEST(combine, rows_are_completed_in_all_ways)
{
	struct chance chance = {2};

	for (unsigned round = 0; round < 300; round++) {
		struct world world;
		uint32_t rows[2 * AXES_MAX], items[AXES_MAX] = {0};
		world_by_chance(&world, &chance);
		size_t count = world.axes.list.count;
		row_by_chance(&world, &chance, rows);
		row_by_chance(&world, &chance, rows + count);
		struct combine_request request = {.mode = COMBINE_ROWS, .rows = {rows, 2}};
		CLEANUP(combine) struct combine *combine = made(&world, &request);
		uint64_t there = 0;
		do {
			bool wanted = completes(items, rows, count) ||
				      completes(items, rows + count, count);
			EXPECT_NUMBER((long long)count_in(combine, items),
				      wanted && is_valid(&world, items));
			there += (completes(items, rows, count) +
				  completes(items, rows + count, count)) *
				 is_valid(&world, items);
		} while (next_items(&world, items));
		EXPECT_NUMBER((long long)(combine->count + combine->doubled), (long long)there);
		world_done(&world);
	}
}

/* What must be there comes first, completed, and nothing is there twice. */
TEST(combine, what_must_be_there_is_first)
{
	struct chance chance = {3};
	size_t completed = 0, impossible = 0;

	for (unsigned round = 0; round < 300; round++) {
		struct world world;
		uint32_t must[AXES_MAX], items[AXES_MAX] = {0};
		struct combine *combine = NULL;
		struct combine_slip slip;
		struct err e = {0};
		bool can_be = false;
		world_by_chance(&world, &chance);
		row_by_chance(&world, &chance, must);
		do
			can_be = can_be || (completes(items, must, world.axes.list.count) &&
					    is_valid(&world, items));
		while (next_items(&world, items));
		struct combine_request request = {.axes = &world.axes,
						  .mode = COMBINE_ALL,
						  .constraints = world.constraints,
						  .constraint_count = world.constraint_count,
						  .must = {must, 1}};
		int r = combine_make(&request, &combine, &slip, &e);
		EXPECT_NUMBER(r, can_be ? 0 : -EINVAL);
		if (r == 0) {
			EXPECT(combine->origins.items[0].why == COMBINE_WHY_MUST);
			EXPECT(completes(combine_items(combine, 0), must, combine->axis_count));
			for (size_t i = 0; i < combine->count; i++)
				EXPECT_NUMBER(
					(long long)count_in(combine, combine_items(combine, i)), 1);
			completed++;
		} else {
			EXPECT(slip.about == COMBINE_ABOUT_MUST && slip.index == 0);
			EXPECT(strstr(e.text, "is in the way") != NULL);
			impossible++;
		}
		combine_free(combine);
		world_done(&world);
	}
	EXPECT(completed > 100 && impossible > 10);
}

/* ---- by hand ---- */

static void add_items(struct axes *axes, const char *name, unsigned count)
{
	struct axis *axis = axes_add(axes, name);
	char text[16];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(text, sizeof text, "%c%u", name[0], i);
		(void)axis_add(axis, text);
	}
}

TEST(combine, zip_goes_by_rows)
{
	struct world world = {.axes = AXES_INIT};
	struct combine_request request = {.mode = COMBINE_ZIP};
	CLEAN_TEXT struct text told = TEXT_INIT(256);

	add_items(&world.axes, "image", 3);
	add_items(&world.axes, "host", 1);
	add_items(&world.axes, "size", 3);
	world.constraints[world.constraint_count++] = bound(&world.axes, "image != i1");
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	EXPECT_NUMBER((long long)combine->count, 2);
	combine_describe(&world.axes, combine_items(combine, 1), false, &told);
	EXPECT_TEXT(told.buf, "image=i2 size=s2");
	text_clear(&told);
	combine_describe(&world.axes, combine_items(combine, 0), true, &told);
	EXPECT_TEXT(told.buf, "image=i0 host=h0 size=s0");
	EXPECT_NUMBER((long long)combine->origins.items[1].row, 2);
	EXPECT_NUMBER((long long)combine->excluded[0], 1);
	EXPECT_NUMBER((long long)combine->told.count, 1);
	text_clear(&told);
	combine_describe(&world.axes, combine->told_items.items, false, &told);
	EXPECT_TEXT(told.buf, "image=i1");
	world_done(&world);
}

static void refused(const struct world *world, struct combine_request *request, int code,
		    const char *sentence)
{
	struct combine *combine = NULL;
	struct combine_slip slip = {COMBINE_ABOUT_MUST, 7};
	struct err e = {0};

	request->axes = &world->axes;
	EXPECT_NUMBER(combine_make(request, &combine, &slip, &e), code);
	EXPECT(combine == NULL);
	EXPECT(e.blame == BLAME_USER);
	EXPECT(slip.about == COMBINE_ABOUT_ALL);
	EXPECT_TEXT(e.text, sentence);
}

TEST(combine, refuses_with_a_sentence)
{
	struct world world = {.axes = AXES_INIT};
	struct combine_request zip = {.mode = COMBINE_ZIP}, all = {.mode = COMBINE_ALL};

	add_items(&world.axes, "image", 3);
	add_items(&world.axes, "size", 2);
	refused(&world, &zip, -EINVAL,
		"zip puts the first of each axis together, the second of each and so on: 'image' has 3 "
		"values and 'size' has 2");
	add_items(&world.axes, "policy", 2000);
	refused(&world, &all, -E2BIG,
		"more than 10000 cells (12000 without constraints), and a plan holds no more: cover pairs of "
		"values with `ways: 2`, or constrain it");
	add_items(&world.axes, "host", 0);
	refused(&world, &all, -EINVAL, "the axis 'host' has no values");
	world_done(&world);
}

static void count_unused(void *arg, size_t axis, size_t item)
{
	(void)text_addf(arg, "%zu/%zu ", axis, item);
}

TEST(combine, tells_what_is_in_no_cell_or_undecided)
{
	struct world world = {.axes = AXES_INIT};
	struct combine_request request = {.mode = COMBINE_ALL};
	CLEAN_TEXT struct text unused = TEXT_INIT(256);

	add_items(&world.axes, "image", 3);
	add_items(&world.axes, "size", 2);
	for (size_t i = 0; i < 2; i++)
		(void)axis_set(world.axes.list.items[0], world.axes.list.items[0]->items.items[i],
			       "arch", i ? "aarch64" : "x86_64");
	(void)axis_set(world.axes.list.items[1], world.axes.list.items[1]->items.items[0], "arch",
		       "x86_64");
	(void)axis_set(world.axes.list.items[1], world.axes.list.items[1]->items.items[1], "arch",
		       "x86_64");
	world.constraints[world.constraint_count++] = bound(&world.axes, "size.arch == image.arch");
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	EXPECT_NUMBER((long long)combine->count, 4);
	EXPECT_NUMBER((long long)combine->excluded[0], 2);
	EXPECT_NUMBER((long long)combine->undecided[0], 2);
	combine_unused(combine, count_unused, &unused);
	EXPECT_TEXT(unused.buf, "0/1 ");
	world_done(&world);
}

/* A constraint that looks at the first axes is not judged for each of what stands behind them. */
TEST(combine, counts_more_than_it_looks_at)
{
	struct world world = {.axes = AXES_INIT};
	struct combine_request request = {.mode = COMBINE_ALL};

	add_items(&world.axes, "image", 3000);
	add_items(&world.axes, "size", 1000);
	add_items(&world.axes, "policy", 9000);
	world.constraints[world.constraint_count++] = bound(&world.axes, "image == i7");
	world.constraints[world.constraint_count++] = bound(&world.axes, "size == s3");
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	EXPECT_NUMBER((long long)combine->count, 9000);
	EXPECT_NUMBER((long long)combine->excluded[0], 2999LL * 1000 * 9000);
	EXPECT_NUMBER((long long)combine->excluded[1], 999LL * 9000);
	EXPECT_NUMBER((long long)combine->told.count, COMBINE_TOLD_MAX);
	world_done(&world);
}

/* ---- covering ---- */

static bool has_pair(const struct combine *combine, size_t a, uint32_t x, size_t b, uint32_t y)
{
	for (size_t i = 0; i < combine->count; i++)
		if (combine_items(combine, i)[a] == x && combine_items(combine, i)[b] == y)
			return true;
	return false;
}

static bool is_alike(const struct world *world, size_t axis, uint32_t x, uint32_t y)
{
	const struct axis_items *items = &world->axes.list.items[axis]->items;
	const struct value *a = axis_value(items->items[x], 0), *b = axis_value(items->items[y], 0);

	return a && b ? value_is_equal(a, b) : a == b;
}

/* Some combination has on these axes the traits that the items have. */
static bool has_traits(const struct world *world, const struct combine *combine,
		       const uint32_t *items, size_t a, size_t b)
{
	for (size_t i = 0; i < combine->count; i++)
		if (is_alike(world, a, combine_items(combine, i)[a], items[a]) &&
		    is_alike(world, b, combine_items(combine, i)[b], items[b]))
			return true;
	return false;
}

/* Every pair that some combination can have is there, and none that cannot be. */
TEST(combine, ways_cover_all_pairs_that_can_be)
{
	struct chance chance = {4};

	for (unsigned round = 0; round < 100; round++) {
		struct world world;
		uint32_t items[AXES_MAX] = {0};
		struct combine_request request = {.mode = COMBINE_WAYS, .ways = 2, .seed = round};
		bool can_be = false;
		world_by_chance(&world, &chance);
		do
			can_be = can_be || is_valid(&world, items);
		while (next_items(&world, items));
		if (!can_be) {
			world_done(&world);
			continue;
		}
		CLEANUP(combine) struct combine *combine = made(&world, &request);
		CLEANUP(combine) struct combine *again = made(&world, &request);
		EXPECT(combine->count == again->count &&
		       memcmp(combine->items.items, again->items.items,
			      combine->items.count * sizeof(uint32_t)) == 0);
		EXPECT(combine->count >= combine->lower_bound);
		for (size_t i = 0; i < combine->count; i++)
			EXPECT(is_valid(&world, combine_items(combine, i)));
		do {
			for (size_t a = 0; is_valid(&world, items) && a < combine->axis_count; a++)
				for (size_t b = a + 1; b < combine->axis_count; b++)
					if (!has_pair(combine, a, items[a], b, items[b]))
						EXPECT_NUMBER(round, -1);
		} while (next_items(&world, items));
		world_done(&world);
	}
}

/* Every two traits that some combination can have meet; the items that have them are whichever. */
TEST(combine, ways_cover_traits)
{
	struct chance chance = {6};
	size_t fewer = 0;

	for (unsigned round = 0; round < 60; round++) {
		struct world world;
		uint32_t items[AXES_MAX] = {0};
		struct combine_request request = {
			.mode = COMBINE_WAYS, .ways = 2, .over_traits = true};
		struct combine_request plain = {.mode = COMBINE_WAYS, .ways = 2};
		bool can_be = false;
		world_by_chance(&world, &chance);
		do
			can_be = can_be || is_valid(&world, items);
		while (next_items(&world, items));
		if (!can_be) {
			world_done(&world);
			continue;
		}
		CLEANUP(combine) struct combine *combine = made(&world, &request);
		CLEANUP(combine) struct combine *of_items = made(&world, &plain);
		fewer += combine->count < of_items->count;
		for (size_t i = 0; i < combine->count; i++)
			EXPECT(is_valid(&world, combine_items(combine, i)));
		memset(items, 0, sizeof items);
		do {
			for (size_t a = 0; is_valid(&world, items) && a < combine->axis_count; a++)
				for (size_t b = a + 1; b < combine->axis_count; b++)
					EXPECT(has_traits(&world, combine, items, a, b));
		} while (next_items(&world, items));
		world_done(&world);
	}
	EXPECT(fewer > 10);
}

TEST(combine, ways_begin_with_what_must_be_there)
{
	struct world world = {.axes = AXES_INIT};
	const uint32_t must[] = {2, COMBINE_ANY, 1, COMBINE_ANY, 3, COMBINE_ANY};
	struct combine_request request = {.mode = COMBINE_WAYS, .ways = 2, .must = {must, 2}};

	add_items(&world.axes, "image", 4);
	add_items(&world.axes, "size", 4);
	add_items(&world.axes, "firmware", 2);
	world.constraints[world.constraint_count++] =
		bound(&world.axes, "not (image == i2 and size == s0)");
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	EXPECT(combine->count >= 15 && combine->lower_bound <= combine->count);
	EXPECT(combine_items(combine, 0)[0] == 2 && combine_items(combine, 0)[2] == 1);
	EXPECT(combine_items(combine, 1)[1] == 3);
	EXPECT(combine->origins.items[0].why == COMBINE_WHY_MUST);
	EXPECT(combine->origins.items[1].why == COMBINE_WHY_MUST);
	EXPECT_NUMBER((long long)combine->origins.items[1].row, 1);
	EXPECT(combine->origins.items[2].why == COMBINE_WHY_MODE);
	EXPECT_NUMBER((long long)combine->impossible, 1);
	world_done(&world);
}

/* ---- what fits into a time ---- */

/* How many pairs of items one has that none of those before it has. */
static unsigned new_pairs(const struct combine *combine, const size_t *order, size_t before,
			  size_t index)
{
	const uint32_t *items = combine_items(combine, index);
	unsigned count = 0;

	for (size_t a = 0; a < combine->axis_count; a++)
		for (size_t b = a + 1; b < combine->axis_count; b++) {
			bool met = false;
			for (size_t i = 0; i < before && !met; i++)
				met = combine_items(combine, order[i])[a] == items[a] &&
				      combine_items(combine, order[i])[b] == items[b];
			count += !met;
		}
	return count;
}

/* No combination that comes later would have brought more. */
TEST(budget, orders_by_what_is_new)
{
	struct chance chance = {5};

	for (unsigned round = 0; round < 60; round++) {
		struct world world;
		struct combine_request request = {.mode = COMBINE_ALL};
		world_by_chance(&world, &chance);
		CLEANUP(combine) struct combine *combine = made(&world, &request);
		CLEAN_FREE size_t *order = xnew((combine->count + 1) * sizeof *order);
		size_t better = 0;
		budget_order(combine, order);
		for (size_t i = 0; i < combine->count && i < 30; i++)
			for (size_t later = i + 1; later < combine->count; later++)
				better += new_pairs(combine, order, i, order[later]) >
					  new_pairs(combine, order, i, order[i]);
		EXPECT_NUMBER((long long)better, 0);
		world_done(&world);
	}
}

TEST(budget, keeps_the_most_valuable)
{
	struct world world = {.axes = AXES_INIT};
	const uint32_t must[] = {1, 1, COMBINE_ANY};
	struct combine_request request = {.mode = COMBINE_ALL, .must = {must, 1}};
	struct budget_cost costs[18];
	bool kept[18];
	size_t order[18];

	add_items(&world.axes, "image", 3);
	add_items(&world.axes, "size", 3);
	add_items(&world.axes, "firmware", 2);
	world.axes.list.items[1]->items.items[2]->weight = 5;
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	EXPECT_NUMBER((long long)combine->count, 18);
	budget_order(combine, order);
	EXPECT_NUMBER((long long)order[0], 0);
	EXPECT_NUMBER(combine_items(combine, order[1])[1], 2); /* of those as new the heaviest */
	for (size_t i = 0; i < 18; i++)
		costs[i] = (struct budget_cost){.own_ns = 10, .shares = i};
	EXPECT_NUMBER((long long)budget_choose(combine, costs, 35, kept), 30);
	for (size_t i = 0; i < 18; i++)
		EXPECT(kept[order[i]] == (i < 3));
	/* What must be there is, whatever it costs. */
	costs[0].own_ns = 100;
	EXPECT_NUMBER((long long)budget_choose(combine, costs, 35, kept), 100);
	for (size_t i = 0; i < 18; i++)
		EXPECT(kept[i] == (i == 0));
	EXPECT_NUMBER((long long)budget_choose(combine, costs, UINT64_MAX, kept), 270);
	/* What cannot be run brings nothing together: what is kept instead does. */
	for (size_t i = 0; i < 18; i++)
		costs[i].own_ns = i == order[1] ? BUDGET_NEVER : 10;
	EXPECT_NUMBER((long long)budget_choose(combine, costs, 25, kept), 20);
	EXPECT(!kept[order[1]]);
	size_t other = 0;
	while (other < 18 && (!kept[other] || other == order[0]))
		other++;
	EXPECT(other < 18 && new_pairs(combine, order, 1, other) == 3);
	EXPECT_NUMBER(combine_items(combine, other)[1], 2);
	world_done(&world);
}

/* What several share is paid by the first of them that is kept. */
TEST(budget, shares_are_paid_once)
{
	struct world world = {.axes = AXES_INIT};
	struct combine_request request = {.mode = COMBINE_ALL};
	struct budget_cost costs[9];
	unsigned groups[3] = {0};
	bool kept[9];
	uint64_t want_ns = 0;

	add_items(&world.axes, "image", 3);
	add_items(&world.axes, "size", 3);
	CLEANUP(combine) struct combine *combine = made(&world, &request);
	for (size_t i = 0; i < 9; i++)
		costs[i] = (struct budget_cost){
			.own_ns = 5, .shared_ns = 40, .shares = combine_items(combine, i)[0]};
	/* All that one image takes, and some of another. */
	uint64_t used_ns = budget_choose(combine, costs, 110, kept);
	for (size_t i = 0; i < 9; i++)
		groups[combine_items(combine, i)[0]] += kept[i];
	for (size_t i = 0; i < 3; i++)
		want_ns += groups[i] ? 40 + 5 * (uint64_t)groups[i] : 0;
	EXPECT_NUMBER((long long)used_ns, (long long)want_ns);
	EXPECT(used_ns <= 110);
	EXPECT_NUMBER(groups[0] + groups[1] + groups[2], 6);
	EXPECT_NUMBER((long long)budget_choose(combine, costs, 1000, kept), 3 * 40 + 9 * 5);
	world_done(&world);
}
