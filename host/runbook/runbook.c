/* SPDX-License-Identifier: Apache-2.0 */
/* Reading runbooks: files, variables, secrets, then the table. */
#include "host/runbook/runbook.h"

#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "host/catalog/select.h"
#include "host/runbook/internal.h"
#include "host/runbook/variable.h"

void runbook_complain(struct runbook_problems *problems, struct yaml_place place,
		      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(problems->lines, problems->path, place, format, args);
	va_end(args);
	problems->count++;
}

/* ---- life ---- */

static struct runbook_state *state_new(const char *path)
{
	struct runbook_state *state = xnew(sizeof *state);

	state->files.paths.maximum = INCLUDE_FILES_MAX;
	state->book.state = state;
	state->book.path = xstrdup(path);
	state->book.sizes.maximum = RUNBOOK_ITEMS_MAX;
	return state;
}

static void rows_free(struct runbook_rows *rows)
{
	vec_each (rows, row) {
		vec_each (row, value) {
			free(value->axis.text);
			free(value->value.text);
		}
		free(row->items);
	}
	free(rows->items);
}

void runbook_free(struct runbook *runbook)
{
	if (!runbook)
		return;
	struct runbook_state *state = runbook->state;
	vec_each (&runbook->images, image)
		free(image->file);
	vec_each (&runbook->kernels, kernel) {
		free(kernel->file);
		free(kernel->modules_file);
	}
	rows_free(&runbook->rows);
	vec_done(&runbook->sizes);
	free(runbook->path);
	yaml_free(runbook_fields, state);
	include_files_done(&state->files);
	free(state);
}

/* ---- variables and secrets ---- */

static void add_variables_file(struct variables *variables, struct runbook_state *state,
			       const char *path, struct runbook_problems *problems)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(INCLUDE_BYTES_MAX);
	int r = state->files.is_closed ? -EPERM : text_read_file(&bytes, path);

	if (r < 0) {
		errno = -r;
		yaml_problem(problems->lines, path, (struct yaml_place){0},
			     "it cannot be read: %m");
		problems->count++;
		return;
	}
	CLEANUP(yaml_node)
	struct yaml_node *root =
		yaml_parse(path, bytes.buf, bytes.length, INCLUDE_BYTES_MAX, true, problems->lines);
	problems->count +=
		root ? variables_add_map(variables, root, VARIABLE_FILE, path, problems->lines) : 1;
}

/* Takes the runbook's own out of the tree, and adds those from outside. */
static void collect_variables(struct variables *variables, struct runbook_state *state,
			      struct yaml_node *root, const struct runbook_inputs *inputs,
			      struct runbook_problems *problems)
{
	CLEANUP(yaml_node) struct yaml_node *own = yaml_take(root, "variables");
	const char *const *environment =
		inputs->environment ? inputs->environment : (const char *const *)environ;

	if (own)
		problems->count += variables_add_map(variables, own, VARIABLE_RUNBOOK,
						     problems->path, problems->lines);
	if (inputs->variables_path)
		add_variables_file(variables, state, inputs->variables_path, problems);
	problems->count += variables_add_environment(variables, environment, problems->lines);
	for (size_t i = 0; i < inputs->setting_count; i++)
		problems->count +=
			variables_add_setting(variables, inputs->settings[i], problems->lines);
}

/* False: it has a value that cannot be hidden. */
static bool hide_one(struct variables *variables, const struct yaml_node *name,
		     struct runbook_problems *problems)
{
	const char *value = variables_get(variables, name->text);
	const char *near = value ? NULL : variables_nearest(variables, name->text);

	variables_use(variables, name->text);
	if (!value && near)
		runbook_complain(problems, name->place,
				 "`secrets`: the variable `%.60s` has no value; did you mean `%s`?",
				 name->text, near);
	else if (!value)
		runbook_complain(problems, name->place,
				 "`secrets`: the variable `%.60s` has no value", name->text);
	else if (!secret_add(value)) {
		runbook_complain(problems, name->place,
				 "`secrets`: the value of `%.60s` cannot be hidden: it has fewer "
				 "than %d bytes or " SECRET_MASK
				 " in it, or there are more than %d secrets",
				 name->text, SECRET_MIN, SECRETS_MAX);
		return false;
	}
	return true;
}

/* False when one is not hidden that there may be: then nothing may be told that could have its value in it. */
static bool hide_secrets(struct variables *variables, struct yaml_node *root,
			 struct runbook_problems *problems)
{
	const struct yaml_node *key = yaml_lookup_key(root, "secrets");
	bool are_hidden = true;

