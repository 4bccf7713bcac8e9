/* SPDX-License-Identifier: Apache-2.0 */
/* Files that people write: what is read, and that all that is wrong is told with its place. */
#include "base/yaml.h"

#include <string.h>

#include "base/test.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

struct recipe {
	struct yaml_text title, inner;
	struct yaml_number serves, colour;
	struct yaml_list steps;
	struct yaml_map more;
};

static void no_bees(const char *text, struct text *why)
{
	if (strchr(text, 'b'))
		(void)text_addf(why, "a 'b' in '%s'", text);
}

static const struct yaml_field more_fields[] = {
	{.key = "inner",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct recipe, inner),
	 .is_required = true},
	{.key = NULL},
};

static const struct yaml_field fields[] = {
	{.key = "title",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct recipe, title),
	 .is_required = true},
	{.key = "serves",
	 .type = YAML_NUMBER,
	 .offset = offsetof(struct recipe, serves),
	 .min = 1,
	 .max = 9},
	{.key = "colour",
	 .type = YAML_WORD,
	 .offset = offsetof(struct recipe, colour),
	 .words = colours},
	{.key = "steps",
	 .type = YAML_LIST,
	 .offset = offsetof(struct recipe, steps),
	 .check = no_bees},
	{.key = "more",
	 .type = YAML_MAP,
	 .offset = offsetof(struct recipe, more),
	 .fields = more_fields},
	{.key = NULL},
};

static void expect_problems(const char *yaml, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct recipe recipe = {0};
	unsigned lines = 0;

	unsigned count = yaml_read("f", yaml, strlen(yaml), fields, &recipe, &problems);
	EXPECT_TEXT(problems.buf, want);
	for (const char *at = problems.buf; (at = strchr(at, '\n')); at++)
		lines++;
	EXPECT_NUMBER(count, lines);
	yaml_free(fields, &recipe);
}

