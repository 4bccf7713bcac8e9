/* SPDX-License-Identifier: Apache-2.0 */
/* assay kernel: a kernel is what is tried, alone or in images. */
#include "host/cli/execute_options.h"

typedef struct execute_arguments arguments;

struct kernel_arguments {
	struct execute_arguments execute;
	bool proves;
};

static const struct option_line options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTIONS_SELECTION(arguments),
	OPTION_CASES(arguments),
	OPTION_COLD,
	OPTION_ENTRY,
	OPTION_FIRMWARE,
	OPTION_LIST(
		"image", 'i', arguments, images, "IMAGE",
		"try it in that image, in place of the image's own kernel (repeatable; else in a "
		"machine with nothing else in it)"),
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTIONS_SELECTION_KIND(arguments),
	OPTION_TEXT("modules", 'm', arguments, modules, "PATH",
		    "its modules: a folder (of `make modules_install`, or lib/modules/RELEASE), a "
		    "tarball or a package"),
	OPTION_OUT,
	OPTIONS_POLICY(arguments),
	OPTIONS_SELECTION_REST(arguments),
	OPTION_FLAG("prove", 0, struct kernel_arguments, proves,
		    "show of each case that it fails under its planted defect, as `assay prove`"),
	OPTION_QUIET,
	OPTION_SIZE,
	OPTION_SIZE_FILE(arguments),
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_kernel = {
	.name = "kernel",
	.operands = "KERNEL",
	.title = "boot a kernel, alone or in images, run the cases, judge",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"KERNEL is a bzImage (vmlinuz), with --modules where it needs some, or a package with one: .deb, .rpm\n"
		"or a tarball with boot/ and lib/modules/. Alone it is booted with the agent as its first process and\n"
		"nothing else; of cases those of the suite kernel are run. In an image it takes the place of the\n"
		"image's own for that machine; the image is never written to.\n\n"
		"Exit status: 0 ship, 1 block, 2 undecided, 64 usage, 70 this machine.",
};

/* What is asked for by a selection of any sort is that, and no suite of ours. */
static bool has_selection(const struct execute_arguments *parsed)
{
	const struct selection_arguments *selection = &parsed->selection;

	return selection->suite || selection->cases.count || selection->areas.count ||
	       selection->kinds.count || selection->needs.count || selection->sources.count ||
	       parsed->policy.profiles.count || parsed->policy.files.count;
}

static int run(int argc, char **argv, struct err *e)
{
	struct kernel_arguments parsed = {.proves = false};
	int r = verb_parse(&verb_kernel, &argc, argv, 1, 1, &parsed, e);

	if (r == 0) {
		parsed.execute.kernel = argv[1];
		if (!has_selection(&parsed.execute))
			parsed.execute.selection.suite = "kernel";
		r = execute(parsed.proves ? EXECUTE_PROVE : EXECUTE_RUN, NULL, &parsed.execute, e);
	} else if (r > 0) {
		r = 0; /* --help */
	}
	execute_arguments_done(&parsed.execute);
	return r;
}
