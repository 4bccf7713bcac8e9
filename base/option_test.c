/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines from a table. */
#include "base/option.h"

#include <string.h>

#include "base/test.h"

static const char *const accel_names[] = {"auto", "kvm", "tcg", NULL};

struct arguments {
	bool json, quiet;
	long long jobs;
	const char *out;
	struct text_list cases;
	int accel;
};

static const struct option_line options[] = {
	OPTION_CHOICE("accel", 0, struct arguments, accel, "ACCEL", accel_names,
		      "auto, kvm or tcg"),
	OPTION_LIST("case", 0, struct arguments, cases, "PATTERN",
		    "only cases that match (repeatable)"),
	OPTION_NUMBER("jobs", 'j', struct arguments, jobs, "N", 1, 1024,
		      "run N machines at once, which is a long sentence that has to be wrapped "
		      "somewhere near the eightieth column"),
	OPTION_FLAG("json", 0, struct arguments, json, "print machine-readable lines"),
	OPTION_TEXT("out", 'o', struct arguments, out, "DIR", "keep the run in DIR"),
	OPTION_FLAG("quiet", 'q', struct arguments, quiet, "say less"),
};

/* Parses words separated by spaces; the words live until the next call. */
static int parse(const char *line, struct arguments *into, int *ret_argc, char **argv,
		 struct err *e)
{
	static char words[512];
	char *rest = words, *word;

	(void)snprintf(words, sizeof words, "assay %s", line);
	*ret_argc = 0;
	while ((word = strsep(&rest, " ")))
		if (*word)
			argv[(*ret_argc)++] = word;
	return options_parse(options, ARRAY_LEN(options), ret_argc, argv, into, e);
}

TEST(option, every_form_is_understood)
{
	struct arguments a = {.jobs = 1, .quiet = true};
	struct err e = {0};
	char *argv[32];
	int argc;

	int r = parse(
		"first --json --no-quiet -j4 -o dir --case=a.* --case b.* --accel tcg - -- --x", &a,
		&argc, argv, &e);
	EXPECT_NUMBER(r, 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(a.json);
	EXPECT(!a.quiet);
	EXPECT_NUMBER(a.jobs, 4);
	EXPECT_TEXT(a.out, "dir");
	EXPECT_NUMBER(a.cases.count, 2);
	EXPECT_TEXT(a.cases.items[1], "b.*");
	EXPECT_NUMBER(a.accel, 2);
	EXPECT_NUMBER(argc, 4);
	EXPECT_TEXT(argv[0], "assay");
	EXPECT_TEXT(argv[1], "first");
	EXPECT_TEXT(argv[2], "-");
	EXPECT_TEXT(argv[3], "--x");
	vec_done(&a.cases);
}

TEST(option, letters_can_be_joined)
{
	struct arguments a = {0};
	struct err e = {0};
	char *argv[32];
	int argc;

	EXPECT_NUMBER(parse("-qj 8 --out=", &a, &argc, argv, &e), 0);
	EXPECT(a.quiet);
	EXPECT_NUMBER(a.jobs, 8);
	EXPECT_TEXT(a.out, "");
	EXPECT_NUMBER(argc, 1);
}

static const struct mistake {
	const char *line, *text;
} mistakes[] = {
	{"--jsn", "no option --jsn; did you mean --json?"},
	{"--jobs", "--jobs needs a value: N"},
	{"--jobs=0", "--jobs: 0 is not between 1 and 1024"},
	{"--jobs=many", "--jobs: 'many' is not a number"},
	{"--json=yes", "--json takes no value"},
	{"--no-json=yes", "--no-json takes no value"},
	{"--no-jobs", "no option --no-jobs; see --help"},
	{"--accel=kmv", "--accel: no 'kmv'; did you mean 'kvm'?"},
	{"--accel=hypervisor", "--accel: no 'hypervisor'; choose one of: auto, kvm, tcg"},
	{"-x", "no option -x; see --help"},
	{"--something-else", "no option --something-else; see --help"},
};

TEST(option, mistakes_are_explained)
{
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		struct arguments a = {0};
		struct err e = {0};
		char *argv[32];
		int argc;
		EXPECT_NUMBER(parse(mistakes[i].line, &a, &argc, argv, &e), -EINVAL);
		EXPECT_TEXT(e.text, mistakes[i].text);
		EXPECT_NUMBER(e.blame, BLAME_USER);
	}
}

