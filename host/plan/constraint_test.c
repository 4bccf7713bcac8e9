/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints: every message with its column, the three truths, and a second evaluator to agree with. */
#include "host/plan/constraint.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

/* ---- what is constrained ---- */

struct world {
	struct axes axes;
	const struct axis_item *chosen[AXES_MAX]; /* the first of each axis */
};

static void add(struct axes *axes, const char *axis_name, const char *name, const char *traits)
{
	int index = axes_find(axes, axis_name);
	struct axis *axis = index < 0 ? axes_add(axes, axis_name) : axes->list.items[index];
	struct axis_item *item = axis_add(axis, name);
	CLEAN_FREE char *copy = xstrdup(traits);

	for (char *at = copy, *trait; (trait = strsep(&at, " "));) {
		char *value = strchr(trait, '=');
		if (value) {
			*value++ = '\0';
			EXPECT(axis_set(axis, item, trait, value) == 0);
		}
	}
}

static void make_world(struct world *world)
{
	*world = (struct world){.axes = AXES_INIT};
	add(&world->axes, "image", "debian-12",
	    "arch=x86_64 boot=bios release=12 distribution=debian cloud_init=yes");
	add(&world->axes, "image", "noble", "arch=aarch64 boot=uefi release=24.04 kernel=6.8");
	add(&world->axes, "size", "small", "arch=x86_64 memory=1GiB cpus=2");
	add(&world->axes, "size", "large", "arch=x86_64 memory=16GiB cpus=8");
	add(&world->axes, "firmware", "uefi", "");
	add(&world->axes, "firmware", "bios", "");
	add(&world->axes, "mtu", "1500", "");
	for (size_t i = 0; i < world->axes.list.count; i++)
		world->chosen[i] = world->axes.list.items[i]->items.items[0];
}

struct told {
	struct text problems, remarks;
};

static void note(void *arg, unsigned column, bool is_remark, const char *what)
{
	struct told *told = arg;

	(void)text_addf(is_remark ? &told->remarks : &told->problems, "%u: %s\n", column, what);
}

/* ---- truths ---- */

static const struct judged {
	const char *text;
	enum truth truth;
} judged[] = {
	{"size.arch == image.arch", TRUTH_TRUE},
	{"not (firmware == uefi and image.boot == bios)", TRUTH_FALSE},
	{"firmware == uefi -> image.boot == uefi", TRUTH_FALSE},
	{"firmware == uefi implies image.boot == uefi", TRUTH_FALSE},
	{"if firmware == uefi then image.boot == bios", TRUTH_TRUE},
	{"if firmware == bios then image.boot == uefi", TRUTH_TRUE},
	{"firmware == bios -> firmware == uefi -> mtu == 9000", TRUTH_TRUE},
	{"size.memory >= 1024 or image.release in (11, 13)", TRUTH_TRUE},
	{"size.memory >= 1.5GiB", TRUTH_FALSE},
	{"size.memory == 1024", TRUTH_TRUE},
	{"image.release in (11, 12)", TRUTH_TRUE},
	{"image.release not in (11, 12)", TRUTH_FALSE},
	{"image.release not in ('11', \"13\")", TRUTH_TRUE},
	{"x86_64 in (image.arch, size.arch)", TRUTH_TRUE},
	{"size.arch in (image.arch)", TRUTH_TRUE},
	{"image.release < 12.1", TRUTH_TRUE},
	{"image.release <= 12", TRUTH_TRUE},
	{"image.release > 9", TRUTH_TRUE},
	{"image.release >= 12.1", TRUTH_FALSE},
	{"10 < image.release", TRUTH_TRUE},
	{"image != debian-12", TRUTH_FALSE},
	{"image == 'debian-12'", TRUTH_TRUE},
	{"image.cloud_init == true", TRUTH_TRUE},
	{"mtu > 1400", TRUTH_TRUE},
	{"not not mtu > 1400", TRUTH_TRUE},
	{"size.cpus == 2 and size.cpus == 8 or mtu == 1500", TRUTH_TRUE},
	{"size.cpus == 8 and (size.cpus == 2 or mtu == 1500)", TRUTH_FALSE},
	{"not size.cpus == 2 or mtu == 1500", TRUTH_TRUE},
	{"\t( mtu==1500 )\n", TRUTH_TRUE},
	/* debian-12 has no trait `kernel` */
	{"image.kernel == 6.8", TRUTH_UNKNOWN},
	{"image.kernel != 6.8", TRUTH_UNKNOWN},
	{"not image.kernel < 7", TRUTH_UNKNOWN},
	{"image.kernel in (6.8, 6.9)", TRUTH_UNKNOWN},
	{"12 in (image.kernel, image.release)", TRUTH_TRUE},
	{"13 in (image.kernel, image.release)", TRUTH_UNKNOWN},
	{"image.kernel == 6.8 and mtu == 9000", TRUTH_FALSE},
	{"image.kernel == 6.8 and mtu == 1500", TRUTH_UNKNOWN},
	{"image.kernel == 6.8 or mtu == 1500", TRUTH_TRUE},
	{"image.kernel == 6.8 or mtu == 9000", TRUTH_UNKNOWN},
	{"image.kernel == 6.8 -> mtu == 1500", TRUTH_TRUE},
	{"image.kernel == 6.8 -> mtu == 9000", TRUTH_UNKNOWN},
	{"mtu == 9000 -> image.kernel == 6.8", TRUTH_TRUE},
	{"mtu == 1500 -> image.kernel == 6.8", TRUTH_UNKNOWN},
	{"known(image.kernel)", TRUTH_FALSE},
	{"known(image.release) and known(image)", TRUTH_TRUE},
	{"known(image.kernel) -> image.kernel >= 6", TRUTH_TRUE},
	{"image.arch < image.release", TRUTH_UNKNOWN},
	{"size.memory < 2h", TRUTH_UNKNOWN},
};

