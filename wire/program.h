/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program as a case: what it reports, and what that means. The same on both sides; no I/O here.
 *
 * Its exit status is 0 pass, 1 fail, 77 skip, 99 broken; any other decides nothing, and that is broken too. One that reports
 * by TAP has its points for checks, and the status must agree with them.
 *
 *	struct program_end end = {.program = "check", .status = status, .output = text.buf, .length = text.length};
 *	program_judge(&end, on_check, arg, result);
 */
#ifndef ASSAY_WIRE_PROGRAM_H
#define ASSAY_WIRE_PROGRAM_H

#include <stdbool.h>

#include "wire/result.h"

#define PROGRAM_OUTPUT_MAX (1U << 20) /* of stdout, to be judged; more is broken */

enum program_status {
	PROGRAM_PASS = 0,
	PROGRAM_FAIL = 1,
	PROGRAM_SKIP = 77,
	PROGRAM_BROKEN = 99,
};

struct program_end {
	const char *program; /* its name, for reports */
	int status;	     /* as of waitpid(2) */
	const char *output;  /* what it printed to stdout, without what was too much */
	size_t length;
	bool is_cut; /* there was too much */
	bool speaks_tap;
};

/* Told of each check that did not hold. */
typedef void program_check_fn(void *arg, const struct check_record *check);

/* Sets outcome, message, need, counts, (of the first failed check) the record, what each test of its own came to, and what
 * it has measured (see wire/measure.h for the line that says so). */
void program_judge(const struct program_end *end, program_check_fn *on_check, void *arg,
		   struct result *result) NONNULL(1, 4);

/* In the message of one that never ran, because the guest did not take it or did not let it run. */
#define PROGRAM_NOT_BROUGHT "cannot be brought into the guest"
#define PROGRAM_NOT_ALLOWED "programs cannot be executed in "
#define PROGRAM_NOT_STARTED "cannot be started"
bool program_is_refused(const char *message) NONNULL(1);

/* ---- what the agent is told of one, as lines of a run's parameters ---- */

#define PROGRAM_FOLDER	 "program.folder"  /* in the guest, with all its files */
#define PROGRAM_COMMAND	 "program.command" /* its name in there */
#define PROGRAM_NEEDS	 "program.needs"
#define PROGRAM_REPORTS	 "program.reports"  /* "tap" or "exit" */
#define PROGRAM_SABOTAGE "program.sabotage" /* the program that plants the defect */
#define PROGRAM_ARGUMENT "program.argument" /* the argument that makes it plant, "" none */

/* Copies the value of `key` in lines "key=value"; false (and "") when there is none. */
bool program_parameter(const char *parameters, const char *key, char *buf, size_t size)
	NONNULL(1, 2, 3);

/* Adds "ASSAY_PLAN_CPUS=2" for each line "cpus=2" that tells of the plan, each with a NUL at its end. */
struct text;
void program_environment(const char *parameters, struct text *out) NONNULL(1, 2);

#endif
