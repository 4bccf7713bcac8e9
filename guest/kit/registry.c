/* SPDX-License-Identifier: Apache-2.0 */
/* The registered cases and sabotages: pointers that the linker has gathered in two sections. */
#include "guest/kit/trial.h"

/* Weak: a program without any case (a unit test) has no such sections. */
extern const struct case_def *const __start_assay_cases[] __attribute__((weak));
extern const struct case_def *const __stop_assay_cases[] __attribute__((weak));
extern const struct sabotage_def *const __start_assay_sabotages[] __attribute__((weak));
extern const struct sabotage_def *const __stop_assay_sabotages[] __attribute__((weak));

static int compare_names(const char *area_a, const char *name_a, const char *area_b,
			 const char *name_b)
{
	int r = strcmp(area_a, area_b);

	return r ? r : strcmp(name_a, name_b);
}

static int compare_cases(const void *a, const void *b)
{
	const struct case_info *left = &(*(const struct case_def *const *)a)->info;
	const struct case_info *right = &(*(const struct case_def *const *)b)->info;

	return compare_names(left->area, left->name, right->area, right->name);
}

const struct case_def *const *cases_all(size_t *ret_count)
{
	/* The linker's order means nothing, and the section is read-only: a sorted copy, made once. */
	static const struct case_def **sorted;
	size_t count = (size_t)(__stop_assay_cases - __start_assay_cases);

	if (!sorted && count > 0) {
		sorted = xnew(count * sizeof(*sorted));
		memcpy(sorted, __start_assay_cases, count * sizeof(*sorted));
		qsort(sorted, count, sizeof(*sorted), compare_cases);
	}
	*ret_count = count;
	return sorted;
}

const struct case_def *cases_find(const char *id)
{
	size_t count;
	const struct case_def *const *all = cases_all(&count);
	char buf[CASE_ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(case_id(&all[i]->info, buf), id) == 0)
			return all[i];
	}
	return NULL;
}

const struct sabotage_def *case_sabotage_def(const struct case_def *def)
{
	for (const struct sabotage_def *const *at = __start_assay_sabotages;
	     at < __stop_assay_sabotages; at++) {
		if (compare_names((*at)->area, (*at)->name, def->info.area, def->info.name) == 0)
			return *at;
	}
	return NULL;
}

static bool has_case(const struct sabotage_def *sabotage)
{
	char id[CASE_ID_SIZE];

	(void)snprintf(id, sizeof id, "%s.%s", sabotage->area, sabotage->name);
	return cases_find(id) != NULL;
}

void cases_problems(struct text *out)
{
	size_t count;
	const struct case_def *const *all = cases_all(&count);
	char id[CASE_ID_SIZE];

	for (size_t i = 1; i < count; i++) {
		if (compare_cases(&all[i - 1], &all[i]) == 0)
			(void)text_addf(out, "%s is registered twice: %s and %s\n",
					case_id(&all[i]->info, id), all[i - 1]->file, all[i]->file);
	}
	for (const struct sabotage_def *const *at = __start_assay_sabotages;
	     at < __stop_assay_sabotages; at++) {
		if (!has_case(*at))
			(void)text_addf(out, "a sabotage is for %s.%s, which is no case\n",
					(*at)->area, (*at)->name);
	}
}