TEST(constraint, is_judged)
{
	struct world world;

	make_world(&world);
	for (const struct judged *row = judged; row < judged + ARRAY_LEN(judged); row++) {
		CLEANUP(constraint) struct constraint *constraint = NULL;
		struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
		unsigned column = 0;
		struct err e = {0};
		if (constraint_parse(row->text, &constraint, &column, &e) < 0) {
			EXPECT_TEXT(e.text, row->text);
			continue;
		}
		EXPECT_TEXT(constraint_text(constraint), row->text);
		EXPECT_NUMBER(constraint_bind(constraint, &world.axes, note, &told), 0);
		EXPECT_TEXT(told.problems.buf, "");
		if (constraint_judge(constraint, world.chosen) != row->truth)
			EXPECT_TEXT("judged otherwise", row->text);
		text_done(&told.problems);
		text_done(&told.remarks);
	}
	axes_done(&world.axes);
}

/* What is not chosen yet is unknown. */
TEST(constraint, is_judged_before_all_is_chosen)
{
	CLEANUP(constraint) struct constraint *constraint = NULL;
	struct world world;
	struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
	unsigned column;
	struct err e = {0};

	make_world(&world);
	EXPECT(constraint_parse("firmware == bios and image.boot == bios", &constraint, &column,
				&e) == 0);
	EXPECT_NUMBER(constraint_bind(constraint, &world.axes, note, &told), 0);
	EXPECT(constraint_judge(constraint, world.chosen) == TRUTH_FALSE);
	world.chosen[axes_find(&world.axes, "firmware")] = NULL;
	EXPECT(constraint_judge(constraint, world.chosen) == TRUTH_UNKNOWN);
	world.chosen[axes_find(&world.axes, "image")] = world.axes.list.items[0]->items.items[1];
	EXPECT(constraint_judge(constraint, world.chosen) == TRUTH_FALSE);
	axes_done(&world.axes);
}

TEST(constraint, names_what_it_looks_at)
{
	CLEANUP(constraint) struct constraint *constraint = NULL;
	struct world world;
	struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
	unsigned column;
	struct err e = {0};
	size_t count;

	make_world(&world);
	EXPECT(constraint_parse(
		       "size.arch == image.arch and (firmware == uefi or size.arch == x86_64)"
		       " and image != noble",
		       &constraint, &column, &e) == 0);
	EXPECT_NUMBER(constraint_bind(constraint, &world.axes, note, &told), 0);
	const struct constraint_name *names = constraint_names(constraint, &count);
	EXPECT_NUMBER((long long)count, 4);
	EXPECT(names[0].axis == 0 && names[0].trait == -1);
	EXPECT(names[1].axis == 0 && names[1].trait == 0);
	EXPECT(names[2].axis == 1 && names[2].trait == 0);
	EXPECT(names[3].axis == 2 && names[3].trait == -1);
	axes_done(&world.axes);
}

