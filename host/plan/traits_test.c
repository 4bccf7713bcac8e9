/* SPDX-License-Identifier: Apache-2.0 */
/* Plans over traits against a checker that walks through all cells of small worlds. */
#include "host/plan/traits.h"

#include <string.h>

#include "base/random.h"
#include "base/test.h"

#define AXES	    3
#define ITEMS	    5
#define CELLS	    125 /* ITEMS to the power of AXES */
#define TRAITS	    2
#define CONSTRAINTS 3
#define TUPLES_MAX  20000

/* All that a plan is made of. */
struct world {
	struct axes axes;
	struct constraint *constraints[CONSTRAINTS];
	size_t constraint_count;
	unsigned ways;
};

static const char *const trait_names[] = {"x", "y"}, *const trait_values[] = {"p", "q", "r"};
/* Every one lets a cell of the first items through: these have p for all that they have. */
static const char *const constraint_texts[] = {
	"a.x == b.x or a.x == q",
	"not (a == a1 and b == b2)",
	"if c == c1 then a.y == p",
	"b.y != r or c.x in (p, q)",
	"not (a.x == q and b.x == q and c == c2)",
};

static void on_problem(void *arg, unsigned column, bool is_remark, const char *what)
{
	(void)column;
	(void)what;
	*(bool *)arg |= !is_remark;
}

static void add_constraint(struct world *world, const char *text)
{
	struct constraint *constraint = NULL;
	unsigned column;
	struct err e = {0};
	bool wrong = false;

	EXPECT(constraint_parse(text, &constraint, &column, &e) == 0);
	if (constraint_bind(constraint, &world->axes, on_problem, &wrong) > 0 || wrong)
		constraint_free(constraint); /* it names what this world does not have */
	else
		world->constraints[world->constraint_count++] = constraint;
}

static void make_item(struct axis *axis, struct axis_item *item, size_t index, size_t traits,
		      struct random *random)
{
	for (size_t t = 0; t < traits; t++)
		if (index == 0 || random_below(random, 5) > 0)
			EXPECT(axis_set(axis, item, trait_names[t],
					trait_values[index == 0 ? 0 : random_below(random, 3)]) ==
			       0);
}

static void make_world(struct world *world, struct random *random)
{
	*world = (struct world){.axes = AXES_INIT, .ways = 1 + (unsigned)random_below(random, 3)};
	for (size_t a = 0; a < AXES; a++) {
		const char axis_name[] = {(char)('a' + a), 0};
		struct axis *axis = axes_add(&world->axes, axis_name);
		size_t traits = random_below(random, TRAITS + 1),
		       items = 1 + random_below(random, ITEMS);
		for (size_t i = 0; i < items; i++) {
			const char name[] = {axis_name[0], (char)('0' + i), 0};
			struct axis_item *item = axis_add(axis, name);
			item->weight = 1 + (unsigned)random_below(random, 3);
			make_item(axis, item, i, traits, random);
		}
	}
	for (size_t n = random_below(random, CONSTRAINTS + 1); n > 0; n--)
		add_constraint(world,
			       constraint_texts[random_below(random, ARRAY_LEN(constraint_texts))]);
}

static void free_world(struct world *world)
{
	for (size_t i = 0; i < world->constraint_count; i++)
		constraint_free(world->constraints[i]);
	axes_done(&world->axes);
}

static const struct axis_item *item_at(const struct world *world, size_t axis, uint32_t item)
{
	return world->axes.list.items[axis]->items.items[item];
}

static bool is_real(const struct world *world, const uint32_t *cell)
{
	const struct axis_item *items[AXES];

	for (size_t a = 0; a < AXES; a++) {
		if (cell[a] >= world->axes.list.items[a]->items.count)
			return false;
		items[a] = item_at(world, a, cell[a]);
	}
	for (size_t i = 0; i < world->constraint_count; i++)
		if (constraint_judge(world->constraints[i], items) == TRUTH_FALSE)
			return false;
	return true;
}

static size_t real_cells(const struct world *world, uint32_t *cells)
{
	size_t count = 0;

	for (uint32_t n = 0; n < CELLS; n++) {
		uint32_t cell[AXES] = {n % ITEMS, n / ITEMS % ITEMS, n / ITEMS / ITEMS};
		if (is_real(world, cell))
			memcpy(cells + count++ * AXES, cell, sizeof cell);
	}
	return count;
}

/* What a cell shows, a text for each column; returns how many. */
static size_t shown(const struct world *world, const uint32_t *cell, char text[][16])
{
	size_t count = 0;

	for (size_t a = 0; a < AXES; a++) {
		const struct axis *axis = world->axes.list.items[a];
		const struct axis_item *item = item_at(world, a, cell[a]);
		for (int t = axis->traits.count > 0 ? 0 : -1; t < (int)axis->traits.count; t++) {
			const struct value *value = axis_value(item, t);
			(void)snprintf(text[count++], 16, "%zu.%d=%s", a, t,
				       value ? value->text : "?");
		}
	}
	return count;
}

