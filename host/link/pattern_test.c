/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped patterns hold to their own lines; broken files are refused with a sentence. */
#include "host/link/pattern.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

static int load_text(const char *content, struct patterns **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/patterns.yaml", test_folder());
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		return -errno;
	return patterns_load(path, ret, e);
}

TEST(pattern, shipped_ones_match_their_own_lines)
{
	struct err e = {0};
	const struct patterns *patterns = patterns_shipped(&e);

	EXPECT_TEXT(e.text, "");
	EXPECT(patterns && patterns_get(patterns, 20));
	if (patterns)
		EXPECT(patterns_prove(patterns, &e) == 0);
	EXPECT_TEXT(e.text, "");
}

TEST(pattern, shipped_names_are_unique)
{
	struct err e = {0};
	const struct patterns *patterns = patterns_shipped(&e);

	EXPECT(patterns != NULL);
	for (size_t i = 0; patterns && patterns_get(patterns, i); i++)
		for (size_t k = 0; k < i; k++)
			EXPECT(strcmp(patterns_get(patterns, i)->name,
				      patterns_get(patterns, k)->name) != 0);
}

TEST(pattern, names_that_no_pattern_has_are_found)
{
	struct err e = {0};
	const struct patterns *patterns = patterns_shipped(&e);
	char lacking[PATTERN_NAME_SIZE] = "";

	EXPECT(patterns != NULL);
	if (!patterns)
		return;
	EXPECT(!patterns_lack(patterns, NULL, lacking));
	EXPECT(!patterns_lack(patterns, "kernel-panic,oops", lacking));
	EXPECT(patterns_lack(patterns, "oops,kernel-panik", lacking));
	EXPECT_TEXT(lacking, "kernel-panik");
}

TEST(pattern, proof_fails_when_a_line_is_not_matched)
{
	CLEANUP(patterns) struct patterns *patterns = NULL;
	struct err e = {0};

	EXPECT(load_text(
		       "patterns:\n- {name: a, regex: 'x+', severity: fault, meaning: m, must: [y], must_not: [z]}\n",
		       &patterns, &e) == 0);
	EXPECT(patterns && patterns_prove(patterns, &e) == -EINVAL);
	EXPECT_TEXT(e.text, "pattern a does not match its line: y");
}

TEST(pattern, proof_fails_when_a_forbidden_line_is_matched)
{
	CLEANUP(patterns) struct patterns *patterns = NULL;
	struct err e = {0};

	EXPECT(load_text(
		       "patterns:\n- {name: a, regex: 'x+', severity: fault, meaning: m, must: [x], must_not: [xx]}\n",
		       &patterns, &e) == 0);
	EXPECT(patterns && patterns_prove(patterns, &e) == -EINVAL);
	EXPECT_TEXT(e.text, "pattern a matches a line that it must not: xx");
}

static const struct {
	const char *content, *sentence;
} wrong_files[] = {
	{"patterns: [", "this is not valid YAML: "},
	{"other: []", "there is no list `patterns`"},
	{"patterns:\n- x", "a pattern is a mapping"},
	{"patterns:\n- {name: a, regex: '(', severity: fault, meaning: m, must: [x], must_not: [y]}",
	 "pattern a: "},
	{"patterns:\n- {name: a, regex: x, severity: loud, meaning: m, must: [x], must_not: [y]}",
	 "unknown severity \"loud\""},
	{"patterns:\n- {name: a, regex: x, severity: fault, meaning: m, must_not: [y]}",
	 "proves nothing"},
	{"patterns:\n- {name: a, regex: x, severity: fault, emulated: often, meaning: m, must: [x], must_not: [y]}",
	 "`emulated` can only be \"doubtful\""},
	{"patterns:\n- {name: a, severity: fault, meaning: m, must: [x], must_not: [y]}",
	 "needs a name"},
};

TEST(pattern, wrong_files_are_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong_files); i++) {
		CLEANUP(patterns) struct patterns *patterns = NULL;
		struct err e = {0};
		EXPECT_NUMBER(load_text(wrong_files[i].content, &patterns, &e), -EINVAL);
		EXPECT_NUMBER(e.blame, BLAME_USER);
		if (!strstr(e.text, wrong_files[i].sentence))
			EXPECT_TEXT(e.text, wrong_files[i].sentence);
	}
}
