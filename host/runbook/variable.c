/* SPDX-License-Identifier: Apache-2.0 */
/* Variables: where their values come from, and putting them in. */
#include "host/runbook/variable.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/option.h"

#define SETTING_PATH "-D"

struct variable {
	char *name, *value;
	enum variable_source source;
	bool is_used, is_declared; /* declared: some file has it */
	bool is_of_runbook;	   /* one of the runbook's files has it */
	const char *path;	   /* of the file of variables that has it, borrowed */
	struct yaml_place place;   /* in that */
};

struct variables {
	DEFINE_VEC(, struct variable) all;
};

struct variables *variables_new(void)
{
	struct variables *variables = xnew(sizeof *variables);

	variables->all.maximum = VARIABLES_MAX;
	return variables;
}

void variables_free(struct variables *variables)
{
	if (!variables)
		return;
	vec_each (&variables->all, variable) {
		free(variable->name);
		free(variable->value);
	}
	vec_done(&variables->all);
	free(variables);
}

bool is_variable_name(const char *name, size_t length)
{
	if (length == 0 || length > VARIABLE_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') &&
		    name[i] != '_')
			return false;
	return true;
}

static struct variable *find(const struct variables *variables, const char *name, size_t length)
{
	vec_each (&variables->all, variable)
		if (strlen(variable->name) == length && memcmp(variable->name, name, length) == 0)
			return variable;
	return NULL;
}

const char *variables_get(const struct variables *variables, const char *name)
{
	const struct variable *variable = find(variables, name, strlen(name));

	return variable ? variable->value : NULL;
}

const char *variables_nearest(const struct variables *variables, const char *name)
{
	CLEAN_FREE const char **names = xnew((variables->all.count + 1) * sizeof *names);

	for (size_t i = 0; i < variables->all.count; i++)
		names[i] = variables->all.items[i].name;
	return nearest_word(name, names);
}

void variables_use(struct variables *variables, const char *name)
{
	struct variable *variable = find(variables, name, strlen(name));

	if (variable)
		variable->is_used = true;
}

/* ---- adding ---- */

