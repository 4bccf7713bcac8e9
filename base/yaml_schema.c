/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of YAML fields as JSON Schema. */
#include "base/yaml_schema.h"

#include <string.h>

#include "base/json.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"

/* What stands for a value that is not known yet. */
#define VARIABLE_PATTERN "\\$\\{[a-z][a-z0-9_]*\\}"
#define TIME_PATTERN	 "^[0-9]+(\\.[0-9]+)? ?(ns|us|ms|s|m|h|d)$"
#define AMOUNT_PATTERN	 "^[0-9]+(\\.[0-9]+)? ?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$"
#define SECOND		 1000000000LL
#define MIB		 (1LL << 20)

struct writer {
	bool has_variables;
	const struct yaml_field
		*whole; /* nothing is required of these; NULL: there are none such */
	struct text *out;
};

static void add_value(const struct writer *writer, const struct yaml_field *field);

/* ---- scalars ---- */

/* A plain YAML scalar such as 12 or true is a text as well where a text is meant: the reader takes it as it is written. */
static void add_any_text(struct text *out, const char *pattern)
{
	json_key(out, "type");
	json_open(out, '[');
	for (const char *const *type = (const char *const[]){"string", "number", "boolean", NULL};
	     *type; type++)
		json_text(out, *type);
	json_close(out, ']');
	if (pattern)
		json_member(out, "pattern", pattern);
	else
		json_member_number(out, "minLength", 1);
	json_member_number(out, "maxLength", YAML_TEXT_MAX);
}

static void add_range(struct text *out, long long min, long long max)
{
	json_member(out, "type", "integer");
	json_member_number(out, "minimum", min);
	json_member_number(out, "maximum", max);
}

static void open_any_of(struct text *out)
{
	json_key(out, "anyOf");
	json_open(out, '[');
}

static void add_pattern_entry(struct text *out, const char *pattern)
{
	json_open(out, '{');
	json_member(out, "type", "string");
	json_member(out, "pattern", pattern);
	json_close(out, '}');
}

/* A number alone counts in the unit `each`, of which parts do not count. */
static void add_quantity(struct text *out, const struct yaml_field *field, const char *pattern,
			 long long each)
{
	open_any_of(out);
	json_open(out, '{');
	add_range(out, (field->min + each - 1) / each, field->max / each);
	json_close(out, '}');
	add_pattern_entry(out, pattern);
	json_close(out, ']');
}

/* YAML readers may take a word such as 1 for a number; it is the same word. */
static void add_words(struct text *out, const char *const *words)
{
	json_key(out, "enum");
	json_open(out, '[');
	for (const char *const *word = words; *word; word++) {
		long long number;
		json_text(out, *word);
		if (number_parse(*word, 0, 1000000, &number) == 0)
			json_number(out, number);
	}
	json_close(out, ']');
}

static void add_scalar(struct text *out, const struct yaml_field *field)
{
	switch (field->type) {
	case YAML_NUMBER:
		add_range(out, field->min, field->max);
		break;
	case YAML_WORD:
		add_words(out, field->words);
		break;
	case YAML_BOOL:
		json_member(out, "type", "boolean");
		break;
	case YAML_TIME:
		add_quantity(out, field, TIME_PATTERN, SECOND);
		break;
	case YAML_AMOUNT:
		add_quantity(out, field, AMOUNT_PATTERN, MIB);
		break;
	case YAML_TEXT:
	case YAML_LIST:
	case YAML_MAP:
	case YAML_EACH:
	case YAML_KEYED:
		add_any_text(out, field->pattern);
		break;
	}
}

/* As it is, or with variables in it. */
static void add_scalar_or_variable(const struct writer *writer, const struct yaml_field *field)
{
	struct text *out = writer->out;

	if (!writer->has_variables || (field->type == YAML_TEXT && !field->pattern)) {
		add_scalar(out, field);
		return;
	}
	open_any_of(out);
	json_open(out, '{');
	add_scalar(out, field);
	json_close(out, '}');
	add_pattern_entry(out, VARIABLE_PATTERN);
	json_close(out, ']');
}

/* ---- mappings and lists ---- */

static void add_map(const struct writer *writer, const struct yaml_field *fields)
{
	struct text *out = writer->out;

	json_member(out, "type", "object");
	json_key(out, "properties");
	json_open(out, '{');
	for (const struct yaml_field *field = fields; field->key; field++) {
		json_key(out, field->key);
		json_open(out, '{');
		if (field->help)
			json_member(out, "description", field->help);
		add_value(writer, field);
		json_close(out, '}');
	}
	json_close(out, '}');
	json_key(out, "additionalProperties");
	json_bool(out, false);
	json_key(out, "required");
	json_open(out, '[');
	for (const struct yaml_field *field = fields; field->key; field++)
		if (field->is_required && fields != writer->whole)
			json_text(out, field->key);
	json_close(out, ']');
}

/* The text that stands for a mapping is what that mapping's key would have. */
static void add_map_or_shorthand(const struct writer *writer, const struct yaml_field *field)
{
	struct text *out = writer->out;

	if (!field->shorthand) {
		add_map(writer, field->fields);
		return;
	}
	open_any_of(out);
	json_open(out, '{');
	add_map(writer, field->fields);
	json_close(out, '}');
	for (const struct yaml_field *below = field->fields; below->key; below++) {
		if (strcmp(below->key, field->shorthand) != 0)
			continue;
		json_open(out, '{');
		add_value(writer, below);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_list(const struct writer *writer, const struct yaml_field *field)
{
	struct text *out = writer->out;
	bool is_each = field->type == YAML_EACH;

	json_member(out, "type", "array");
	if (is_each && field->min > 0)
		json_member_number(out, "minItems", field->min);
	json_member_number(out, "maxItems", is_each ? field->max : YAML_LIST_MAX);
	json_key(out, "items");
	json_open(out, '{');
	if (is_each)
		add_value(writer, field->fields);
	else
		add_scalar_or_variable(writer, field);
	json_close(out, '}');
}

static void add_keyed(const struct writer *writer, const struct yaml_field *field)
{
	struct text *out = writer->out;

	json_member(out, "type", "object");
	if (field->min > 0)
		json_member_number(out, "minProperties", field->min);
	json_member_number(out, "maxProperties", field->max);
	json_key(out, "propertyNames");
	json_open(out, '{');
	if (field->pattern)
		json_member(out, "pattern", field->pattern);
	json_close(out, '}');
	json_key(out, "additionalProperties");
	json_open(out, '{');
	add_value(writer, field->fields);
	json_close(out, '}');
}

static void add_value(const struct writer *writer, const struct yaml_field *field)
{
	switch (field->type) {
	case YAML_TEXT:
	case YAML_NUMBER:
	case YAML_WORD:
	case YAML_BOOL:
	case YAML_TIME:
	case YAML_AMOUNT:
		add_scalar_or_variable(writer, field);
		break;
	case YAML_MAP:
		add_map_or_shorthand(writer, field);
		break;
	case YAML_LIST:
	case YAML_EACH:
		add_list(writer, field);
		break;
	case YAML_KEYED:
		add_keyed(writer, field);
		break;
	}
}

void yaml_schema(const struct yaml_schema *schema, struct text *out)
{
	struct writer writer = {.has_variables = schema->has_variables,
				.whole = schema->is_part ? schema->fields : NULL,
				.out = out};

	json_open(out, '{');
	json_member(out, "$schema", DIALECT);
	json_member(out, "title", schema->title);
	add_map(&writer, schema->fields);
	json_close(out, '}');
}