TEST(yaml, fields_are_read)
{
	static const char yaml[] = "title: >\n  Soup\n  of the day\nserves: 4\ncolour: blue\n"
				   "steps: [cook, 'eat']\nmore: {inner: x}\n";
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct recipe recipe = {0};

	EXPECT_NUMBER(yaml_read("f", yaml, strlen(yaml), fields, &recipe, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_TEXT(recipe.title.text, "Soup of the day");
	EXPECT_NUMBER(recipe.serves.number, 4);
	EXPECT_NUMBER(recipe.serves.place.line, 4);
	EXPECT_NUMBER(recipe.serves.place.column, 9);
	EXPECT_NUMBER(recipe.colour.number, 2);
	EXPECT_NUMBER(recipe.steps.count, 2);
	EXPECT_TEXT(recipe.steps.items[1].text, "eat");
	EXPECT_NUMBER(recipe.more.place.line, 7);
	EXPECT_TEXT(recipe.inner.text, "x");
	yaml_free(fields, &recipe);
	EXPECT(recipe.title.text == NULL);
}

TEST(yaml, all_problems_are_told_with_their_places)
{
	expect_problems(
		"titel: Soup\nserves: 12\ncolour: gren\nsteps:\n  - abc\n  - [x]\nmore:\n  outer: 1\n",
		"f:1:1: there is no key `titel`; did you mean `title`?\n"
		"f:2:9: `serves` is a number from 1 to 9, not '12'\n"
		"f:3:9: `colour` is red, green or blue, not 'gren'; did you mean 'green'?\n"
		"f:5:5: `steps`: a 'b' in 'abc'\n"
		"f:6:6: `steps` is a text, not a list, a mapping or an alias\n"
		"f:8:3: there is no key `outer`, only inner\n"
		"f:8:3: more lacks the key `inner`\n"
		"f:1:1: the file lacks the key `title`\n");
}

TEST(yaml, types_are_checked)
{
	expect_problems("title: [a]\nserves: many\ncolour: {a: b}\nsteps: one\nmore: 3\n",
			"f:1:9: `title` is a text, not a list, a mapping or an alias\n"
			"f:2:9: `serves` is a number from 1 to 9, not 'many'\n"
			"f:3:10: `colour` is a text, not a list, a mapping or an alias\n"
			"f:4:8: `steps` is a list: [one, two]\n"
			"f:5:7: more is a mapping, lines \"key: value\"\n");
	expect_problems(
		"title: ''\nzebra: 1\n",
		"f:1:9: `title` is empty\n"
		"f:2:1: there is no key `zebra`, only title, serves, colour, steps and more\n");
}

TEST(yaml, what_is_no_mapping_or_no_yaml_is_told)
{
	expect_problems("", "f: it is empty or has more than 65536 bytes\n");
	expect_problems("- a\n", "f:1:3: the file is a mapping, lines \"key: value\"\n");
	expect_problems("title: \"a\\u0001\"\n", "f:1:9: `title` has a control character in it\n");
	expect_problems("title: &a x\ncolour: *a\n",
			"f:2:10: `colour` is a text, not a list, a mapping or an alias\n");
}

TEST(yaml, only_text_is_parsed)
{
	expect_problems("title: \xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7\n", "");
	expect_problems("title: a\n  \x01\n",
			"f:2:3: a byte that is no text (UTF-8) has no place here\n");
	/* Cut, too long, a surrogate, beyond the last character. */
	static const char *const bad[] = {
		"t: \xc3",	   "t: \xc0\x80",	  "t: \xe0\x80\x80",
		"t: \xed\xa0\x80", "t: \xf4\x90\x80\x80", "t: \x80",
		"t: \xff"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		expect_problems(bad[i],
				"f:1:4: a byte that is no text (UTF-8) has no place here\n");
	/* libfyaml 0.7 does not come back from this one. */
	expect_problems("title: a\n%\xa0", "f:2:1: a directive of YAML has no place here\n");
}

static unsigned count_problems(const char *yaml, const char *place)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct recipe recipe = {0};
	unsigned count = yaml_read("f", yaml, strlen(yaml), fields, &recipe, &problems);

	EXPECT(has_prefix(problems.buf, place));
	EXPECT(strstr(problems.buf, "not valid YAML") != NULL);
	yaml_free(fields, &recipe);
	return count;
}

TEST(yaml, syntax_errors_have_a_place)
{
	EXPECT(count_problems("title: a\ntitle: b\n", "f:2:1") > 0);
	EXPECT(count_problems("title: 'a\n", "f:1:9") > 0);
	EXPECT(count_problems("title: a\n\tserves: 1\n", "f:1:8") > 0);
}

/* ---- many of one kind ---- */

struct guest {
	struct yaml_text name;
	struct yaml_number age, comes, stays, luggage;
};
DEFINE_YAML_ITEMS(guests, struct guest);
struct seat {
	struct yaml_text table;
	struct yaml_number number;
};
DEFINE_YAML_ITEMS(seats, struct seat);
struct party {
	struct guests guests;
	struct seats seats;
};

static const struct yaml_field guest_fields[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct guest, name),
	 .is_required = true},
	{.key = "age", .type = YAML_NUMBER, .offset = offsetof(struct guest, age), .max = 99},
	{.key = "comes", .type = YAML_BOOL, .offset = offsetof(struct guest, comes)},
	{.key = "stays",
	 .type = YAML_TIME,
	 .offset = offsetof(struct guest, stays),
	 .min = 1000000000,
	 .max = 3600LL * 1000000000},
	{.key = "luggage",
	 .type = YAML_AMOUNT,
	 .offset = offsetof(struct guest, luggage),
	 .max = 1 << 30},
	{.key = NULL},
};
static const struct yaml_field guest = {.key = "a guest",
					.type = YAML_MAP,
					.offset = YAML_NO_PLACE,
					.fields = guest_fields,
					.shorthand = "name"};
static const struct yaml_field seat = {.key = "a seat",
				       .type = YAML_NUMBER,
				       .offset = offsetof(struct seat, number),
				       .min = 1,
				       .max = 9};
