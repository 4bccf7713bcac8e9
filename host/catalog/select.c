/* SPDX-License-Identifier: Apache-2.0 */
/* Picking cases: patterns and filters over a suite. */
#include "host/catalog/select.h"

#include <fnmatch.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"

void case_list_done(struct case_list *list)
{
	vec_done(list);
}

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

static bool pattern_matches(const char *pattern, const struct catalog_case *it)
{
	if (is_glob(pattern))
		return fnmatch(pattern, it->id, 0) == 0;
	return strcmp(pattern, it->id) == 0 || strcmp(pattern, it->info.area) == 0;
}

/* A pattern that matches nothing in the whole catalogue is a slip. */
static int check_pattern(const struct catalog *catalog, const char *pattern, struct err *e)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (pattern_matches(pattern, &catalog->cases[i]))
			return 0;
	const char *near = is_glob(pattern) ? NULL : catalog_nearest(catalog, pattern);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no case '%.100s'; did you mean '%s'?",
			       pattern, near);
	return err_set(e, BLAME_USER, EINVAL, "no case matches '%.100s'; %s", pattern,
		       strchr(pattern, ',')
			       ? "give each pattern an option of its own: -c ONE -c OTHER"
			       : "`assay list` shows them all");
}

static int check_patterns(const struct catalog *catalog, const struct selection *selection,
			  struct err *e)
{
	for (size_t i = 0; i < selection->pattern_count; i++) {
		const char *pattern = selection->patterns[i];
		int r = check_pattern(catalog, pattern + (pattern[0] == '!'), e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_areas(const struct catalog *catalog, const struct selection *selection,
		       struct err *e)
{
	for (size_t i = 0; i < selection->area_count; i++) {
		const char *area = selection->areas[i];
		if (catalog_has_area(catalog, area))
			continue;
		const char *near = catalog_nearest(catalog, area);
		if (near && !strchr(near, '.'))
			return err_set(e, BLAME_USER, EINVAL, "no area '%.60s'; did you mean '%s'?",
				       area, near);
		return err_set(e, BLAME_USER, EINVAL,
			       "no area '%.60s'; `assay list --areas` shows them", area);
	}
	return 0;
}

static int check_kinds(const struct selection *selection, struct err *e)
{
	enum case_kind kind;
	enum case_priority priority;

	for (size_t i = 0; i < selection->kind_count; i++)
		if (case_kind_parse(selection->kinds[i], &kind) < 0)
			return err_set(
				e, BLAME_USER, EINVAL,
				"no kind '%.40s'; there are audit, guest, host, perf, stress and test",
				selection->kinds[i]);
	if (selection->priority && case_priority_parse(selection->priority, &priority) < 0)
		return err_set(e, BLAME_USER, EINVAL, "no priority '%.40s'; there are P0 to P4",
			       selection->priority);
	return 0;
}

static bool is_among(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return count == 0;
}

static bool passes_patterns(const struct selection *selection, const struct catalog_case *it)
{
	bool asked = true; /* until a pattern asks for something */

	for (size_t i = 0; i < selection->pattern_count; i++)
		if (selection->patterns[i][0] != '!')
			asked = false;
	for (size_t i = 0; i < selection->pattern_count; i++) {
		const char *pattern = selection->patterns[i];
		if (pattern[0] != '!')
			asked = asked || pattern_matches(pattern, it);
	}
	for (size_t i = 0; i < selection->pattern_count; i++) {
		const char *pattern = selection->patterns[i];
		if (pattern[0] == '!' && pattern_matches(pattern + 1, it))
			return false;
	}
	return asked;
}

/* True when the word, or what stands before its ':' or its comparison, is what the pattern says. */
static bool word_matches(const char *pattern, const char *word, size_t length)
{
	CLEAN_FREE char *copy = xasprintf("%.*s", (int)length, word);

	if (fnmatch(pattern, copy, 0) == 0)
		return true;
	copy[strcspn(copy, ":<>=")] = '\0';
	return strcmp(pattern, copy) == 0;
}

static bool list_has(const char *list, const char *pattern)
{
	if (!list || !list[strspn(list, ", -")])
		return strcmp(pattern, "none") == 0;
	for (const char *at = list; *at; at += strspn(at, ", ")) {
		size_t length = strcspn(at, ",");
		if (word_matches(pattern, at, length))
			return true;
		at += length;
	}
	return false;
}

static bool list_has_any(const char *list, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list_has(list, patterns[i]))
			return true;
	return count == 0;
}

static bool passes_proof(const struct selection *selection, const struct catalog_case *it)
{
	bool is_planted = it->info.sabotage.kind != SABOTAGE_NONE;

	return !selection->proof || is_planted == (strcmp(selection->proof, "planted") == 0);
}

static bool passes(const struct selection *selection, const struct catalog_case *it)
{
	enum case_priority priority;

	if (selection->priority && (case_priority_parse(selection->priority, &priority) < 0 ||
				    it->info.priority > priority))
		return false;
	return is_among(it->info.area, selection->areas, selection->area_count) &&
	       is_among(case_kind_name(it->info.kind), selection->kinds, selection->kind_count) &&
	       list_has_any(it->info.needs, selection->needs, selection->need_count) &&
	       list_has_any(it->info.sources, selection->sources, selection->source_count) &&
	       passes_proof(selection, it) && passes_patterns(selection, it);
}

/* A word that no case has is a slip. */
static int check_words(const struct catalog *catalog, const struct selection *selection,
		       struct err *e)
{
	for (size_t i = 0; i < selection->need_count + selection->source_count; i++) {
		bool is_need = i < selection->need_count;
		const char *pattern = is_need ? selection->needs[i]
					      : selection->sources[i - selection->need_count];
		bool is_known = false;
		for (size_t at = 0; !is_known && at < catalog->count; at++) {
			const struct case_info *info = &catalog->cases[at].info;
			is_known = list_has(is_need ? info->needs : info->sources, pattern);
		}
		if (!is_known)
			return err_set(
				e, BLAME_USER, EINVAL,
				is_need ? "no case needs '%.60s'; `assay list --json` shows what each needs"
					: "no case has the source '%.60s'; `assay list --json` shows them",
				pattern);
	}
	if (selection->proof && strcmp(selection->proof, "planted") != 0 &&
	    strcmp(selection->proof, "none") != 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "no proof '%.40s'; there are planted and none", selection->proof);
	return 0;
}

static bool asks_for_cases(const struct selection *selection)
{
	for (size_t i = 0; i < selection->pattern_count; i++)
		if (selection->patterns[i][0] != '!')
			return true;
	return selection->kind_count > 0;
}

static int find_terms(const struct selection *selection, const char **ret, struct err *e)
{
	const char *names[64] = {NULL};
	size_t count = 0;
	/* Who names cases or kinds means them, whatever the default suite leaves out. */
	const char *wanted = selection->suite		 ? selection->suite
			     : asks_for_cases(selection) ? "all"
							 : SUITE_DEFAULT;

	if (!selection->suite && selection->terms) {
		*ret = selection->terms;
		return 0;
	}

	for (const struct suite *suite = suites_known(); suite->name; suite++) {
		if (strcmp(suite->name, wanted) == 0) {
			*ret = suite->terms;
			return 0;
		}
		if (count + 1 < ARRAY_LEN(names))
			names[count++] = suite->name;
	}
	const char *near = nearest_word(wanted, names);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no suite '%.60s'; did you mean '%s'?",
			       wanted, near);
	return err_set(e, BLAME_USER, EINVAL, "no suite '%.60s'; `assay list --suites` shows them",
		       wanted);
}

static int check_selection(const struct catalog *catalog, const struct selection *selection,
			   struct err *e)
{
	int r = check_patterns(catalog, selection, e);

	if (r == 0)
		r = check_areas(catalog, selection, e);
	if (r == 0)
		r = check_kinds(selection, e);
	if (r == 0)
		r = check_words(catalog, selection, e);
	return r;
}

int catalog_select(const struct catalog *catalog, const struct selection *selection,
		   struct case_list *ret, struct err *e)
{
	CLEAN_CASES struct case_list of_suite = VEC_INIT(CATALOG_CASES_MAX);
	const char *terms;

	int r = check_selection(catalog, selection, e);
	if (r == 0)
		r = find_terms(selection, &terms, e);
	if (r == 0)
		r = suite_pick(catalog, terms, &of_suite, e);
	if (r < 0)
		return r;
	size_t before = ret->count;
	vec_each (&of_suite, it)
		if (passes(selection, *it) && !vec_add(ret, *it))
			return err_set(e, BLAME_USER, E2BIG, "more than %zu cases", ret->maximum);
	if (ret->count == before)
		return err_set(
			e, BLAME_USER, EINVAL,
			"no case is left by this choice of suite, cases, areas, kinds, priority, needs, sources and proof");
	return 0;
}