/* ---- messages ---- */

static const struct refused {
	const char *text;
	unsigned column;
	const char *sentence; /* its beginning */
} refused[] = {
	{"", 1, "it is empty"},
	{"  \t ", 1, "it is empty"},
	{"mtu == 1500 && mtu == 9000", 13, "'&&' is no operator: write 'and'"},
	{"mtu == 1500 || mtu == 9000", 13, "'||' is no operator: write 'or'"},
	{"mtu == 1500 & mtu == 9000", 13, "'&' is no operator: write 'and'"},
	{"mtu == 1500 | mtu == 9000", 13, "'|' is no operator: write 'or'"},
	{"!(mtu == 1500)", 1, "'!' is no operator: write 'not'"},
	{"mtu = 1500", 5, "'=' is no operator: write '=='"},
	{"mtu <> 1500", 5, "'<>' is no operator: write '!='"},
	{"mtu == 1 => mtu == 2", 10, "'=>' is no operator: write '->'"},
	{"image == a/b", 11, "'/' has no meaning here: put values with other characters"},
	{"image == a\001b", 11, "a character that has no meaning here"},
	{"image == \xc3\xa4 and mtu == ;", 10, "a character that has no meaning here"},
	{"image == '\xc3\xa4' and mtu == ;", 25, "';' has no meaning here"},
	{"image == 'debian", 10, "the quotation that begins here does not end"},
	{"image == \"debian'", 10, "the quotation that begins here does not end"},
	{"== 1500", 1, "'==' stands where a name or a value is expected"},
	{"mtu ==", 7, "it ends where a name or a value is expected"},
	{"mtu == and", 8, "'and' stands where a name or a value is expected"},
	{"mtu == 1500 and", 16, "it ends where a name or a value is expected"},
	{"mtu", 4, "it ends where a comparison (==, !=, <, <=, >, >= or in) is expected"},
	{"mtu 1500", 5, "'1500' stands where a comparison"},
	{"image.release inn (11)", 15,
	 "'inn' stands where a comparison (==, !=, <, <=, >, >= or in) is expected; did you mean 'in'?"},
	{"mtu not 1500", 9, "'1500' stands where 'in' is expected"},
	{"mtu < 1500 < 9000", 12, "a comparison has two sides: join two comparisons by 'and'"},
	{"mtu == 1500 AND mtu == 9000", 13,
	 "'AND' stands where 'and', 'or', '->' or the end is expected; did you mean 'and'?"},
	{"mtu == 1500 mtu == 9000", 13,
	 "'mtu' stands where 'and', 'or', '->' or the end is expected"},
	{"mtu == 1500 then mtu == 9000", 13,
	 "'then' stands where 'and', 'or', '->' or the end is expected"},
	{"(mtu == 1500", 13, "the ')' for the '(' at column 1 is missing"},
	{"((mtu == 1500) and (mtu == 9000", 32, "the ')' for the '(' at column 20 is missing"},
	{"mtu == 1500)", 12, "this ')' closes nothing"},
	{"mtu in 1500", 8, "'1500' stands where a list like (a, b) is expected"},
	{"mtu in ()", 9, "')' stands where a name or a value is expected"},
	{"mtu in (1500,)", 14, "')' stands where a name or a value is expected"},
	{"mtu in (1500 9000)", 14, "',' or the ')' for the '(' at column 8 is missing"},
	{"if mtu == 1500 mtu == 9000", 16, "the 'then' for the 'if' at column 1 is missing"},
	{"if mtu == 1500", 15, "the 'then' for the 'if' at column 1 is missing"},
	{"if mtu == 1500 then", 20, "it ends where a name or a value is expected"},
	{"known image.release", 7, "'image.release' stands where '(' and a trait"},
	{"known(image.release", 20, "the ')' for the '(' at column 6 is missing"},
	{"known(", 7, "it ends where a name or a value is expected"},
};