DEFINE_VEC(tuple_set, char *);

static void add_tuple(struct tuple_set *set, const char *tuple)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i], tuple) == 0)
			return;
	EXPECT(vec_add(set, xstrdup(tuple)));
}

static void add_tuples(struct tuple_set *set, const struct world *world, const uint32_t *cells,
		       size_t count)
{
	for (size_t c = 0; c < count; c++) {
		char text[AXES * TRAITS][16];
		size_t columns = shown(world, cells + c * AXES, text);
		int ways = (int)(world->ways < columns ? world->ways : columns);
		for (unsigned chosen = 0; chosen < 1U << columns; chosen++) {
			CLEAN_TEXT struct text tuple = TEXT_INIT(200);
			for (size_t i = 0; i < columns; i++)
				if (chosen >> i & 1)
					text_addf(&tuple, "%s ", text[i]);
			if (__builtin_popcount(chosen) == ways)
				add_tuple(set, tuple.buf);
		}
	}
}

static void free_tuples(struct tuple_set *set)
{
	vec_each (set, tuple)
		free(*tuple);
	vec_done(set);
}

static struct traits_model model_of(const struct world *world)
{
	return (struct traits_model){.axes = &world->axes,
				     .constraints =
					     (const struct constraint *const *)world->constraints,
				     .constraint_count = world->constraint_count,
				     .ways = world->ways};
}

/* That the plan's cells, and those of `kept`, show what all cells of the world can show. */
static void expect_covered(const struct world *world, const struct traits *traits,
			   const uint32_t *kept, size_t kept_count)
{
	struct tuple_set all = VEC_INIT(TUPLES_MAX), got = VEC_INIT(TUPLES_MAX);
	uint32_t cells[CELLS * AXES];
	size_t real = 0;

	add_tuples(&all, world, cells, real_cells(world, cells));
	add_tuples(&got, world, kept, kept_count);
	EXPECT_NUMBER(traits->wanted, all.count - got.count);
	add_tuples(&got, world, traits->cells, traits->cell_count);
	EXPECT_NUMBER(got.count, all.count);
	for (size_t c = 0; c < traits->cell_count; c++)
		real += is_real(world, traits_cell(traits, c));
	EXPECT_NUMBER(real, traits->cell_count);
	free_tuples(&all);
	free_tuples(&got);
}

struct reasons {
	size_t count, of[CELLS * AXES];
};

static void note_reason(void *arg, size_t cell, const struct traits_tuple *tuple)
{
	struct reasons *reasons = arg;
	CLEAN_TEXT struct text text = TEXT_INIT(200);

	traits_tuple_text(tuple, &text);
	reasons->count += text.length > 0;
	reasons->of[cell]++;
}

static void expect_reasons(const struct traits *traits)
{
	struct reasons reasons = {0};
	struct err e = {0};
	size_t without = 0;

	EXPECT(traits_explain(traits, note_reason, &reasons, &e) == 0);
	EXPECT_NUMBER(reasons.count, traits->wanted);
	for (size_t c = 0; c < traits->cell_count; c++)
		without += traits->causes[c] == TRAITS_SHOWS && reasons.of[c] == 0;
	EXPECT_NUMBER(without, 0);
}

TEST(traits, all_that_real_cells_can_show_is_planned)
{
	struct random random = {3};
	struct cover_options options = {.effort = 10000};

	for (int n = 0; n < 60; n++) {
		struct world world;
		make_world(&world, &random);
		struct traits_model model = model_of(&world);
		CLEANUP(traits) struct traits *traits = NULL;
		struct err e = {0};
		options.seed = (uint64_t)n;
		int r = traits_plan(&model, &options, &traits, &e);
		EXPECT_TEXT(e.text, "");
		if (r == 0) {
			expect_covered(&world, traits, NULL, 0);
			expect_reasons(traits);
			EXPECT(traits->lower_bound <= traits->cell_count);
		}
		free_world(&world);
	}
}

/* Former cells without the changed item that are still allowed. */
static size_t keep(const struct world *world, const struct traits *former,
		   struct traits_item changed, uint32_t *kept)
{
	size_t count = 0;

	for (size_t c = 0; c < former->cell_count; c++) {
		const uint32_t *cell = traits_cell(former, c);
		if (cell[changed.axis] != changed.item && is_real(world, cell))
			memcpy(kept + count++ * AXES, cell, AXES * sizeof *cell);
	}
	return count;
}

