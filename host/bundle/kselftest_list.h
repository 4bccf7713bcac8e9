/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of an installed kselftest tree that say which tests there are (kselftest-list.txt: lines COLLECTION:TEST) and how
 * long those of a collection may take (COLLECTION/settings: lines KEY=VALUE). Read strictly, nothing is run.
 *
 *	CLEAN_DONE(kselftest_list) struct kselftest_list list = KSELFTEST_LIST_INIT;
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (kselftest_list_parse("kselftest-list.txt", bytes, length, &list, &problems) > 0)
 *		(problems.buf has a line for each, "kselftest-list.txt:3:1: …")
 */
#ifndef ASSAY_HOST_BUNDLE_KSELFTEST_LIST_H
#define ASSAY_HOST_BUNDLE_KSELFTEST_LIST_H

#include "base/text.h"
#include "base/vec.h"

#define KSELFTEST_LINES_MAX	 15000
#define KSELFTEST_NAME_MAX	 80
#define KSELFTEST_TIMEOUT_S	 45 /* its runner's, where the settings say nothing */
#define KSELFTEST_TIMEOUT_MAX_S	 20000
#define KSELFTEST_SETTINGS_LINES 1000

struct kselftest_line {
	const char *collection, *test; /* belong to the list */
	unsigned number;	       /* in its file, from 1 */
};
DEFINE_VEC(kselftest_lines, struct kselftest_line);

struct kselftest_list {
	char *text;
	struct kselftest_lines lines; /* as they stand, each once */
};
#define KSELFTEST_LIST_INIT                                                                        \
	{                                                                                          \
		.lines = VEC_INIT(KSELFTEST_LINES_MAX)                                             \
	}

/* Gives how many lines cannot be used; each adds one to `problems`. `path` is for these. */
unsigned kselftest_list_parse(const char *path, const char *bytes, size_t length,
			      struct kselftest_list *ret, struct text *problems)
	NONNULL(1, 2, 4, 5);
void kselftest_list_done(struct kselftest_list *list) NONNULL(1);
DEFINE_CLEAN_DONE(kselftest_list);

/* Sets the limit in seconds, 0 none, where the settings have one. Gives how many lines cannot be used, as above. */
unsigned kselftest_settings_parse(const char *path, const char *bytes, size_t length,
				  unsigned *ret_timeout_s, struct text *problems)
	NONNULL(1, 2, 4, 5);

#endif