TEST(constraint, refuses_with_a_column)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		struct constraint *constraint = NULL;
		unsigned column = 0;
		struct err e = {0};
		EXPECT_NUMBER(constraint_parse(row->text, &constraint, &column, &e), -EINVAL);
		EXPECT(constraint == NULL);
		EXPECT_NUMBER(column, row->column);
		EXPECT(e.blame == BLAME_USER);
		if (!has_prefix(e.text, row->sentence))
			EXPECT_TEXT(e.text, row->sentence);
	}
}

static const struct misnamed {
	const char *text, *problems;
} misnamed[] = {
	{"iamge.arch == size.arch",
	 "1: there is no axis 'iamge'; did you mean 'image'? (a value with a '.' stands in quotes)\n"},
	{"image == debian-12.qcow2",
	 "10: there is no axis 'debian-12'; there are image, size, firmware, mtu (a value with a '.' stands "
	 "in quotes)\n"},
	{"image.arhc == size.arch",
	 "1: no item of the axis 'image' has a trait 'arhc'; did you mean 'arch'?\n"},
	{"size.arch == size.colour",
	 "14: no item of the axis 'size' has a trait 'colour'; there are arch, memory, cpus\n"},
	{"firmware.kind == uefi", "1: no item of the axis 'firmware' has a trait 'kind'\n"},
	{"firmwre == uefi", "1: 'firmwre' is no axis; did you mean 'firmware'?\n"},
	{"uefi == firmwre", "9: 'firmwre' is no axis; did you mean 'firmware'?\n"},
	{"colour in (red, blue)",
	 "1: 'colour' is compared, and nothing here names an axis: there are image, size, firmware, mtu\n"},
	{"mtu == 1500 and image > noble",
	 "25: 'noble' is neither above nor below anything: only numbers, versions, sizes and times have "
	 "an order\n"},
	{"known(release)", "7: 'release' is no axis and no trait\n"},
	/* all at once, each once */
	{"iamge.arch == x86_64 and not (size.aarch == x86_64 or firmwre in (uefi, bios)) -> mtu == 1500",
	 "1: there is no axis 'iamge'; did you mean 'image'? (a value with a '.' stands in quotes)\n"
	 "31: no item of the axis 'size' has a trait 'aarch'; did you mean 'arch'?\n"
	 "55: 'firmwre' is no axis; did you mean 'firmware'?\n"},
};

TEST(constraint, tells_all_wrong_names)
{
	struct world world;

	make_world(&world);
	for (const struct misnamed *row = misnamed; row < misnamed + ARRAY_LEN(misnamed); row++) {
		CLEANUP(constraint) struct constraint *constraint = NULL;
		struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
		unsigned column, lines = 0;
		struct err e = {0};
		EXPECT(constraint_parse(row->text, &constraint, &column, &e) == 0);
		for (const char *at = row->problems; *at; at++)
			lines += *at == '\n';
		EXPECT_NUMBER(constraint_bind(constraint, &world.axes, note, &told), lines);
		EXPECT_TEXT(told.problems.buf, row->problems);
		text_done(&told.problems);
		text_done(&told.remarks);
	}
	axes_done(&world.axes);
}

static const struct remarked {
	const char *text, *remarks;
} remarked[] = {
	{"firmware == uefo", "13: nothing has 'uefo' as its firmware; did you mean 'uefi'?\n"},
	{"image.distribution in (debian, debain, arch)",
	 "32: nothing has 'debain' as its image.distribution; did you mean 'debian'?\n"
	 "40: nothing has 'arch' as its image.distribution\n"},
	{"image.release in (12.0, '24.04')", ""},
	{"size.memory >= 3GiB", ""},
	{"x86_64 in (image.arch, size.arch)", ""},
};

TEST(constraint, remarks_on_values_that_nothing_has)
{
	struct world world;

	make_world(&world);
	for (const struct remarked *row = remarked; row < remarked + ARRAY_LEN(remarked); row++) {
		CLEANUP(constraint) struct constraint *constraint = NULL;
		struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
		unsigned column;
		struct err e = {0};
		EXPECT(constraint_parse(row->text, &constraint, &column, &e) == 0);
		EXPECT_NUMBER(constraint_bind(constraint, &world.axes, note, &told), 0);
		EXPECT_TEXT(told.remarks.buf, row->remarks);
		text_done(&told.problems);
		text_done(&told.remarks);
	}
	axes_done(&world.axes);
}