static bool holds(const uint32_t *list, size_t count, struct traits_item item)
{
	bool found = false;

	for (const uint32_t *cell = list; cell < list + count * AXES; cell += AXES)
		found |= cell[item.axis] == item.item;
	return found;
}

static void expect_increment(struct world *world, const struct traits *former,
			     struct traits_item changed)
{
	struct traits_model model = model_of(world);
	struct cover_options options = {.seed = 1, .effort = 10000};
	CLEANUP(traits) struct traits *traits = NULL;
	uint32_t kept[CELLS * AXES], all[CELLS * AXES] = {0};
	size_t kept_count = keep(world, former, changed, kept);
	struct err e = {0};

	model.former = former->cells;
	model.former_count = former->cell_count;
	model.changed = &changed;
	model.changed_count = 1;
	EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(traits->former_kept, kept_count);
	expect_covered(world, traits, kept, kept_count);
	expect_reasons(traits);
	size_t all_count = real_cells(world, all);
	bool can_be = holds(all, all_count, changed);
	EXPECT(holds(traits->cells, traits->cell_count, changed) == can_be);
	EXPECT_NUMBER(traits->changed_left_out, can_be ? 0 : 1);
}

TEST(traits, an_increment_plans_what_is_missing)
{
	struct random random = {4};
	struct cover_options options = {.seed = 1, .effort = 10000};
	size_t fewer = 0;

	for (int n = 0; n < 40; n++) {
		struct world world;
		make_world(&world, &random);
		struct traits_model model = model_of(&world);
		CLEANUP(traits) struct traits *former = NULL, *idle = NULL;
		struct err e = {0};
		EXPECT(traits_plan(&model, &options, &former, &e) == 0);

		model.former = former->cells;
		model.former_count = former->cell_count;
		EXPECT(traits_plan(&model, &options, &idle, &e) == 0);
		EXPECT_NUMBER(idle->cell_count, 0);
		fewer += idle->former_kept == former->cell_count;

		struct traits_item changed = {.axis = (uint32_t)random_below(&random, AXES)};
		struct axis *axis = world.axes.list.items[changed.axis];
		changed.item = (uint32_t)random_below(&random, axis->items.count);
		if (axis->traits.count > 0 && changed.item > 0)
			make_item(axis, axis->items.items[changed.item], changed.item,
				  axis->traits.count, &random);
		expect_increment(&world, former, changed);
		free_world(&world);
	}
	EXPECT_NUMBER(fewer, 40);
}

static void add_item(struct axis *axis, const char *name, const char *trait, const char *value)
{
	struct axis_item *item = axis_add(axis, name);

	if (trait)
		EXPECT(axis_set(axis, item, trait, value) == 0);
}

static void make_shop(struct world *world)
{
	*world = (struct world){.axes = AXES_INIT, .ways = 2};
	struct axis *image = axes_add(&world->axes, "image");
	add_item(image, "old", "boot", "bios");
	add_item(image, "new", "boot", "uefi");
	add_item(image, "newer", "boot", "uefi");
	struct axis *size = axes_add(&world->axes, "size");
	add_item(size, "small", "nic", "virtio");
	add_item(size, "large", "nic", "e1000");
	add_item(size, "bare", NULL, NULL);
	struct axis *firmware = axes_add(&world->axes, "firmware");
	add_item(firmware, "bios", NULL, NULL);
	add_item(firmware, "uefi", NULL, NULL);
	add_constraint(world, "firmware == image.boot");
}

static void collect(void *arg, size_t cell, const struct traits_tuple *tuple)
{
	struct text *text = arg;

	text_addf(text, "%zu: ", cell);
	traits_tuple_text(tuple, text);
	text_adds(text, "\n");
}

TEST(traits, says_why_a_cell_is_there)
{
	struct world world;
	struct cover_options options = {.seed = 1};
	CLEANUP(traits) struct traits *traits = NULL;
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct err e = {0};

	make_shop(&world);
	struct traits_model model = model_of(&world);
	EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
	EXPECT_NUMBER(traits->cell_count, 6);
	EXPECT_NUMBER(traits->lower_bound, 6);
	EXPECT(traits_explain(traits, collect, &text, &e) == 0);
	EXPECT(strstr(text.buf, "image.boot=bios, size.nic=virtio\n") != NULL);
	EXPECT(strstr(text.buf, "image.boot=uefi, size.nic unknown\n") != NULL);
	EXPECT(strstr(text.buf, "image.boot=uefi, firmware=uefi\n") != NULL);
	EXPECT(strstr(text.buf, "image.boot=bios, firmware=uefi\n") == NULL);
	free_world(&world);
}

