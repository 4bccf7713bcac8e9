/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: what each type of field becomes. */
#include "base/yaml_schema.h"

#include <string.h>

#include "base/test.h"

static const char *const colours[] = {"red", "1", NULL};

struct thing {
	struct yaml_text name;
	struct yaml_number count, colour, truth, time, amount;
	struct yaml_texts words;
};

#define AT(member) offsetof(struct thing, member)
static const struct yaml_field word = {.key = "a word", .type = YAML_TEXT, .pattern = "^[a-z]+$"};
static const struct yaml_field scalars[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = AT(name),
	 .is_required = true,
	 .help = "what it is called"},
	{.key = "count", .type = YAML_NUMBER, .offset = AT(count), .min = 1, .max = 9},
	{.key = "colour", .type = YAML_WORD, .offset = AT(colour), .words = colours},
	{.key = "truth", .type = YAML_BOOL, .offset = AT(truth)},
	{.key = NULL},
};
static const struct yaml_field others[] = {
	{.key = "amount", .type = YAML_AMOUNT, .offset = AT(amount), .min = 1, .max = 4LL << 20},
	{.key = "words",
	 .type = YAML_EACH,
	 .offset = AT(words),
	 .fields = &word,
	 .item_size = sizeof(struct yaml_text),
	 .min = 1,
	 .max = 5},
	{.key = NULL},
};

static void expect_schema(const struct yaml_field *fields, bool has_variables, const char *want)
{
	struct yaml_schema schema = {
		.title = "t", .fields = fields, .has_variables = has_variables};
	CLEAN_TEXT struct text out = TEXT_INIT(65536);

	yaml_schema(&schema, &out);
	EXPECT_TEXT(out.buf, want);
}

TEST(yaml_schema, scalars_have_their_types)
{
	expect_schema(
		scalars, false,
		"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"t\",\"type\":\"object\","
		"\"properties\":{\"name\":{\"description\":\"what it is called\",\"type\":[\"string\",\"number\","
		"\"boolean\"],\"minLength\":1,\"maxLength\":4096},\"count\":{\"type\":\"integer\",\"minimum\":1,"
		"\"maximum\":9},\"colour\":{\"enum\":[\"red\",\"1\",1]},\"truth\":{\"type\":\"boolean\"}},"
		"\"additionalProperties\":false,\"required\":[\"name\"]}");
}

TEST(yaml_schema, variables_may_stand_for_values)
{
	expect_schema(
		others, true,
		"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":\"t\",\"type\":\"object\","
		"\"properties\":{\"amount\":{\"anyOf\":[{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1,\"maximum\":4},"
		"{\"type\":\"string\",\"pattern\":\"^[0-9]+(\\\\.[0-9]+)? ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$\"}]},"
		"{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[a-z][a-z0-9_]*\\\\}\"}]},\"words\":{\"type\":\"array\","
		"\"minItems\":1,\"maxItems\":5,\"items\":{\"anyOf\":[{\"type\":[\"string\",\"number\",\"boolean\"],"
		"\"pattern\":\"^[a-z]+$\",\"maxLength\":4096},{\"type\":\"string\",\"pattern\":"
		"\"\\\\$\\\\{[a-z][a-z0-9_]*\\\\}\"}]}}},\"additionalProperties\":false,\"required\":[]}");
}

TEST(yaml_schema, of_a_part_nothing_is_required)
{
	struct yaml_schema schema = {.title = "t", .fields = scalars, .is_part = true};
	CLEAN_TEXT struct text out = TEXT_INIT(65536);

	yaml_schema(&schema, &out);
	EXPECT(strstr(out.buf, "\"additionalProperties\":false,\"required\":[]}") != NULL);
}
