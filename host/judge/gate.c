/* SPDX-License-Identifier: Apache-2.0 */
/* Reading gates. */
#include "host/judge/gate.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "host/catalog/select.h"
#include "host/judge/gate_internal.h"

/* ---- life ---- */

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	vec_each (&gate->rules, rule)
		constraint_free(rule->where_constraint);
	vec_each (&gate->covers, cover) {
		constraint_free(cover->where_constraint);
		for (size_t i = 0; cover->size_constraints && i < cover->sizes.count; i++)
			constraint_free(cover->size_constraints[i]);
		free(cover->size_constraints);
	}
	yaml_free(gate_fields, gate);
	axes_done(&gate->axes);
	free(gate->path);
	free(gate);
}

/* ---- what only shows when all is read ---- */

struct reading {
	struct gate *gate;
	struct text *problems;
	unsigned count;
};

static void PRINTF(3, 4) NONNULL(1, 3)
	complain(struct reading *reading, struct yaml_place place, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	yaml_problemv(reading->problems, reading->gate->path, place, format, args);
	va_end(args);
	reading->count++;
}

struct binding {
	struct reading *reading;
	struct yaml_place place;
	const char *key;
};

/* What no item has is no slip here: which items there are is only known of a run. */
static void on_problem(void *arg, unsigned column, bool is_remark, const char *what)
{
	struct binding *binding = arg;
	struct yaml_place place = binding->place;

	if (is_remark)
		return;
	place.column += column - 1;
	complain(binding->reading, place, "`%s`: %s", binding->key, what);
}

static struct constraint *read_constraint(struct reading *reading, const struct yaml_text *text,
					  const char *key)
{
	CLEANUP(constraint) struct constraint *constraint = NULL;
	struct binding binding = {reading, text->place, key};
	unsigned column = 1;
	struct err e = {0};

	if (!text->text)
		return NULL;
	if (constraint_parse(text->text, &constraint, &column, &e) < 0) {
		on_problem(&binding, column, false, e.text);
		return NULL;
	}
	if (constraint_bind(constraint, &reading->gate->axes, on_problem, &binding) > 0)
		return NULL;
	return STEAL_PTR(constraint);
}

static bool may_need_share(enum gate_when when)
{
	return when == WHEN_BROKEN || when == WHEN_INFRA || when == WHEN_HOLE;
}

static void check_rule(struct reading *reading, struct gate_rule *rule)
{
	enum gate_when when = (enum gate_when)rule->when.number;
	bool is_of_cells = when != WHEN_LEFT_OUT;

	rule->where_constraint = read_constraint(reading, &rule->where, "where");
	if (rule->when.place.line == 0)
		return;
	if (rule->above.place.line > 0 && !may_need_share(when))
		complain(reading, rule->above.place,
			 "`above` is a share of broken, infra or hole, not of %s",
			 gate_when_name(when));
	if (rule->need.text && when != WHEN_SKIP && when != WHEN_NEW_SKIP)
		complain(reading, rule->need.place, "`need` is of skip and new-skip, not of %s",
			 gate_when_name(when));
	if (!is_of_cells &&
	    (rule->cases.count > 0 || rule->where.text || rule->priority.place.line > 0))
		complain(
			reading, rule->when.place,
			"left-out is about cells that are not there: it takes no cases, priority or "
			"where");
}

static bool is_expression(const char *size)
{
	return strpbrk(size, " <>=") != NULL;
}

static void check_suite(struct reading *reading, const struct yaml_text *term)
{
	const char *name = term->text + strlen("suite=");
	const char *near = suite_nearest(name);

	if (suite_find(name))
		return;
	complain(reading, term->place, "`cases`: there is no suite '%.60s'%s%s%s", name,
		 near ? "; did you mean '" : "; `assay list --suites` shows them", near ? near : "",
		 near ? "'?" : "");
}

static void check_cover(struct reading *reading, struct gate_cover *cover)
{
	cover->where_constraint = read_constraint(reading, &cover->where, "where");
	cover->size_constraints = xnew((cover->sizes.count + 1) * sizeof *cover->size_constraints);
	for (size_t i = 0; i < cover->sizes.count; i++)
		if (cover->sizes.items[i].text && is_expression(cover->sizes.items[i].text))
			cover->size_constraints[i] =
				read_constraint(reading, &cover->sizes.items[i], "sizes");
	bool adds = cover->cases.count == 0;
	vec_each (&cover->cases, term) {
		if (!term->text)
			continue;
		adds = adds || term->text[0] != '-';
		if (has_prefix(term->text, "suite="))
			check_suite(reading, term);
	}
	if (!adds)
		complain(reading, cover->cases.items[0].place,
			 "`cases` only takes cases away; name first which are meant");
	if (cover->each.number > 0 && cover->cases.count == 0)
		complain(reading, cover->each.place,
			 "`each` counts for every case, and this entry names none");
}

