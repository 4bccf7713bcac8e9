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
