/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picking cases: by pattern, suite, area, kind and priority. What matches nothing is an error, never an empty run.
 *
 *	struct selection selection = {.suite = "smoke", .patterns = patterns, .pattern_count = 1};
 *	CLEAN_CASES struct case_list picked = VEC_INIT(CATALOG_CASES_MAX);
 *	r = catalog_select(catalog, &selection, &picked, e);
 *
 * A pattern is a case's id, an area, or a glob over ids ("time.*"). With a '!' in front it takes cases away.
 */
#ifndef ASSAY_HOST_CATALOG_SELECT_H
#define ASSAY_HOST_CATALOG_SELECT_H

#include "base/text.h"
#include "host/catalog/catalog.h"

struct selection {
	const char *
		suite; /* NULL: `terms`, else all cases when there are patterns, else SUITE_DEFAULT */
	const char *terms; /* a policy's, in place of a suite; NULL: none */
	const char *const *patterns, *const *areas, *const *kinds;
	size_t pattern_count, area_count, kind_count;
	const char *priority; /* "P1": only P0 and P1; NULL: all */
	/* Words or globs; a case is left when one of its own words is among them. "dev" stands for all "dev:…", "none"
	 * for cases without any. */
	const char *const *needs, *const *sources;
	size_t need_count, source_count;
	const char *
		proof; /* "planted": only cases with a planted defect; "none": only those without; NULL: all */
};

#define SUITE_DEFAULT "functional"

/* A named selection. Its terms, all separated by blanks:  "kind=audit" "area=boot" "id=time.*" add cases,
 * "-kind=perf" and so on take them away, "priority<=P1" narrows what is there. They work from left to right. */
struct suite {
	const char *name, *title, *terms;
};

/* The shipped suites, sorted by name; name NULL ends. */
const struct suite *suites_known(void);

/* NULL: there is no suite of that name. The nearest name to it; NULL: none is near. */
const struct suite *suite_find(const char *name) NONNULL(1);
const char *suite_nearest(const char *name) NONNULL(1);

/* Adds what files say of cases as terms, with a blank behind: "suite=NAME" is spelt out, an area and a pattern stand for terms that
 * have a key. With `takes_away` these cases are not meant. */
void suite_add_term(const char *word, bool takes_away, struct text *out) NONNULL(1, 3);

/* Adds the cases of `terms` (of a suite, or foreign ones) to `ret`, in the order of the catalogue. */
int suite_pick(const struct catalog *catalog, const char *terms, struct case_list *ret,
	       struct err *e) NONNULL(1, 2, 3, 4);

/* -EINVAL (blame user): one such term is none, or no case matches it; names the nearest known word. */
int suite_check(const struct catalog *catalog, const char *term, struct err *e) NONNULL(1, 2, 3);

/* Adds what is selected to `ret`, in the order of the catalogue. -EINVAL (blame user) names what is unknown and the
 * nearest known word. */
int catalog_select(const struct catalog *catalog, const struct selection *selection,
		   struct case_list *ret, struct err *e) NONNULL(1, 2, 3, 4);

void case_list_done(struct case_list *list) NONNULL(1);
#define CLEAN_CASES __attribute__((cleanup(case_list_done)))

#endif
