/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test of the kernel's selftests (kselftest) printed, and what its end means. No I/O here.
 *
 * The contract has two parts: the exit status (0 passed, 1 failed, 2 failed as expected, 3 passed unexpectedly, 4 skipped), and,
 * of tests that speak it, KTAP on stdout, with sub-tests where they have them. Old ones print free text, and only the status
 * counts. Where both are there they have to agree. What does not add up is broken and never a pass: a status without meaning, a
 * signal, results without a plan or fewer than it has, a test that prints nothing.
 *
 *	const struct kselftest_end end = {.name = "nanosleep", .status = status, .output = bytes, .length = length};
 *	kselftest_judge(&end, on_check, arg, result);
 */
#ifndef ASSAY_WIRE_KSELFTEST_H
#define ASSAY_WIRE_KSELFTEST_H

#include <stdbool.h>

#include "wire/program.h"

#define KSELFTEST_OUTPUT_MAX (8U << 20) /* to be judged; more is broken */

enum kselftest_status {
	KSELFTEST_PASS = 0,
	KSELFTEST_FAIL = 1,
	KSELFTEST_XFAIL = 2,
	KSELFTEST_XPASS = 3,
	KSELFTEST_SKIP = 4,
	KSELFTEST_TIMEOUT = 124, /* of timeout(1), by which its runner ends tests */
	KSELFTEST_CANNOT = 126,
	KSELFTEST_NOT_THERE = 127,
	KSELFTEST_SIGNAL = 128, /* and more: a shell's child was killed */
};

struct kselftest_end {
	const char *name;   /* the test's */
	int status;	    /* as of waitpid(2) */
	const char *output; /* stdout and stderr */
	size_t length;
	bool is_cut; /* there was more */
};

/* Sets outcome, message, need, counts, (of the first failure) the record, and what each of its own tests came to. */
void kselftest_judge(const struct kselftest_end *end, program_check_fn *on_check, void *arg,
		     struct result *result) NONNULL(1, 4);

#endif