/* ---- maxima ---- */

static int parse_repeated(const char *part, unsigned times, const char *end, unsigned *ret_column)
{
	CLEAN_TEXT struct text text = TEXT_INIT(2 * CONSTRAINT_TEXT_MAX);
	CLEANUP(constraint) struct constraint *constraint = NULL;
	struct err e = {0};

	for (unsigned i = 0; i < times; i++)
		(void)text_adds(&text, part);
	(void)text_adds(&text, end);
	return constraint_parse(text.buf, &constraint, ret_column, &e);
}

TEST(constraint, keeps_its_maxima)
{
	unsigned column = 0;

	EXPECT_NUMBER(parse_repeated("not ", CONSTRAINT_DEPTH_MAX, "a == b", &column), 0);
	EXPECT_NUMBER(parse_repeated("not ", CONSTRAINT_DEPTH_MAX + 1, "a == b", &column), -EINVAL);
	EXPECT_NUMBER(column, 4 * CONSTRAINT_DEPTH_MAX + 1);
	EXPECT_NUMBER(parse_repeated("(", CONSTRAINT_DEPTH_MAX + 1, "a == b", &column), -EINVAL);
	EXPECT_NUMBER(column, CONSTRAINT_DEPTH_MAX + 1);
	EXPECT_NUMBER(parse_repeated("a==b -> ", CONSTRAINT_DEPTH_MAX, "a==b", &column), 0);
	EXPECT_NUMBER(parse_repeated("a==b -> ", CONSTRAINT_DEPTH_MAX + 1, "a==b", &column),
		      -EINVAL);
	EXPECT_NUMBER(parse_repeated("if a==b then ", CONSTRAINT_DEPTH_MAX + 1, "a==b", &column),
		      -EINVAL);
	/* Side by side there may be as many as the text has room for. */
	EXPECT_NUMBER(parse_repeated("a==b and ", 400, "a==b", &column), 0);
	EXPECT_NUMBER(parse_repeated(" ", CONSTRAINT_TEXT_MAX - 4, "a==b", &column), 0);
	EXPECT_NUMBER(parse_repeated(" ", CONSTRAINT_TEXT_MAX - 3, "a==b", &column), -EINVAL);
	EXPECT_NUMBER(column, 1);
}

TEST(constraint, reserves_its_words)
{
	EXPECT(constraint_reserves("and"));
	EXPECT(constraint_reserves("then"));
	EXPECT(!constraint_reserves("image"));
}

/* ---- a second evaluator ---- */

/* A formula that is made by chance is written as text, with all brackets or with only those that it needs, and judged by the plainest
 * means that there are: numbers, and truths as 0, 1 and 2. */
struct chance {
	uint64_t state;
	int values[3]; /* of the axes a, b and c; -1: not chosen */
	int traits[3]; /* a.t, b.t, c.t; -1: there is none */
};

static unsigned next(struct chance *chance, unsigned below)
{
	chance->state = chance->state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(chance->state >> 33) % below;
}

static int chance_operand(struct chance *chance, struct text *out)
{
	unsigned axis = next(chance, 3);

	if (next(chance, 2)) {
		(void)text_addf(out, "%c.t", 'a' + axis);
		return chance->values[axis] < 0 ? -1 : chance->traits[axis];
	}
	(void)text_addf(out, "%c", 'a' + axis);
	return chance->values[axis];
}

static int chance_in(struct chance *chance, int left, struct text *out)
{
	bool is_negated = next(chance, 2), is_found = false;
	unsigned count = 1 + next(chance, 3);

	(void)text_adds(out, is_negated ? " not in (" : " in (");
	for (unsigned i = 0; i < count; i++) {
		int value = (int)next(chance, 4);
		(void)text_addf(out, "%s%d", i ? ", " : "", value);
		is_found = is_found || value == left;
	}
	(void)text_adds(out, ")");
	return left < 0 ? 1 : is_found != is_negated ? 2 : 0;
}

