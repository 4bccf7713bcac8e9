/* SPDX-License-Identifier: Apache-2.0 */
/* assay retest: what stood in the way, once more, on the candidate's next version. */
#include "host/cli/execute_options.h"

typedef struct execute_arguments arguments;

static const struct option_line options[] = {
	OPTION_ACCEL,
	OPTION_AGENT(arguments),
	OPTION_FLAG("all", 0, arguments, retest.all,
		    "run all cases again, and carry nothing over: a full run on the new version"),
	OPTION_BACKING,
	OPTION_CASES(arguments),
	OPTION_ENTRY,
	OPTION_LIST("image", 'i', arguments, retest.images, "OLD=NEW",
		    "the file NEW in place of the run's image OLD: its name, path, or the first "
		    "digits of its SHA-256 (repeatable)"),
	OPTION_JOBS,
	OPTION_FLAG("json", 0, arguments, json, "print each result as a line of JSON as it comes"),
	OPTION_OUT,
	OPTION_QUIET,
	OPTION_SSH_KEY,
	OPTION_SSH_USER,
	OPTION_WAIVERS,
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_retest = {
	.name = "retest",
	.operands = "RUN [IMAGE...]",
	.title = "run again what blocked a run, on the next version of its image",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last`. IMAGE takes the place of the run's "
		"only\nimage, else of the one that has the same file name; without IMAGE the file that lies at the run's path "
		"is the next\nversion.\n\n"
		"All cases that neither passed nor were skipped run again, in the same sizes and firmwares and with the same "
		"policy.\nThe results of the others are carried over: they count when the image is still the same file, and "
		"leave the\nverdict undecided when it is another one, since nobody has run them on it. `assay retest` of such a "
		"retest, on the\nsame image, runs these too.\n\n"
		"Exit status: 0 ship, 1 block, 2 undecided, 64 usage, 70 this machine.",
};

static int retest(int argc, char **argv, struct execute_arguments *parsed, struct err *e)
{
	int r = verb_parse(&verb_retest, &argc, argv, 1, RETEST_IMAGES_MAX, parsed, e);

	if (r != 0)
		return r < 0 ? r : 0;
	parsed->retest.run = argv[1];
	parsed->retest.files = (struct text_list)VEC_INIT(RETEST_IMAGES_MAX);
	for (int i = 2; i < argc; i++)
		(void)vec_add(&parsed->retest.files, argv[i]);
	return execute(EXECUTE_RUN, NULL, parsed, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct execute_arguments parsed = {0};
	int r = retest(argc, argv, &parsed, e);

	execute_arguments_done(&parsed);
	return r;
}