static const struct yaml_field party_fields[] = {
	{.key = "guests",
	 .type = YAML_EACH,
	 .offset = offsetof(struct party, guests),
	 .fields = &guest,
	 .item_size = sizeof(struct guest),
	 .min = 1,
	 .max = 3},
	{.key = "seats",
	 .type = YAML_KEYED,
	 .offset = offsetof(struct party, seats),
	 .fields = &seat,
	 .item_size = sizeof(struct seat),
	 .max = 2,
	 .check = no_bees},
	{.key = NULL},
};

static unsigned read_party(const char *yaml, struct party *party, struct text *problems)
{
	return yaml_read("f", yaml, strlen(yaml), party_fields, party, problems);
}

TEST(yaml, lists_and_free_keys_become_structs)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct party party = {.guests = {.count = 0}};

	EXPECT_NUMBER(
		read_party(
			"guests:\n  - {name: Ada, age: 36, comes: true, stays: 90s, luggage: 2}\n"
			"  - Bob\nseats: {x: 1, y: 2}\n",
			&party, &problems),
		0);
	EXPECT_TEXT(problems.buf, "");
	EXPECT_NUMBER(party.guests.count, 2);
	EXPECT_TEXT(party.guests.items[0].name.text, "Ada");
	EXPECT_NUMBER(party.guests.items[0].comes.number, 1);
	EXPECT_NUMBER(party.guests.items[0].stays.number, 90LL * 1000000000);
	EXPECT_NUMBER(party.guests.items[0].luggage.number, 2 << 20);
	EXPECT_TEXT(party.guests.items[1].name.text, "Bob");
	EXPECT_NUMBER(party.guests.items[1].age.place.line, 0);
	EXPECT_TEXT(party.seats.items[1].table.text, "y");
	EXPECT_NUMBER(party.seats.items[1].number.number, 2);
	yaml_free(party_fields, &party);
	EXPECT(!party.guests.items && party.guests.count == 0);
}

static void expect_party(const char *yaml, const char *want)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct party party = {.guests = {.count = 0}};

	EXPECT((read_party(yaml, &party, &problems) > 0) == (want[0] != '\0'));
	EXPECT_TEXT(problems.buf, want);
	yaml_free(party_fields, &party);
}

TEST(yaml, problems_of_structs_have_their_places)
{
	expect_party("guests: [{age: 100}, {name: x, comes: maybe}, [y]]\nseats: {b: 1, c: 0}\n",
		     "f:1:16: `age` is a number from 0 to 99, not '100'\n"
		     "f:1:11: a guest lacks the key `name`\n"
		     "f:1:39: `comes` is false or true, not 'maybe'\n"
		     "f:1:48: a guest is a mapping, lines \"key: value\"\n"
		     "f:2:9: `seats`: a 'b' in 'b'\n"
		     "f:2:18: `a seat` is a number from 1 to 9, not '0'\n");
}

TEST(yaml, counts_and_shapes_are_held)
{
	expect_party("guests: []\nseats: {a: 1, c: 2, d: 3}\n",
		     "f:1:1: `guests` has 0 entries, but 1 to 3 are possible\n"
		     "f:2:9: `seats` has 3 entries, but 0 to 2 are possible\n");
	expect_party("guests: {a: 1}\nseats: [1]\n",
		     "f:1:10: `guests` is a list: [one, two]\n"
		     "f:2:9: `seats` is a mapping, lines \"key: value\"\n");
}

TEST(yaml, times_and_amounts_are_held)
{
	expect_party("guests: [{name: x, stays: 2h, luggage: 2GiB}]\n",
		     "f:1:27: `stays` is from 1s to 1h, not '2h'\n"
		     "f:1:40: `luggage` is from 0B to 1GiB, not '2GiB'\n");
	expect_party(
		"guests: [{name: y, stays: soon, luggage: heavy}]\n",
		"f:1:27: `stays` is a time such as 90s, 5m or 2h, not 'soon'\n"
		"f:1:42: `luggage` is an amount of memory such as 512MiB or 8GiB, not 'heavy'\n");
	expect_party("guests: [{name: y, luggage: 9223372036854775807}]\n",
		     "f:1:29: `luggage` is from 0B to 1GiB, not '9223372036854775807'\n");
}