	if (!key)
		return true;
	struct yaml_place place = key->place;
	CLEANUP(yaml_node) struct yaml_node *names = yaml_take(root, "secrets");
	if (!names || names->kind != YAML_SEQUENCE) {
		runbook_complain(problems, place, "`secrets` is a list of names of variables");
		return false;
	}
	vec_each (&names->pairs, pair) {
		if (pair->value && pair->value->kind == YAML_SCALAR) {
			are_hidden &= hide_one(variables, pair->value, problems);
			continue;
		}
		runbook_complain(problems, pair->value ? pair->value->place : place,
				 "`secrets` is a list of names of variables");
		are_hidden = false;
	}
	return are_hidden;
}

/* ---- the whole ---- */

/* Keys that say nothing of the axes. */
static bool is_beside_axes(const struct yaml_node *key)
{
	static const char *const keys[] = {"cases", "combine", "constraints", "limits",
					   "must",  "title",   "weights",     "within"};

	for (size_t i = 0; key && key->kind == YAML_SCALAR && i < ARRAY_LEN(keys); i++)
		if (strcmp(keys[i], key->text) == 0)
			return true;
	return false;
}

/* True when none of what the table finds wrong has to do with the axes: what remains of the tree without the keys that say
 * nothing of them is read once more, with nobody listening. A key that nobody knows may be an axis'. */
static bool axes_are_read(const struct runbook_state *state, const struct yaml_node *root)
{
	CLEANUP(runbook) struct runbook *scratch = &state_new(state->book.path)->book;
	CLEAN_TEXT struct text unheard = TEXT_INIT(YAML_PROBLEMS_MAX);
	struct yaml_node axes = {.kind = YAML_MAPPING, .pairs = VEC_INIT(root->pairs.count + 1)};

	vec_each (&root->pairs, pair)
		if (!is_beside_axes(pair->key))
			(void)vec_add(&axes.pairs, *pair);
	unsigned count =
		yaml_read_tree(state->book.path, &axes, runbook_fields, scratch->state, &unheard);
	vec_done(&axes.pairs);
	return count == 0;
}

