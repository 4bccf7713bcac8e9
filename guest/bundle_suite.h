/* SPDX-License-Identifier: Apache-2.0 */
/* What is a suite's own in running one of its tests inside the guest; only guest/bundle_*.c include this. */
#ifndef ASSAY_GUEST_BUNDLE_SUITE_H
#define ASSAY_GUEST_BUNDLE_SUITE_H

#include "wire/bundle.h"
#include "wire/ltp.h"
#include "wire/program.h"

#define BUNDLE_WORD_SIZE 256

/* The test that is ordered. */
struct bundle_order {
	enum bundle_suite suite;
	char root[BUNDLE_WORD_SIZE], name[BUNDLE_WORD_SIZE], where[BUNDLE_WORD_SIZE];
	char device[BUNDLE_WORD_SIZE], wanted[16];
	char command[BUNDLE_COMMAND_MAX + 1];
	struct bundle_limit limit;
	unsigned slowness;
	bool slow_kernel, is_planted;
};

/* What it prints, as far as its suite needs it for a judgement. */
struct bundle_output {
	const char *name;	    /* the test's */
	program_check_fn *on_check; /* may be NULL */
	void *arg;
	struct ltp_reader ltp;
	struct text text;
};

struct bundle_way {
	/* Sets the variables, goes to the folder in which the test runs, and may change its command; false: it cannot be run,
	 * and the result is broken. */
	bool (*enter)(struct bundle_order *order, struct result *result);
	void (*begin)(struct bundle_output *output);
	void (*feed)(struct bundle_output *output, const char *bytes, size_t length);
	/* `status` as of waitpid(2), of the shell that ran it. */
	void (*judge)(struct bundle_output *output, int status, struct result *result);
};

extern const struct bundle_way bundle_ltp, bundle_kselftest;

void bundle_set_variable(const char *name, const char *format, ...) PRINTF(2, 3);

#endif
