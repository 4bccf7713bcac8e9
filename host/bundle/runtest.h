/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LTP's scenario files (runtest/NAME): a line has a tag, which is unique in its file, and a command for the shell; empty lines
 * and those that begin with # say nothing. Read strictly, nothing is run.
 *
 *	CLEAN_DONE(runtest) struct runtest scenario = RUNTEST_INIT;
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (runtest_parse("runtest/math", bytes, length, &scenario, &problems) > 0)
 *		(problems.buf has a line for each, "runtest/math:3:1: …")
 */
#ifndef ASSAY_HOST_BUNDLE_RUNTEST_H
#define ASSAY_HOST_BUNDLE_RUNTEST_H

#include "base/text.h"
#include "base/vec.h"

#define RUNTEST_LINES_MAX 20000
#define RUNTEST_TAG_MAX	  63

struct runtest_line {
	const char *tag, *command; /* belong to the scenario */
	unsigned number;	   /* in its file, from 1 */
};
DEFINE_VEC(runtest_lines, struct runtest_line);

struct runtest {
	char *text;
	struct runtest_lines lines; /* as they stand */
};
#define RUNTEST_INIT                                                                               \
	{                                                                                          \
		.lines = VEC_INIT(RUNTEST_LINES_MAX)                                               \
	}

/* Gives how many lines cannot be used; each adds one to `problems`. `path` is for these. */
unsigned runtest_parse(const char *path, const char *bytes, size_t length, struct runtest *ret,
		       struct text *problems) NONNULL(1, 2, 4, 5);
void runtest_done(struct runtest *runtest) NONNULL(1);
DEFINE_CLEAN_DONE(runtest);

#endif