static int chance_comparison(struct chance *chance, struct text *out)
{
	static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
	int left = chance_operand(chance, out), right;
	unsigned sign = next(chance, 7);

	if (sign == 6)
		return chance_in(chance, left, out);
	(void)text_addf(out, " %s ", signs[sign]);
	if (next(chance, 2)) {
		right = chance_operand(chance, out);
	} else {
		right = (int)next(chance, 4);
		(void)text_addf(out, "%d", right);
	}
	if (left < 0 || right < 0)
		return 1;
	const bool held[] = {left == right, left != right, left<right, left <= right, left> right,
			     left >= right};
	return held[sign] ? 2 : 0;
}

static int join(unsigned level, int left, int right)
{
	if (level == 0)
		return 2 - left > right ? 2 - left : right;
	if (level == 1)
		return left > right ? left : right;
	return left < right ? left : right;
}

/* Level 0 `->`, 1 `or`, 2 `and`, 3 what stands by itself. */
static int chance_formula(struct chance *chance, unsigned level, unsigned depth, struct text *out)
{
	static const char *const words[] = {" -> ", " or ", " and "};

	if (level == 3) {
		unsigned what = depth == 0 ? 2 : next(chance, 4);
		if (what == 0) {
			(void)text_adds(out, "not ");
			return 2 - chance_formula(chance, 3, depth - 1, out);
		}
		if (what > 1)
			return chance_comparison(chance, out);
		(void)text_adds(out, "(");
		int truth = chance_formula(chance, 0, depth - 1, out);
		(void)text_adds(out, ")");
		return truth;
	}
	bool says_if = level == 0 && next(chance, 3) == 0;
	if (says_if)
		(void)text_adds(out, "if ");
	int left = chance_formula(chance, level + 1, depth, out);
	if (!says_if && (depth == 0 || next(chance, 2)))
		return left;
	(void)text_adds(out, says_if ? " then " : words[level]);
	/* An implication holds what follows on its right; the others are the same from either side. */
	return join(level, left, chance_formula(chance, level, depth ? depth - 1 : 0, out));
}

TEST(constraint, agrees_with_another_evaluator)
{
	struct chance chance = {.state = 20260131};
	unsigned seen[3] = {0};

	for (unsigned round = 0; round < 4000; round++) {
		CLEAN_DONE(axes) struct axes axes = AXES_INIT;
		CLEAN_TEXT struct text text = TEXT_INIT(64U << 10);
		CLEANUP(constraint) struct constraint *constraint = NULL;
		const struct axis_item *chosen[3] = {NULL};
		struct told told = {TEXT_INIT(4096), TEXT_INIT(4096)};
		struct err e = {0};
		unsigned column = 0;
		for (unsigned i = 0; i < 3; i++) {
			char name[2] = {(char)('a' + i), '\0'}, value[2] = {0};
			struct axis *axis = axes_add(&axes, name);
			/* Some item has the trait, or its name would be wrong. */
			(void)axis_set(axis, axis_add(axis, "other"), "t", "9");
			chance.values[i] = (int)next(&chance, 5) - 1;
			chance.traits[i] = (int)next(&chance, 5) - 1;
			value[0] = (char)('0' + chance.values[i]);
			if (chance.values[i] < 0)
				continue;
			struct axis_item *item = axis_add(axis, value);
			value[0] = (char)('0' + chance.traits[i]);
			if (chance.traits[i] >= 0)
				(void)axis_set(axis, item, "t", value);
			chosen[i] = item;
		}
		int truth = chance_formula(&chance, 0, 1 + next(&chance, 5), &text);
		if (text.length > CONSTRAINT_TEXT_MAX)
			continue;
		EXPECT(constraint_parse(text.buf, &constraint, &column, &e) == 0);
		EXPECT_NUMBER(constraint_bind(constraint, &axes, note, &told), 0);
		if ((int)constraint_judge(constraint, chosen) != truth)
			EXPECT_TEXT("judged otherwise", text.buf);
		seen[truth]++;
		text_done(&told.problems);
		text_done(&told.remarks);
	}
	for (unsigned i = 0; i < 3; i++)
		EXPECT(seen[i] > 500);
}
