/* SPDX-License-Identifier: Apache-2.0 */
/* assay parse: what a program reported, read strictly. */
#include "host/report/parsed.h"

#include <fcntl.h>
#include <string.h>

#include "host/cli/verb.h"
#include "host/report/report.h"
#include "wire/junit.h"

#define INPUT_MAX (256U << 20)

enum format { FORMAT_TAP, FORMAT_KTAP, FORMAT_JUNIT };
static const char *const format_words[] = {"tap", "ktap", "junit", NULL};

struct arguments {
	int format;
	bool json;
};

static const struct option_line options[] = {
	OPTION_CHOICE(
		"format", 'f', struct arguments, format, "FORMAT", format_words,
		"tap (the default): TAP 13, TAP 14 or KTAP alone; ktap: on a console, with the "
		"kernel's log, or from kselftest; junit: JUnit XML"),
	OPTION_FLAG("json", 0, struct arguments, json, "print the whole tree as JSON"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_parse_file = {
	.name = "parse",
	.operands = "FILE",
	.title = "read what a program reported, and tell what does not add up",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"FILE is what the program printed; - is standard input. What is told is in assay-formats(5).\n\n"
		"Exit status: 0 it adds up and nothing failed, 1 it adds up and something failed, 2 it does not add up, or a\n"
		"test did not come to its end; 64 usage, 70 this machine.",
};

static int read_input(const char *name, struct text *into, struct err *e)
{
	bool is_stdin = strcmp(name, "-") == 0;
	CLEAN_FD int opened = is_stdin ? -1 : open(name, O_RDONLY | O_CLOEXEC);

	if (!is_stdin && opened < 0)
		return err_set(e, BLAME_USER, errno, "open %s: %m", name);
	int r = text_read_fd(into, is_stdin ? STDIN_FILENO : opened);
	if (r == -EMSGSIZE)
		return err_set(e, BLAME_USER, EMSGSIZE, "%s is larger than %u MiB", name,
			       INPUT_MAX >> 20);
	return r < 0 ? err_set(e, BLAME_USER, -r, "read %s: %m", name) : 0;
}

static struct tap_tree *read_as(enum format format, const struct text *input)
{
	if (format == FORMAT_JUNIT)
		return junit_read(input->buf, input->length);
	return tap_read(input->buf, input->length, format == FORMAT_KTAP ? TAP_KERNEL : 0);
}

static int exit_code(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_PASS:
	case OUTCOME_SKIP:
		return EXIT_SHIP;
	case OUTCOME_FAIL:
		return EXIT_BLOCK;
	case OUTCOME_BROKEN:
	case OUTCOME_INFRA:
		return EXIT_UNDECIDED;
	}
	return EXIT_UNDECIDED;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEAN_TEXT struct text input = TEXT_INIT(INPUT_MAX), out = TEXT_INIT(REPORT_MAX);

	int r = verb_parse(&verb_parse_file, &argc, argv, 1, 1, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = read_input(argv[1], &input, e);
	if (r < 0)
		return r;
	CLEANUP(tap_tree)
	struct tap_tree *tree = read_as((enum format)arguments.format, &input);
	const char *name = strcmp(argv[1], "-") == 0 ? "standard input" : argv[1];
	if (arguments.json)
		parsed_json(name, tree, &out);
	else
		parsed_text(name, tree, has_colours(STDOUT_FILENO), &out);
	r = print_out(&out, e);
	return r < 0 ? r : exit_code(parsed_outcome(tree));
}