/* What cannot be a line of text is no value. Its bytes are not told: it may be a secret. */
static const char *refuse_value(const char *value)
{
	if (strlen(value) > VARIABLE_VALUE_MAX)
		return "has a value that is too long";
	if (!json_keeps(value))
		return "has a value that is no text (UTF-8)";
	for (const char *at = value; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return "has a value with a control character or the end of a line in it";
	return NULL;
}

/* Takes `value`. */
static unsigned put(struct variables *variables, const char *name, size_t length, char *value,
		    enum variable_source source, const char *path, struct yaml_place place,
		    struct text *problems)
{
	CLEAN_FREE char *own = value;
	const char *why = !is_variable_name(name, length)
				  ? "is no name of a variable: a-z, 0-9 and _, a letter first"
				  : refuse_value(value);
	struct variable fresh = {.source = source};

	if (why) {
		yaml_problem(problems, path, place, "`%.*s` %s",
			     length > VARIABLE_NAME_MAX ? VARIABLE_NAME_MAX : (int)length, name,
			     why);
		return 1;
	}
	struct variable *found = find(variables, name, length);
	if (!found) {
		fresh.name = xasprintf("%.*s", (int)length, name);
		if (!vec_add(&variables->all, fresh)) {
			free(fresh.name);
			yaml_problem(problems, path, place, "there are more than %d variables",
				     VARIABLES_MAX);
			return 1;
		}
		found = &variables->all.items[variables->all.count - 1];
	}
	found->is_declared |= source <= VARIABLE_FILE;
	found->is_of_runbook |= source == VARIABLE_RUNBOOK;
	if (source == VARIABLE_FILE) {
		found->path = path;
		found->place = place;
	}
	if (found->value && source < found->source)
		return 0;
	free(found->value);
	found->value = STEAL_PTR(own);
	found->source = source;
	return 0;
}

unsigned variables_add_setting(struct variables *variables, const char *setting,
			       struct text *problems)
{
	const char *equals = strchr(setting, '=');

	if (!equals) {
		yaml_problem(problems, SETTING_PATH, (struct yaml_place){0},
			     "'%.60s' has no value; write it as %.60s=VALUE", setting, setting);
		return 1;
	}
	return put(variables, setting, (size_t)(equals - setting), xstrdup(equals + 1),
		   VARIABLE_SETTING, SETTING_PATH, (struct yaml_place){0}, problems);
}

unsigned variables_add_environment(struct variables *variables, const char *const *environment,
				   struct text *problems)
{
	unsigned count = 0;

	for (; *environment; environment++) {
		const char *equals = strchr(*environment, '=');
		if (!has_prefix(*environment, VARIABLE_PREFIX) || !equals)
			continue;
		CLEAN_FREE char *name = xasprintf(
			"%.*s", (int)((size_t)(equals - *environment) - strlen(VARIABLE_PREFIX)),
			*environment + strlen(VARIABLE_PREFIX));
		for (char *at = name; *at; at++)
			*at = (char)tolower((unsigned char)*at);
		count += put(variables, name, strlen(name), xstrdup(equals + 1),
			     VARIABLE_ENVIRONMENT, "the environment's " VARIABLE_PREFIX "*",
			     (struct yaml_place){0}, problems);
	}
	return count;
}

/* ---- putting them in ---- */

struct expansion {
	struct variables *variables; /* NULL: none may be there, only $$ */
	const char *path;
	struct text *problems;
	unsigned count;
};

/* Of a scalar on one line without quotes the dollar's own place is known. */
static struct yaml_place place_in(const struct yaml_node *node, const char *at)
{
	struct yaml_place place = node->place;

	for (const char *before = node->text; node->is_plain && before < at; before++)
		place.column += ((unsigned char)*before & 0xc0) != 0x80; /* characters */
	return place;
}

static void complain(struct expansion *expansion, struct yaml_place place, const char *format, ...)
	PRINTF(3, 4);
static void complain(struct expansion *expansion, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(expansion->problems, expansion->path, place, format, args);
	va_end(args);
	expansion->count++;
}

static void refuse_undefined(struct expansion *expansion, struct yaml_place place, const char *name,
			     size_t length)
{
	CLEAN_FREE char *word = xasprintf("%.*s", (int)(length < 60 ? length : 60), name);
	const char *near = variables_nearest(expansion->variables, word);

	if (near)
		complain(expansion, place, "the variable `%s` has no value; did you mean `%s`?",
			 word, near);
	else
		complain(
			expansion, place,
			"the variable `%s` has no value; `variables`, a file of them, " VARIABLE_PREFIX
			"* or -D gives it one",
			word);
}

/* At "${name}": adds the value and returns what is behind; NULL after a problem. */
static const char *put_one(struct expansion *expansion, const struct yaml_node *node,
			   const char *dollar, struct text *out)
{
	const char *name = dollar + 2, *end = strchr(name, '}');
	struct yaml_place place = place_in(node, dollar);

	if (!expansion->variables) {
		complain(expansion, place,
			 "a variable's value has no variables in it; $$ is a dollar sign");
		return NULL;
	}
	if (!end || !is_variable_name(name, (size_t)(end - name))) {
		complain(expansion, place,
			 "'${' begins the name of a variable: a-z, 0-9 and _, a letter first, and "
			 "'}'");
		return NULL;
	}
	struct variable *variable = find(expansion->variables, name, (size_t)(end - name));
	if (!variable) {
		refuse_undefined(expansion, place, name, (size_t)(end - name));
		return end + 1;
	}
	variable->is_used = true;
	(void)text_adds(out, variable->value);
	return end + 1;
}

/* The text with all put in; NULL after a problem. */
static char *expand_text(struct expansion *expansion, const struct yaml_node *node)
{
	CLEAN_TEXT struct text out = TEXT_INIT(VARIABLE_EXPANDED_MAX);
	unsigned before = expansion->count;

	for (const char *at = node->text; at && *at;) {
		size_t plain = strcspn(at, "$");
		(void)text_add(&out, at, plain);
		at += plain;
		if (at[0] == '\0')
			break;
		if (at[1] == '{') {
			at = put_one(expansion, node, at, &out);
		} else if (at[1] == '$') {
			(void)text_adds(&out, "$");
			at += 2;
		} else {
			complain(expansion, place_in(node, at),
				 "a '$' begins a variable, ${name}; $$ is a dollar sign");
			at++;
		}
	}
	if (out.overflowed)
		complain(expansion, node->place, "with its variables it has more than %d bytes",
			 VARIABLE_EXPANDED_MAX);
	return expansion->count > before ? NULL : text_steal(&out);
}

static void expand_node(struct expansion *expansion, struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR && strchr(node->text, '$')) {
		char *text = expand_text(expansion, node);
		node->is_broken = !text;
		if (text) {
			free(node->text);
			node->text = text;
		}
	}
	vec_each (&node->pairs, pair)
		if (pair->value)
			expand_node(expansion, pair->value);
}