static void check_sign_offs(struct reading *reading)
{
	const struct gate_sign_offs *all = &reading->gate->sign_offs;

	vec_each (all, sign_off)
		for (const struct gate_sign_off *other = all->items; other < sign_off; other++)
			if (sign_off->name.text && other->name.text &&
			    strcmp(sign_off->name.text, other->name.text) == 0)
				complain(reading, sign_off->name.place,
					 "`sign_off`: `%s` is there twice, in line %u too",
					 other->name.text, other->name.place.line);
}

/* What is not in the file. */
static void set_defaults(struct gate *gate)
{
	vec_each (&gate->covers, cover) {
		if (cover->cells.place.line == 0)
			cover->cells.number = 1;
		if (cover->outcome.place.line == 0)
			cover->outcome.number = EFFECT_UNDECIDED;
	}
	if (gate->age_outcome.place.line == 0)
		gate->age_outcome.number = EFFECT_UNDECIDED;
}

static void read_tree(struct reading *reading, const struct yaml_node *root)
{
	struct gate *gate = reading->gate;

	reading->count += yaml_read_tree(gate->path, root, gate_fields, gate, reading->problems);
	vec_each (&gate->rules, rule)
		check_rule(reading, rule);
	vec_each (&gate->covers, cover)
		check_cover(reading, cover);
	check_sign_offs(reading);
	set_defaults(gate);
}

unsigned gate_parse(const char *path, const char *bytes, size_t length, struct gate **ret,
		    struct text *problems)
{
	CLEANUP(gate) struct gate *gate = xnew(sizeof *gate);
	CLEANUP(yaml_node)
	struct yaml_node *root = yaml_parse(path, bytes, length, GATE_FILE_MAX, false, problems);
	struct reading reading = {gate, problems, 0};

	gate->path = xstrdup(path);
	gate_axes_init(&gate->axes);
	if (!root)
		return 1;
	(void)sha256_text(bytes, length, gate->sha256);
	read_tree(&reading, root);
	if (reading.count == 0)
		*ret = STEAL_PTR(gate);
	return reading.count;
}

unsigned gate_read(const char *path, struct gate **ret, struct text *problems)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(GATE_FILE_MAX + 1);
	int r = text_read_file(&bytes, path);

	if (r == 0)
		return gate_parse(path, bytes.buf, bytes.length, ret, problems);
	errno = -r;
	yaml_problem(problems, path, (struct yaml_place){0}, "it cannot be read: %m");
	return 1;
}

/* ---- questions ---- */

bool gate_needs_baseline(const struct gate *gate)
{
	vec_each (&gate->rules, rule)
		if (rule->when.number == WHEN_NEW_FAIL || rule->when.number == WHEN_NEW_SKIP ||
		    rule->when.number == WHEN_VANISHED || rule->when.number == WHEN_VALUE)
			return true;
	return false;
}

bool gate_needs_values(const struct gate *gate)
{
	vec_each (&gate->rules, rule)
		if (rule->when.number == WHEN_VALUE)
			return true;
	return false;
}

bool gate_needs_catalog(const struct gate *gate)
{
	vec_each (&gate->covers, cover)
		if (cover->cases.count > 0)
			return true;
	return false;
}

char *gate_file(const struct gate *gate, const char *name)
{
	const char *slash = strrchr(gate->path, '/');

	return name[0] == '/' || !slash
		       ? xstrdup(name)
		       : xasprintf("%.*s%s", (int)(slash + 1 - gate->path), gate->path, name);
}

void gate_terms(const struct gate_cover *cover, struct text *out)
{
	vec_each (&cover->cases, term)
		suite_add_term(term->text + (term->text[0] == '-'), term->text[0] == '-', out);
	if (out->length > 0)
		text_cut(out, out->length - 1);
}

unsigned gate_check_cases(const struct gate *gate, const struct catalog *catalog,
			  struct text *problems)
{
	unsigned count = 0;

	vec_each (&gate->covers, cover) {
		vec_each (&cover->cases, term) {
			CLEAN_TEXT struct text word = TEXT_INIT(YAML_TEXT_MAX + 16);
			struct err e = {0};
			if (has_prefix(term->text, "suite="))
				continue;
			suite_add_term(term->text + (term->text[0] == '-'), false, &word);
			text_cut(&word, word.length - 1);
			if (suite_check(catalog, word.buf, &e) == 0)
				continue;
			yaml_problem(problems, gate->path, term->place, "`cases`: %s", e.text);
			count++;
		}
	}
	return count;
}

static bool pattern_fits(const char *pattern, const char *id)
{
	size_t length = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, id, 0) == 0;
	return strncmp(id, pattern, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

bool gate_rule_names(const struct gate_rule *rule, const char *case_id)
{
	bool asked = true, is_named = false;

	vec_each (&rule->cases, pattern) {
		bool takes_away = pattern->text[0] == '!';
		bool does_fit = pattern_fits(pattern->text + takes_away, case_id);
		if (takes_away && does_fit)
			return false;
		asked = asked && takes_away;
		is_named = is_named || (!takes_away && does_fit);
	}
	return asked || is_named;
}
