/* SPDX-License-Identifier: Apache-2.0 */
/* LTP's tree: which tests there are, and those that are planted beside them. */
#include <stdio.h>
#include <string.h>

#include "base/yaml.h"
#include "host/bundle/ltp_metadata.h"
#include "host/bundle/runtest.h"
#include "host/bundle/tests.h"

#define SCENARIOS "runtest/"
#define METADATA  "metadata/ltp.json"
#define PROGRAMS  "testcases/bin/"

/* ---- what a planted test prints, as LTP's own would ---- */

#define COUNTS(p, f, b, s, w)                                                                      \
	"printf '\\nSummary:\\npassed   " #p "\\nfailed   " #f "\\nbroken   " #b "\\nskipped  " #s \
	"\\nwarnings " #w "\\n' >&2; "
#define SAYS(type, words) "echo 'canary.c:1: " type ": " words "' >&2; "

#define GOOD SAYS("TPASS", "planted: it holds") COUNTS(1, 0, 0, 0, 0) "exit 0"
#define BAD  SAYS("TFAIL", "planted: it does not hold") COUNTS(0, 1, 0, 0, 0) "exit 1"

static const struct bundle_canary canaries[] = {
	{"passes", "A planted LTP test that passes is a pass", GOOD, OUTCOME_PASS},
	{"fails", "A planted LTP test that fails is a failure", BAD, OUTCOME_FAIL},
	{"breaks", "A planted LTP test that breaks is broken",
	 SAYS("TBROK", "planted: it cannot tell") COUNTS(0, 0, 1, 0, 0) "exit 2", OUTCOME_BROKEN},
	{"skips", "A planted LTP test that is not for this system is skipped",
	 SAYS("TCONF", "planted: not for this system") COUNTS(0, 0, 0, 1, 0) "exit 32",
	 OUTCOME_SKIP},
	{"says_nothing", "A planted LTP test that says nothing is no pass", "exit 0",
	 OUTCOME_BROKEN},
	{"contradicts_itself", "A planted LTP test whose summary and exit status differ is no pass",
	 SAYS("TFAIL", "planted: it does not hold") COUNTS(1, 1, 0, 0, 0) "exit 0", OUTCOME_BROKEN},
	{"crashes", "A planted LTP test that crashes after it passed is no pass",
	 SAYS("TPASS", "planted: it holds") COUNTS(1, 0, 0, 0, 0) "kill -SEGV $$", OUTCOME_BROKEN},
	{"is_not_there", "A planted LTP test whose program is missing is no pass",
	 "assay-no-such-program", OUTCOME_BROKEN},
	{BUNDLE_CANARY_HANGS, "A planted LTP test that hangs is ended by its limit",
	 SAYS("TPASS", "planted: it holds") "exec sleep 10000", OUTCOME_BROKEN},
};

int ltp_add_canaries(struct bundle_tests *tests, struct err *e)
{
	return bundle_add_canaries(tests, canaries, ARRAY_LEN(canaries), GOOD, BAD, e);
}

/* ---- the tree ---- */

/* "opt/ltp/runtest/math": 8 for "opt/ltp/"; -1: it is no scenario. */
static long scenario_root(const char *name)
{
	const char *file = bundle_last_part(name);
	size_t folder = (size_t)(file - name), length = strlen(SCENARIOS);

	if (folder < length || memcmp(file - length, SCENARIOS, length) != 0 || file[0] == '.' ||
	    has_prefix(file, "Makefile"))
		return -1;
	long root = (long)(folder - length);
	return root == 0 || name[root - 1] == '/' ? root : -1;
}

static bool is_program(const char *name)
{
	const char *at = strstr(name, PROGRAMS);

	return at && (at == name || at[-1] == '/');
}

bool ltp_wants(struct bundle_tests *tests, const char *name)
{
	tests->has_programs = tests->has_programs || is_program(name);
	return scenario_root(name) >= 0 || has_suffix(name, METADATA);
}

/* The tree's folder, with its slash at the end; the one that lies highest, for a tree may hold another one. */
static const char *find_root(struct bundle_tests *tests)
{
	long least = -1;
	const char *name = NULL;

	vec_each (&tests->files, file) {
		long root = scenario_root(file->name);
		if (root >= 0 && (least < 0 || root < least)) {
			least = root;
			name = file->name;
		}
	}
	return name ? bundle_keep(tests, xasprintf("%.*s", (int)least, name)) : NULL;
}

/* ---- its tests ---- */

static int add_line(struct bundle_tests *tests, const char *scenario,
		    const struct runtest_line *line, const struct ltp_metadata *metadata,
		    struct err *e)
{
	CLEAN_TEXT struct text fixes = TEXT_INIT(1024);
	CLEAN_FREE char *title = xasprintf("LTP's %s of %s passes", line->tag, scenario);
	struct bundle_test_words words = {
		.group = scenario,
		.name = line->tag,
		.command = line->command,
		.planted = BAD,
		.title = title,
	};
	struct bundle_case *ignored;

	ltp_metadata_limit(metadata, line->tag, line->command, &words.limit);
	ltp_metadata_fixes(metadata, line->tag, line->command, &fixes);
	words.fixes = fixes.length > 0 ? fixes.buf : NULL;
	return bundle_add(tests, &words, &ignored, e);
}

static int add_scenario(struct bundle_tests *tests, const struct bundle_file *file,
			const struct ltp_metadata *metadata, struct text *problems, struct err *e)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	const char *scenario = bundle_last_part(file->name);
	int r = 0;

	if (runtest_parse(file->name, file->bytes, file->length, &runtest, problems) > 0)
		return 0; /* all that is wrong is told at once */
	vec_each (&runtest.lines, line)
		if (r == 0)
			r = add_line(tests, scenario, line, metadata, e);
	return r;
}

static int add_scenarios(struct bundle_tests *tests, const char *root,
			 const struct ltp_metadata *metadata, struct text *problems, struct err *e)
{
	int r = 0;

	vec_each (&tests->files, file)
		if (r == 0 && scenario_root(file->name) == (long)strlen(root) &&
		    has_prefix(file->name, root))
			r = add_scenario(tests, file, metadata, problems, e);
	if (r == 0 && problems->length > 0)
		return err_set(e, BLAME_USER, EINVAL, "LTP's scenario files cannot be used");
	if (r == 0 && tests->all.count == 0)
		return err_set(e, BLAME_USER, ENODATA,
			       "its scenario files (%s" SCENARIOS "*) hold no test", root);
	return r;
}

int ltp_add_tests(struct bundle_tests *tests, struct text *problems, struct err *e)
{
	const char *root = find_root(tests);

	if (!root)
		return err_set(e, BLAME_USER, ENOENT,
			       "it is no tree of LTP: there is no folder runtest with scenario "
			       "files in it; LTP's `make install` makes such a tree");
	if (!tests->has_programs)
		return err_set(e, BLAME_USER, ENOENT,
			       "there is no program in its " PROGRAMS ": it was not built; LTP's "
			       "`make install` makes a tree that can be run");
	bundle_set_root(tests, root);
	const struct bundle_file *file = bundle_find_file(tests, root, METADATA);
	struct ltp_metadata *metadata = NULL;
	int r = file ? ltp_metadata_parse(file->name, file->bytes, file->length, &metadata, e) : 0;
	if (r == 0)
		r = add_scenarios(tests, root, metadata, problems, e);
	ltp_metadata_free(metadata);
	return r;
}
