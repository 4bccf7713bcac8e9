/* SPDX-License-Identifier: Apache-2.0 */
/* The options of struct execute_arguments, for the verbs that have them. */
#ifndef ASSAY_HOST_CLI_EXECUTE_OPTIONS_H
#define ASSAY_HOST_CLI_EXECUTE_OPTIONS_H

#include "host/cli/execute.h"

#define OPTION_OUT                                                                                 \
	OPTION_TEXT("out", 'o', struct execute_arguments, out, "DIR",                              \
		    "keep the run in DIR (else below ~/.local/state)")
#define OPTION_QUIET                                                                               \
	OPTION_FLAG("quiet", 'q', struct execute_arguments, quiet, "show only the summary")
#define OPTION_RESUME                                                                              \
	OPTION_TEXT("resume", 0, struct execute_arguments, resume, "RUN",                          \
		    "go on with a run that was stopped: a folder, an id, or `last`")
#define OPTION_BACKING                                                                             \
	OPTION_FLAG("allow-outside-backing", 0, struct execute_arguments, allow_outside_backing,   \
		    "follow backing files outside of the image's folder")
#define OPTION_ACCEL                                                                               \
	OPTION_CHOICE("accel", 0, struct execute_arguments, accel, "ACCEL", accel_words,           \
		      "auto (what is proved to work), kvm or tcg")
#define OPTION_COLD                                                                                \
	OPTION_FLAG("cold", 0, struct execute_arguments, cold,                                     \
		    "use no templates: boot every machine anew")
#define OPTION_ENTRY                                                                               \
	OPTION_CHOICE("enter", 0, struct execute_arguments, entry, "WAY", entry_words,             \
		      "how the agent gets in: auto, cloud-init, systemd-unit, tmpfiles or ssh")
#define OPTION_FIRMWARE                                                                            \
	OPTION_CHOICE("firmware", 0, struct execute_arguments, firmware, "KIND", firmware_words,   \
		      "auto, bios or uefi")
#define OPTION_JOBS                                                                                \
	OPTION_NUMBER(                                                                             \
		"jobs", 'j', struct execute_arguments, jobs, "N", 1, 1024,                         \
		"run N machines at once (else as many as CPUs and memory allow); beside them run cases that mostly wait, and with --jobs 1 the second machine of a case")
#define OPTION_SIZE                                                                                \
	OPTION_TEXT("size", 0, struct execute_arguments, size, "SIZE",                             \
		    "the VM size: a name (`assay list --sizes`) or cpus=2,mem=2048,...")
#define OPTION_SSH_KEY                                                                             \
	OPTION_TEXT("ssh-key", 0, struct execute_arguments, ssh_key, "FILE",                       \
		    "the private key for --enter ssh")
#define OPTION_SSH_USER                                                                            \
	OPTION_TEXT("ssh-user", 0, struct execute_arguments, ssh_user, "NAME",                     \
		    "the user for --enter ssh")
#define OPTION_REPEAT                                                                              \
	OPTION_NUMBER(                                                                             \
		"repeat", 0, struct execute_arguments, repeat, "N", 1, PLAN_TRIES_MAX,             \
		"run each case that needs a machine N times, each on a fresh one; all must pass")
#define OPTION_UNTIL_SURE                                                                          \
	OPTION_MAYBE(                                                                              \
		"until-sure", 0, struct execute_arguments, until_sure, "RATE",                     \
		"repeat what did not pass, or does not always, on fresh copies of the machine until it is sure whether it passes as often as RATE (else 99%), or ten times as many fail")
#define OPTION_DOUBT                                                                               \
	OPTION_FLAG("doubt", 0, struct execute_arguments, doubt,                                   \
		    "with --until-sure: also make sure of what passes at the first time")
#define OPTION_UNTIL_SURE_BUDGET                                                                   \
	OPTION_TEXT(                                                                               \
		"until-sure-budget", 0, struct execute_arguments, sure_budget, "TIME|COUNT",       \
		"what all these repetitions may take: 5m, or 200 of them (else 10m); what is not sure then is undecided and never passes for it")
#define OPTION_CELL                                                                                \
	OPTION_TEXT("cell", 0, struct execute_arguments, cell, "N",                                \
		    "of a runbook's plan the cell with that number alone")
#define OPTION_DEFINE                                                                              \
	OPTION_LIST("define", 'D', struct execute_arguments, book.settings, "NAME=VALUE",          \
		    "a variable of the runbook; before all other values of it (repeatable)")
#define OPTION_CHANGED                                                                             \
	OPTION_LIST("changed", 0, struct execute_arguments, book.changed, "AXIS=NAME",             \
		    "with --since: that value of an axis is another than it was; of images it is " \
		    "seen (repeatable)")
#define OPTION_SINCE                                                                               \
	OPTION_TEXT("since", 0, struct execute_arguments, book.since, "FILE",                      \
		    "only what a plan made before does not cover any more: what `assay plan "      \
		    "--json` printed")
#define OPTION_WAIVERS                                                                             \
	OPTION_LIST("waivers", 'w', struct execute_arguments, judge.waivers, "FILE",               \
		    "let known failures through as FILE says, see assay-waivers(5) (repeatable)")
#define OPTION_VARIABLES                                                                           \
	OPTION_TEXT("variables", 0, struct execute_arguments, book.variables, "FILE",              \
		    "values for the runbook's variables, name: value")

/* Frees what parsing has made. */
void execute_arguments_done(struct execute_arguments *arguments) NONNULL(1);

#endif
