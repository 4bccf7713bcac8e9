/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: whatever their values are, they come out as they went in, once. */
#include "host/runbook/variable.h"

#include <string.h>

#include "base/test.h"

static struct yaml_node *parse(const char *yaml)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(4096);
	struct yaml_node *root = yaml_parse("f", yaml, strlen(yaml), 1U << 20, false, &problems);

	EXPECT_TEXT(problems.buf, "");
	return root;
}

static unsigned long long state = 11;

static unsigned below(unsigned limit)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 40) % limit;
}

/* Of what variables are made of, so that values look like variables. */
static char *make_value(void)
{
	static const char *const parts[] = {"$",  "${",	  "}",	  "a", "b",
					    "$$", "${a}", "${b}", " ", "\\"};
	CLEAN_TEXT struct text out = TEXT_INIT(1024);

	for (unsigned i = below(8); i > 0; i--)
		(void)text_adds(&out, parts[below(ARRAY_LEN(parts))]);
	return text_steal(&out);
}

/* A text of variables and dollars, and what it becomes. */
static void make_text(const char *a, const char *b, struct text *text, struct text *want)
{
	for (unsigned i = below(6) + 1; i > 0; i--) {
		switch (below(4)) {
		case 0:
			(void)text_adds(text, "${a}");
			(void)text_adds(want, a);
			break;
		case 1:
			(void)text_adds(text, "${b}");
			(void)text_adds(want, b);
			break;
		case 2:
			(void)text_adds(text, "$$");
			(void)text_adds(want, "$");
			break;
		default:
			(void)text_adds(text, "x{}");
			(void)text_adds(want, "x{}");
		}
	}
}

TEST(variable, what_is_put_in_is_not_looked_through)
{
	for (int round = 0; round < 1000; round++) {
		CLEAN_TEXT struct text text = TEXT_INIT(4096), want = TEXT_INIT(4096),
				       problems = TEXT_INIT(4096);
		CLEAN_FREE char *a = make_value(), *b = make_value();
		CLEAN_FREE char *set_a = xasprintf("a=%s", a), *set_b = xasprintf("b=%s", b);
		make_text(a, b, &text, &want);
		CLEAN_FREE char *yaml = xasprintf("k: ['%s', {l: '%s'}]\n", text.buf, text.buf);
		CLEANUP(yaml_node) struct yaml_node *root = parse(yaml);
		CLEANUP(variables) struct variables *variables = variables_new();
		EXPECT_NUMBER(variables_add_setting(variables, set_a, &problems), 0);
		EXPECT_NUMBER(variables_add_setting(variables, set_b, &problems), 0);
		EXPECT_NUMBER(variables_expand(variables, root, "f", &problems), 0);
		EXPECT_TEXT(problems.buf, "");
		const struct yaml_node *list = yaml_lookup(root, "k");
		EXPECT_TEXT(list->pairs.items[0].value->text, want.buf);
		EXPECT_TEXT(yaml_lookup(list->pairs.items[1].value, "l")->text, want.buf);
	}
}

TEST(variable, the_order_of_adding_is_no_matter)
{
	static const char *const environment[] = {"ASSAY_VAR_A=2", NULL};

	for (int order = 0; order < 6; order++) {
		CLEANUP(variables) struct variables *variables = variables_new();
		CLEANUP(yaml_node) struct yaml_node *map = parse("a: 1\n");
		CLEAN_TEXT struct text problems = TEXT_INIT(4096);
		for (int step = 0; step < 3; step++) {
			int which = (order % 3 + (order < 3 ? step : 3 - step)) % 3;
			unsigned count =
				which == 0   ? variables_add_map(variables, map, VARIABLE_FILE, "v",
								 &problems)
				: which == 1 ? variables_add_environment(variables, environment,
									 &problems)
					     : variables_add_setting(variables, "a=3", &problems);
			EXPECT_NUMBER(count, 0);
		}
		EXPECT_TEXT(variables_get(variables, "a"), "3");
	}
}

TEST(variable, names)
{
	EXPECT(is_variable_name("a_1", 3) && is_variable_name("abc", 1));
	EXPECT(!is_variable_name("", 0) && !is_variable_name("1a", 2) &&
	       !is_variable_name("_a", 2));
	EXPECT(!is_variable_name("a-b", 3) && !is_variable_name("A", 1));
	char longest[VARIABLE_NAME_MAX + 2];
	memset(longest, 'a', sizeof longest);
	EXPECT(is_variable_name(longest, VARIABLE_NAME_MAX));
	EXPECT(!is_variable_name(longest, VARIABLE_NAME_MAX + 1));
}

TEST(variable, texts_and_values_are_limited)
{
	CLEANUP(variables) struct variables *variables = variables_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(65536), setting = TEXT_INIT(65536);

	(void)text_adds(&setting, "a=");
	for (int i = 0; i < VARIABLE_VALUE_MAX; i++)
		(void)text_adds(&setting, "x");
	EXPECT_NUMBER(variables_add_setting(variables, setting.buf, &problems), 0);
	(void)text_adds(&setting, "x");
	EXPECT_NUMBER(variables_add_setting(variables, setting.buf, &problems), 1);
	EXPECT_NUMBER(variables_add_setting(variables, "b=\xff", &problems), 1);
	CLEANUP(yaml_node) struct yaml_node *root = parse("k: ${a}${a}\nl: ${a}${a}x\n");
	EXPECT_NUMBER(variables_expand(variables, root, "f", &problems), 1);
	EXPECT_TEXT(problems.buf, "-D: `a` has a value that is too long\n"
				  "-D: `b` has a value that is no text (UTF-8)\n"
				  "f:2:4: with its variables it has more than 4096 bytes\n");
	EXPECT(!yaml_lookup(root, "k")->is_broken && yaml_lookup(root, "l")->is_broken);
}
