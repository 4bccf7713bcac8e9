/* SPDX-License-Identifier: Apache-2.0 */
/* What of a runbook only shows when all is read: names that are known and unique, and what belongs together. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "host/catalog/select.h"
#include "host/runbook/internal.h"

/* ---- names are unique ---- */

struct name {
	const char *text;
	struct yaml_place place;
};
DEFINE_VEC(names, struct name);

static int compare_names(const void *a, const void *b)
{
	const struct name *one = a, *other = b;
	int r = strcmp(one->text, other->text);

	/* Of two the later one is told of. */
	if (r == 0)
		r = (one->place.line > other->place.line) - (one->place.line < other->place.line);
	return r ? r
		 : (one->place.column > other->place.column) -
			       (one->place.column < other->place.column);
}

static void add_name(struct names *names, const char *text, struct yaml_place place)
{
	struct name name = {text, place};

	if (text)
		(void)vec_add(names, name);
}

/* Sorts them. */
static void check_unique(struct names *names, const char *what, struct runbook_problems *problems)
{
	if (names->count > 0)
		qsort(names->items, names->count, sizeof *names->items, compare_names);
	for (size_t i = 1; i < names->count; i++)
		if (strcmp(names->items[i - 1].text, names->items[i].text) == 0)
			runbook_complain(problems, names->items[i].place,
					 "`%s`: '%.100s' is there twice, first in line %u", what,
					 names->items[i].text, names->items[i - 1].place.line);
	vec_done(names);
}

/* ---- the axes ---- */