TEST(option, no_arguments_at_all)
{
	struct arguments a = {0};
	struct err e = {0};
	char *argv[] = {NULL};
	int argc = 0;

	EXPECT_NUMBER(options_parse(options, ARRAY_LEN(options), &argc, argv, &a, &e), 0);
	EXPECT_NUMBER(argc, 0);
}

TEST(option, help_fits_the_terminal)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	options_help(options, ARRAY_LEN(options), &out);
	EXPECT(strstr(out.buf, "  -j, --jobs N              run N machines at once"));
	EXPECT(strstr(out.buf, "      --json                print machine-readable lines\n"));
	for (const char *line = out.buf; *line; line += strcspn(line, "\n") + 1)
		EXPECT(strcspn(line, "\n") <= 80);
}

TEST(option, mdoc_lists_each)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	options_mdoc(options, 3, &out);
	EXPECT(has_prefix(out.buf,
			  ".Bl -tag -width Ds\n.It Fl \\-accel Ar ACCEL\nauto, kvm or tcg.\n"));
	EXPECT(strstr(out.buf, ".It Fl j , Fl \\-jobs Ar N\n"));
	EXPECT(has_suffix(out.buf, ".El\n"));
}

TEST(option, nearest_word_knows_its_limits)
{
	static const char *const words[] = {"run", "plan", "list-tests", NULL}, *const alike[] = {
											"suite",
											"quiet",
											"quoit",
											NULL};
	char longest[200];

	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	EXPECT_TEXT(nearest_word("rnu", words), "run");
	EXPECT_TEXT(nearest_word("quite", alike), "quiet");
	EXPECT_TEXT(nearest_word("plam", words), "plan");
	EXPECT_TEXT(nearest_word("list-test", words), "list-tests");
	EXPECT_TEXT(nearest_word("lst-etsts", words), "list-tests");
	EXPECT(!nearest_word("frobnicate", words));
	EXPECT(!nearest_word("", words));
	EXPECT(!nearest_word(longest, words));
}

TEST(option, a_value_that_may_be_missing)
{
	struct wish {
		const char *sure;
		bool json;
	};
	static const struct option_line lines[] = {
		OPTION_FLAG("json", 0, struct wish, json, "print JSON"),
		OPTION_MAYBE("sure", 0, struct wish, sure, "RATE", "until it is sure")};
	CLEAN_TEXT struct text out = TEXT_INIT(4096);
	struct wish wish = {0};
	struct err e = {0};
	char name[] = "assay", alone[] = "--sure", operand[] = "image", with[] = "--sure=99%";
	char *argv[] = {name, alone, operand, NULL};
	int argc = 3;

	EXPECT_NUMBER(options_parse(lines, ARRAY_LEN(lines), &argc, argv, &wish, &e), 0);
	EXPECT_TEXT(wish.sure, "");
	EXPECT_NUMBER(argc, 2); /* what follows is no value */
	argv[1] = with;
	argc = 2;
	EXPECT_NUMBER(options_parse(lines, ARRAY_LEN(lines), &argc, argv, &wish, &e), 0);
	EXPECT_TEXT(wish.sure, "99%");
	options_help(lines, ARRAY_LEN(lines), &out);
	EXPECT(strstr(out.buf, "--sure[=RATE]") != NULL);
	options_mdoc(lines, ARRAY_LEN(lines), &out);
	EXPECT(strstr(out.buf, ".It Fl \\-sure Ns Op Ns = Ns Ar RATE\n") != NULL);
}