unsigned variables_expand(struct variables *variables, struct yaml_node *node, const char *path,
			  struct text *problems)
{
	struct expansion expansion = {.variables = variables, .path = path, .problems = problems};

	expand_node(&expansion, node);
	return expansion.count;
}

unsigned variables_add_map(struct variables *variables, const struct yaml_node *map,
			   enum variable_source source, const char *path, struct text *problems)
{
	struct expansion expansion = {.path = path, .problems = problems};
	unsigned count = 0;

	if (map->kind != YAML_MAPPING) {
		yaml_problem(problems, path, map->place,
			     "variables are a mapping, lines \"name: value\"");
		return 1;
	}
	vec_each (&map->pairs, pair) {
		const struct yaml_node *key = pair->key, *value = pair->value;
		if (!key || key->kind != YAML_SCALAR || !value || value->kind != YAML_SCALAR) {
			yaml_problem(problems, path, key ? key->place : map->place,
				     "a variable is a line \"name: value\", and the value a text");
			count++;
			continue;
		}
		char *text = expand_text(&expansion, value);
		if (text)
			count += put(variables, key->text, strlen(key->text), text, source, path,
				     key->place, problems);
	}
	return count + expansion.count;
}

/* One that the runbook has, and which has no other value than there. */
static const char *nearest_default(const struct variables *variables, const char *name)
{
	CLEAN_FREE const char **names = xnew((variables->all.count + 1) * sizeof *names);
	size_t count = 0;

	vec_each (&variables->all, variable)
		if (variable->source == VARIABLE_RUNBOOK)
			names[count++] = variable->name;
	return nearest_word(name, names);
}

unsigned variables_check_file(const struct variables *variables, struct text *problems)
{
	unsigned count = 0;

	vec_each (&variables->all, variable) {
		if (!variable->path || variable->is_used || variable->is_of_runbook)
			continue;
		const char *near = nearest_default(variables, variable->name);
		if (!near)
			continue;
		yaml_problem(problems, variable->path, variable->place,
			     "the runbook has no variable `%s`; did you mean `%s`?", variable->name,
			     near);
		count++;
	}
	return count;
}

unsigned variables_check_settings(const struct variables *variables, struct text *problems)
{
	unsigned count = 0;

	vec_each (&variables->all, variable) {
		if (variable->source != VARIABLE_SETTING || variable->is_used ||
		    variable->is_declared)
			continue;
		yaml_problem(problems, SETTING_PATH, (struct yaml_place){0},
			     "no file has the variable `%s`", variable->name);
		count++;
	}
	return count;
}