static char *name_of_file(const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');

	return xasprintf("%.*s", dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
}

static void check_images(struct runbook_state *state, struct runbook_problems *problems)
{
	struct names names = VEC_INIT(RUNBOOK_ITEMS_MAX);

	vec_each (&state->book.images, image) {
		if (!image->path.text)
			continue;
		if (strcmp(image->path.text, RUNBOOK_NO_IMAGE) != 0)
			image->file = include_beside(image->path.place.path ? image->path.place.path
									    : state->book.path,
						     image->path.text);
		if (image->name.place.line == 0) {
			image->name.text = name_of_file(image->path.text);
			image->name.place = image->path.place;
		}
		add_name(&names, image->name.text, image->name.place);
	}
	check_unique(&names, "images", problems);
}

static void check_kernels(struct runbook_state *state, struct runbook_problems *problems)
{
	struct names names = VEC_INIT(RUNBOOK_ITEMS_MAX);

	vec_each (&state->book.kernels, kernel)
		add_name(&names, kernel->name.text, kernel->name.place);
	check_unique(&names, "kernels", problems);
}

static void check_texts(const struct yaml_texts *texts, const char *what,
			struct runbook_problems *problems)
{
	struct names names = VEC_INIT(RUNBOOK_ITEMS_MAX);

	vec_each (texts, text)
		add_name(&names, text->text, text->place);
	check_unique(&names, what, problems);
}

static void check_variants(struct runbook_state *state, struct runbook_problems *problems)
{
	static const char *const taken[] = {"and",    "firmware", "host", "image", "in",
					    "kernel", "not",	  "or",	  "size",  NULL};

	vec_each (&state->book.variants, variant) {
		for (const char *const *word = taken; *word && variant->name.text; word++)
			if (strcmp(*word, variant->name.text) == 0)
				runbook_complain(problems, variant->name.place,
						 "`variants`: '%s' has another meaning already",
						 *word);
		check_texts(&variant->values, variant->name.text ? variant->name.text : "variants",
			    problems);
	}
}

void runbook_check_axes(struct runbook_state *state, struct runbook_problems *problems)
{
	struct names hosts = VEC_INIT(RUNBOOK_ITEMS_MAX);

	runbook_find_kernels(state, problems);
	check_images(state, problems);
	check_kernels(state, problems);
	check_texts(&state->book.firmwares, "firmwares", problems);
	vec_each (&state->book.hosts, host)
		add_name(&hosts, host->name.text, host->name.place);
	check_unique(&hosts, "hosts", problems);
	check_variants(state, problems);
}

/* ---- what belongs together ---- */

static void check_combine(struct runbook_state *state, struct runbook_problems *problems)
{
	bool has_mode = state->mode.place.line > 0, has_csv = state->csv.place.line > 0;
	bool has_ways = state->ways.place.line > 0;
	struct runbook *book = &state->book;

	book->combine_place = state->combine.place;
	if (state->combine.place.line > 0 && has_mode + has_csv + has_ways != 1)
		runbook_complain(problems, state->combine.place,
				 "`combine` is all, zip, or has one of the keys csv and ways");
	if (state->over.place.line > 0 && !has_ways)
		runbook_complain(problems, state->over.place, "`over` says of what `ways` are");
	book->combine = has_csv				      ? RUNBOOK_ROWS
			: has_ways			      ? RUNBOOK_WAYS
			: has_mode && state->mode.number == 1 ? RUNBOOK_ZIP
							      : RUNBOOK_ALL;
	book->ways = has_ways ? (unsigned)state->ways.number : 0;
	book->over_traits = state->over.number == 1;
}

static void check_suite(const struct yaml_text *term, struct runbook_problems *problems)
{
	if (!term->text || !has_prefix(term->text, "suite="))
		return;
	const char *name = term->text + strlen("suite=");
	if (suite_find(name))
		return;
	const char *near = suite_nearest(name);
	runbook_complain(problems, term->place, "`include`: there is no suite '%.60s'%s%s%s", name,
			 near ? "; did you mean '" : "; `assay list --suites` shows them",
			 near ? near : "", near ? "'?" : "");
}

static void check_cases(struct runbook_state *state, struct runbook_problems *problems)
{
	struct runbook_cases *cases = &state->book.cases;

	vec_each (&cases->include, term)
		check_suite(term, problems);
	vec_each (&cases->exclude, term)
		if (term->text &&
		    (has_prefix(term->text, "suite=") || has_prefix(term->text, "priority")))
			runbook_complain(problems, term->place,
					 "`exclude`: a suite or a priority cannot be taken away, "
					 "only what has an id, area, kind, need or source");
	vec_each (&cases->overrides, override) {
		if (override->cases.text && !override->until_sure.text &&
		    override->timeout_ns.place.line == 0 && override->retries.place.line == 0 &&
		    override->repeat.place.line == 0)
			runbook_complain(problems, override->cases.place,
					 "`overrides` says nothing of these cases: timeout, "
					 "retries, repeat or until_sure");
		if (override->cases.text && has_prefix(override->cases.text, "suite="))
			runbook_complain(
				problems, override->cases.place,
				"`cases` is an id, an area or a glob over ids, not a suite");
	}
}

/* ---- rows and weights speak of what is there ---- */

static bool find_axis(struct runbook_state *state, const struct yaml_text *name,
		      enum runbook_axis *ret_axis, size_t *ret_variant,
		      struct runbook_problems *problems)
{
	const char *names[RUNBOOK_AXES_MAX + 1] = {NULL};
	size_t count = 0;

	if (!name->text)
		return false;
	if (runbook_find_axis(&state->book, name->text, ret_axis, ret_variant))
		return true;
	for (int axis = RUNBOOK_IMAGE; axis < RUNBOOK_VARIANT; axis++)
		names[count++] = runbook_axis_name((enum runbook_axis)axis);
	vec_each (&state->book.variants, variant)
		if (variant->name.text && count < RUNBOOK_AXES_MAX)
			names[count++] = variant->name.text;
	const char *near = nearest_word(name->text, names);
	runbook_complain(problems, name->place, "there is no axis '%.60s'%s%s%s", name->text,
			 near ? "; did you mean '"
			      : ", only image, size, firmware, host, kernel and the variants",
			 near ? near : "", near ? "'?" : "");
	return false;
}

/* Gives a list; NULL ends it, which may be before others. */
static const char **list_values(const struct runbook *book, enum runbook_axis axis, size_t variant)
{
	size_t count = runbook_value_count(book, axis, variant), at = 0;
	const char **names = xnew((count + 1) * sizeof *names);

	for (size_t i = 0; i < count; i++) {
		const char *name = runbook_value_name(book, axis, variant, i);
		if (name)
			names[at++] = name;
	}
	return names;
}

static void check_value(struct runbook_state *state, const struct yaml_text *axis_name,
			const struct yaml_text *value, struct runbook_problems *problems)
{
	enum runbook_axis axis;
	size_t variant;

	if (!find_axis(state, axis_name, &axis, &variant, problems) || !value->text)
		return;
	size_t count = runbook_value_count(&state->book, axis, variant);
	for (size_t i = 0; i < count; i++) {
		const char *name = runbook_value_name(&state->book, axis, variant, i);
		if (name && strcmp(name, value->text) == 0)
			return;
	}
	if (count == 0) {
		runbook_complain(problems, value->place,
				 "the runbook has no %ss of which this could be one: add "
				 "`%ss`, with '%.60s' in it",
				 axis_name->text, axis_name->text, value->text);
		return;
	}
	CLEAN_FREE const char **names = list_values(&state->book, axis, variant);
	const char *near = nearest_word(value->text, names);
	runbook_complain(problems, value->place, "%s has no value '%.60s'%s%s%s", axis_name->text,
			 value->text, near ? "; did you mean '" : "", near ? near : "",
			 near ? "'?" : "");
}

static void check_rows(struct runbook_state *state, const struct runbook_rows *rows,
		       struct runbook_problems *problems)
{
	vec_each (rows, row)
		vec_each (row, value)
			check_value(state, &value->axis, &value->value, problems);
}

static void check_zip(const struct runbook *book, struct runbook_problems *problems)
{
	size_t longest = 0;
	const char *whose = "";

	for (size_t i = 0; i < RUNBOOK_VARIANT + book->variants.count; i++) {
		enum runbook_axis axis =
			i < RUNBOOK_VARIANT ? (enum runbook_axis)i : RUNBOOK_VARIANT;
		size_t variant = i < RUNBOOK_VARIANT ? 0 : i - RUNBOOK_VARIANT;
		size_t count = runbook_value_count(book, axis, variant);
		const char *name = axis == RUNBOOK_VARIANT ? book->variants.items[variant].name.text
							   : runbook_axis_name(axis);
		if (count <= 1)
			continue;
		if (longest > 0 && count != longest)
			runbook_complain(problems, book->combine_place,
					 "`combine: zip` needs axes of one length: %s has %zu "
					 "values, %s %zu",
					 whose, longest, name ? name : "a variant", count);
		longest = count;
		whose = name ? name : "a variant";
	}
}

/* More than there are axes would be all of them together, which is not what somebody means who asks for few. */
static void check_ways(const struct runbook_state *state, struct runbook_problems *problems)
{
	const struct runbook *book = &state->book;
	size_t axes = book->variants.count;

	for (int axis = RUNBOOK_IMAGE; axis < RUNBOOK_VARIANT; axis++)
		axes += runbook_value_count(book, (enum runbook_axis)axis, 0) > 0;
	if (book->combine == RUNBOOK_WAYS && !book->over_traits && book->ways > axes)
		runbook_complain(problems, state->ways.place,
				 "`ways` is %u, and there are %zu axes: so many values cannot meet",
				 book->ways, axes);
}

void runbook_check(struct runbook_state *state, struct runbook_problems *problems)
{
	struct runbook *book = &state->book;

	check_combine(state, problems);
	check_ways(state, problems);
	if (book->combine == RUNBOOK_ROWS && state->csv.text)
		runbook_read_rows(state, problems);
	if (book->combine == RUNBOOK_ZIP)
		check_zip(book, problems);
	check_cases(state, problems);
	check_rows(state, &book->must, problems);
	check_rows(state, &book->rows, problems);
	vec_each (&book->weights, of)
		vec_each (&of->weights, weight)
			check_value(state, &of->axis, &weight->value, problems);
}

/* ---- sizes ---- */

static void add_size(struct runbook_state *state, const struct size *size, struct yaml_place place,
		     struct runbook_problems *problems)
{
	struct runbook_size one = {.size = *size, .place = place};

	vec_each (&state->book.sizes, there) {
		if (strcmp(there->size.name, size->name) != 0)
			continue;
		runbook_complain(problems, place, "`sizes`: '%s' is there twice, first in line %u",
				 size->name, there->place.line);
		return;
	}
	if (!vec_add(&state->book.sizes, one))
		runbook_complain(problems, place, "`sizes` has more than %d entries",
				 RUNBOOK_ITEMS_MAX);
}

/* A name, or all that a glob matches. */
static void add_named(struct runbook_state *state, const struct size_table *table,
		      const struct yaml_text *name, struct runbook_problems *problems)
{
	const struct size *known = size_table_find(table, name->text);
	size_t before = state->book.sizes.count;
	bool is_glob = strpbrk(name->text, "*?") != NULL;

	if (known) {
		add_size(state, known, name->place, problems);
		return;
	}
	for (size_t i = 0; is_glob && i < size_table_count(table); i++) {
		const struct size *size = size_table_at(table, i);
		if (fnmatch(name->text, size->name, 0) == 0)
			add_size(state, size, name->place, problems);
	}
	if (state->book.sizes.count > before)
		return;
	const char *near = is_glob ? NULL : size_table_nearest(table, name->text);
	runbook_complain(problems, name->place, "`sizes`: no size %s '%.64s'%s%s%s",
			 is_glob ? "fits" : "is called", name->text,
			 near ? "; did you mean '" : "; `assay list --sizes` shows them",
			 near ? near : "", near ? "'?" : "");
}

static void add_one(struct runbook_state *state, const struct size_table *table,
		    const struct size_words *words, struct runbook_problems *problems)
{
	struct size size;

	if (!words->name.text)
		return;
	if (!size_words_spell(words)) {
		add_named(state, table, &words->name, problems);
		return;
	}
	if (size_table_find(table, words->name.text)) {
		runbook_complain(problems, words->name.place,
				 "`sizes`: there is a size '%s' already; another name, and "
				 "`like: %s`, make one of your own from it",
				 words->name.text, words->name.text);
		return;
	}
	unsigned wrong = size_table_spell(table, words, words->name.text, problems->path,
					  words->name.place, &size, problems->lines);
	problems->count += wrong;
	if (wrong == 0)
		add_size(state, &size, words->name.place, problems);
}

static void read_size_file(struct runbook_state *state, struct size_table *table, const char *path,
			   struct yaml_place place, struct runbook_problems *problems)
{
	if (state->files.is_closed)
		runbook_complain(problems, place, "%s cannot be read here", path);
	else
		problems->count += size_table_read(table, path, problems->lines);
}

void runbook_find_sizes(struct runbook_state *state, const struct runbook_inputs *inputs,
			struct runbook_problems *problems)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	struct err e = {0};

	if (!state->files.is_closed && size_table_add_shipped(table, &e) < 0)
		runbook_complain(problems, (struct yaml_place){0}, "%s", e.text);
	vec_each (&state->size_paths, name) {
		if (!name->text)
			continue;
		CLEAN_FREE char *path = include_beside(
			name->place.path ? name->place.path : state->book.path, name->text);
		read_size_file(state, table, path, name->place, problems);
	}
	for (size_t i = 0; i < inputs->size_path_count; i++)
		read_size_file(state, table, inputs->size_paths[i], (struct yaml_place){0},
			       problems);
	if (state->sizes.place.line == 0)
		add_size(state, size_table_find(table, "default"), (struct yaml_place){0},
			 problems);
	vec_each (&state->sizes, words)
		add_one(state, table, words, problems);
}
