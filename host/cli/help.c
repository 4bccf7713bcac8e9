/* SPDX-License-Identifier: Apache-2.0 */
/* assay help and assay version. */
#include <stdio.h>
#include <string.h>

#include "host/cli/verb.h"

static int run_help(int argc, char **argv, struct err *e);
static int run_version(int argc, char **argv, struct err *e);

const struct verb verb_help = {.name = "help",
			       .operands = "[VERB]",
			       .title = "show the verbs, or the options of one",
			       .run = run_help};

const struct verb verb_version = {
	.name = "version", .operands = "", .title = "show the version", .run = run_version};

static int show_verb(const char *name, struct err *e)
{
	for (const struct verb *const *verb = verbs_all(); *verb; verb++) {
		if (strcmp((*verb)->name, name) == 0) {
			char help[] = "--help", *argv[] = {help, help, NULL};
			int argc = 2;
			int r = verb_parse(*verb, &argc, argv, 0, 0, NULL, e);
			return r < 0 ? r : 0;
		}
	}
	return err_set(e, BLAME_USER, EINVAL, "no verb '%.40s'; `assay help` shows them", name);
}

static int run_help(int argc, char **argv, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1 << 20);

	if (argc > 1 && strcmp(argv[1], "--mdoc") == 0) {
		manual_verbs(&out);
		return print_out(&out, e);
	}
	if (argc > 2)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay help: '%.80s' is one argument too many", argv[2]);
	if (argc > 1 && argv[1][0] != '-')
		return show_verb(argv[1], e);
	text_adds(
		&out,
		"assay - decides whether a Linux VM image is fit to ship, and proves what it says\n\n"
		"  assay VERB [OPTION...] [OPERAND...]\n\nVerbs:\n");
	for (const struct verb *const *verb = verbs_all(); *verb; verb++)
		text_addf(&out, "  %-8s %-14s %s\n", (*verb)->name, (*verb)->operands,
			  (*verb)->title);
	text_adds(
		&out,
		"\nExit status of run, audit and report: 0 ship, 1 block, 2 undecided. Of all verbs: 64 when what\n"
		"was asked for or handed over is wrong, 70 when this machine lacks or refuses something.\n\n"
		"`assay VERB --help` shows a verb's options. To begin: `assay doctor`, then `assay run IMAGE`.\n");
	return print_out(&out, e);
}

static int run_version(int argc, char **argv, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(256);

	(void)argv;
	if (argc > 1 && argv[1][0] != '-')
		return err_set(e, BLAME_USER, EINVAL, "assay version takes no operands");
	text_addf(&out, "assay %s\n", ASSAY_VERSION);
	return print_out(&out, e);
}