TEST(traits, former_cells_that_are_forbidden_now_do_not_count)
{
	struct world world;
	struct cover_options options = {.seed = 1};
	CLEANUP(traits) struct traits *former = NULL, *traits = NULL;
	struct err e = {0};

	make_shop(&world);
	struct traits_model model = model_of(&world);
	EXPECT(traits_plan(&model, &options, &former, &e) == 0);
	add_constraint(&world, "size != large");
	model = model_of(&world);
	model.former = former->cells;
	model.former_count = former->cell_count;
	EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
	EXPECT_NUMBER(former->cell_count, 6);
	EXPECT_NUMBER(traits->former_kept, 4);
	EXPECT_NUMBER(traits->cell_count, 0);
	free_world(&world);
}

/* Two images that are alike take turns; one that weighs nothing is left out. */
TEST(traits, items_of_a_group_take_turns)
{
	struct world world;
	struct cover_options options = {.seed = 1};
	struct err e = {0};

	make_shop(&world);
	struct traits_model model = model_of(&world);
	for (unsigned weight = 0; weight < 2; weight++) {
		CLEANUP(traits) struct traits *traits = NULL;
		size_t uses[3] = {0};
		world.axes.list.items[0]->items.items[2]->weight = weight;
		EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
		for (size_t c = 0; c < traits->cell_count; c++)
			uses[traits_cell(traits, c)[0]]++;
		EXPECT_NUMBER(uses[0], 3);
		EXPECT(weight == 0 ? uses[1] == 3 : uses[1] >= 1 && uses[2] >= 1);
	}
	free_world(&world);
}

TEST(traits, a_cell_that_must_be_there_is_there)
{
	const uint32_t must[] = {2, TRAITS_ANY, TRAITS_ANY, TRAITS_ANY, 1, 0}, never[] = {0, 0, 1};
	struct world world;
	struct cover_options options = {.seed = 1};
	CLEANUP(traits) struct traits *traits = NULL, *none = NULL;
	struct err e = {0};

	make_shop(&world);
	struct traits_model model = model_of(&world);
	model.must = must;
	model.must_count = 2;
	EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
	EXPECT_NUMBER(traits_cell(traits, 0)[0], 2);
	EXPECT(traits_cell(traits, 1)[1] == 1 && traits_cell(traits, 1)[2] == 0);
	EXPECT(traits->causes[1] == TRAITS_MUST && traits->causes[2] == TRAITS_SHOWS);
	model.must = never;
	model.must_count = 1;
	EXPECT_NUMBER(traits_plan(&model, &options, &none, &e), -EINVAL);
	EXPECT_TEXT(e.text, "must cell 0: the constraints allow no such cell");
	free_world(&world);
}

static bool not_the_nic(const void *context, size_t axis, int trait)
{
	(void)context;
	return !(axis == 1 && trait == 0);
}

/* The size's only trait is not wanted, so its items are; but a constraint still looks at the trait. */
TEST(traits, what_is_not_wanted_still_constrains)
{
	struct world world;
	struct cover_options options = {.seed = 1};
	CLEANUP(traits) struct traits *traits = NULL;
	struct err e = {0};

	make_shop(&world);
	add_constraint(&world, "size.nic == virtio or image == old");
	struct traits_model model = model_of(&world);
	model.is_wanted = not_the_nic;
	EXPECT(traits_plan(&model, &options, &traits, &e) == 0);
	for (size_t c = 0; c < traits->cell_count; c++)
		EXPECT(is_real(&world, traits_cell(traits, c)));
	/* bios with three sizes; uefi with the small one, and with the one of which nothing is known. */
	EXPECT_NUMBER(traits->cell_count, 5);
	free_world(&world);
}

TEST(traits, refuses_with_a_sentence)
{
	const uint32_t strange[] = {0, 7, 0};
	struct world world;
	struct cover_options options = {.seed = 1};
	struct traits *none = NULL;
	struct err e = {0};

	make_shop(&world);
	struct traits_model model = model_of(&world);
	model.must = strange;
	model.must_count = 1;
	EXPECT_NUMBER(traits_plan(&model, &options, &none, &e), -EINVAL);
	EXPECT_TEXT(e.text, "must cell 0: axis 1 has no item 7");
	add_constraint(&world, "image.boot == size.nic and known(size.nic)");
	model = model_of(&world);
	EXPECT_NUMBER(traits_plan(&model, &options, &none, &e), -EINVAL);
	EXPECT_TEXT(e.text,
		    "constraint 'image.boot == size.nic and known(size.nic)' allows nothing");
	EXPECT(axes_add(&world.axes, "empty") != NULL);
	EXPECT_NUMBER(traits_plan(&model, &options, &none, &e), -EINVAL);
	EXPECT_TEXT(e.text, "axis empty has no item");
	EXPECT(none == NULL && e.blame == BLAME_USER);
	free_world(&world);
}