/* False: there may be a secret that is not hidden. */
static bool read_tree(struct runbook_state *state, struct yaml_node *root,
		      const struct runbook_inputs *inputs, struct runbook_problems *problems)
{
	CLEANUP(variables) struct variables *variables = variables_new();

	collect_variables(variables, state, root, inputs, problems);
	if (!hide_secrets(variables, root, problems))
		return false;
	problems->count += variables_expand(variables, root, problems->path, problems->lines);
	bool is_known = problems->count == 0;
	problems->count += variables_check_file(variables, problems->lines);
	problems->count += variables_check_settings(variables, problems->lines);
	unsigned wrong =
		yaml_read_tree(problems->path, root, runbook_fields, state, problems->lines);
	problems->count += wrong;
	is_known = is_known && (wrong == 0 || axes_are_read(state, root));
	unsigned before = problems->count;
	runbook_find_sizes(state, inputs, problems);
	runbook_check_axes(state, problems);
	state->book.axes_are_known = is_known && problems->count == before;
	runbook_check(state, problems);
	return true;
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

/* Takes `state`, and `root`, which may be NULL. */
static unsigned finish(struct runbook_state *state, struct yaml_node *root,
		       const struct runbook_inputs *inputs, struct runbook **ret,
		       struct text *problems)
{
	CLEANUP(runbook) struct runbook *book = &state->book;
	CLEANUP(yaml_node) struct yaml_node *own = root;
	struct runbook_problems told = {.path = book->path, .lines = problems};

	if (!own) {
		told.count = count_lines(problems->buf);
		return told.count > 0 ? told.count : 1; /* there was no room to tell */
	}
	bool is_safe = read_tree(state, own, inputs, &told);
	secret_hide(problems);
	if (is_safe)
		*ret = STEAL_PTR(book);
	return told.count;
}

unsigned runbook_read(const char *path, const struct runbook_inputs *inputs, struct runbook **ret,
		      struct text *problems)
{
	struct runbook_state *state = state_new(path);
	struct yaml_node *root = include_load(&state->files, path, problems);

	return finish(state, root, inputs, ret, problems);
}

unsigned runbook_parse(const char *path, const char *bytes, size_t length,
		       const struct runbook_inputs *inputs, struct runbook **ret,
		       struct text *problems)
{
	struct runbook_state *state = state_new(path);

	state->files.is_closed = true;
	struct yaml_node *root = include_parse(&state->files, path, bytes, length, problems);
	return finish(state, root, inputs, ret, problems);
}

/* ---- axes ---- */

static const char *const axis_names[] = {
	[RUNBOOK_IMAGE] = "image", [RUNBOOK_SIZE] = "size",	[RUNBOOK_FIRMWARE] = "firmware",
	[RUNBOOK_HOST] = "host",   [RUNBOOK_KERNEL] = "kernel", [RUNBOOK_VARIANT] = "variant",
};

const char *runbook_axis_name(enum runbook_axis axis)
{
	return axis_names[axis];
}

size_t runbook_value_count(const struct runbook *runbook, enum runbook_axis axis, size_t variant)
{
	switch (axis) {
	case RUNBOOK_IMAGE:
		return runbook->images.count;
	case RUNBOOK_SIZE:
		return runbook->sizes.count;
	case RUNBOOK_FIRMWARE:
		return runbook->firmwares.count;
	case RUNBOOK_HOST:
		return runbook->hosts.count;
	case RUNBOOK_KERNEL:
		return runbook->kernels.count;
	case RUNBOOK_VARIANT:
		return runbook->variants.items[variant].values.count;
	}
	return 0;
}

const char *runbook_value_name(const struct runbook *runbook, enum runbook_axis axis,
			       size_t variant, size_t index)
{
	switch (axis) {
	case RUNBOOK_IMAGE:
		return runbook->images.items[index].name.text;
	case RUNBOOK_SIZE:
		return runbook->sizes.items[index].size.name;
	case RUNBOOK_FIRMWARE:
		return runbook->firmwares.items[index].text;
	case RUNBOOK_HOST:
		return runbook->hosts.items[index].name.text;
	case RUNBOOK_KERNEL:
		return runbook->kernels.items[index].name.text;
	case RUNBOOK_VARIANT:
		return runbook->variants.items[variant].values.items[index].text;
	}
	return NULL;
}

bool runbook_find_axis(const struct runbook *runbook, const char *name, enum runbook_axis *ret_axis,
		       size_t *ret_variant)
{
	for (int axis = RUNBOOK_IMAGE; axis < RUNBOOK_VARIANT; axis++) {
		if (strcmp(axis_names[axis], name) == 0) {
			*ret_axis = (enum runbook_axis)axis;
			*ret_variant = 0;
			return true;
		}
	}
	for (size_t i = 0; i < runbook->variants.count; i++) {
		const char *own = runbook->variants.items[i].name.text;
		if (own && strcmp(own, name) == 0) {
			*ret_axis = RUNBOOK_VARIANT;
			*ret_variant = i;
			return true;
		}
	}
	return false;
}

/* ---- cases ---- */

void runbook_terms(const struct runbook *runbook, struct text *out)
{
	const struct runbook_cases *cases = &runbook->cases;

	if (cases->include.count == 0)
		suite_add_term("suite=" SUITE_DEFAULT, false, out);
	vec_each (&cases->include, term)
		suite_add_term(term->text, false, out);
	vec_each (&cases->exclude, term)
		suite_add_term(term->text, true, out);
	if (cases->priority.place.line > 0)
		(void)text_addf(out, "priority<=P%lld ", cases->priority.number);
	text_cut(out, out->length - 1);
}

void runbook_override_terms(const struct runbook_override *override, struct text *out)
{
	suite_add_term(override->cases.text, false, out);
	text_cut(out, out->length - 1);
}

static unsigned check_terms(const struct runbook *runbook, const struct yaml_texts *terms,
			    const char *key, const struct catalog *catalog, struct text *problems)
{
	unsigned count = 0;

	vec_each (terms, term) {
		CLEAN_TEXT struct text word = TEXT_INIT(YAML_TEXT_MAX + 16);
		struct err e = {0};
		if (!yaml_text_is_well(term) || has_prefix(term->text, "suite="))
			continue;
		suite_add_term(term->text, false, &word);
		text_cut(&word, word.length - 1);
		if (suite_check(catalog, word.buf, &e) == 0)
			continue;
		yaml_problem(problems, runbook->path, term->place, "`%s`: %s", key, e.text);
		count++;
	}
	return count;
}

unsigned runbook_check_cases(const struct runbook *runbook, const struct catalog *catalog,
			     struct text *problems)
{
	unsigned count =
		check_terms(runbook, &runbook->cases.include, "include", catalog, problems);

	count += check_terms(runbook, &runbook->cases.exclude, "exclude", catalog, problems);
	vec_each (&runbook->cases.overrides, override) {
		struct yaml_texts one = {.items = &override->cases, .count = 1};
		count += check_terms(runbook, &one, "cases", catalog, problems);
	}
	return count;
}
