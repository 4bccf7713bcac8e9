/* SPDX-License-Identifier: Apache-2.0 */
/* The outcome of one case in one cell, with what a reader needs to believe it. */
#ifndef ASSAY_WIRE_RESULT_H
#define ASSAY_WIRE_RESULT_H

#include <stdint.h>

#include "base/text.h"
#include "base/vec.h"
#include "wire/case_info.h"
#include "wire/measure.h"
#include "wire/outcome.h"

#define RESULT_EVIDENCE_MAX  (256U << 10)
#define RESULT_SUBS_MAX	     10000
#define RESULT_SUB_BYTES_MAX (256U << 10) /* of names and messages */

/* One check that did not hold (or, first in a broken case, what could not be done). */
struct check_record {
	char expression[256]; /* as written in the case */
	char got[256], want[256];
	char file[96]; /* source file, relative */
	unsigned line;
	char row[64]; /* name of the table row, "" when the case has no table */
};

/* What a program that is a case told of one of its own tests. */
struct sub_result {
	char *name, *message; /* owned; message "" none */
	enum outcome outcome;
	bool expected;	      /* it failed as its author expects, which is a pass */
	unsigned line;	      /* of the output, 0 not known */
	uint64_t duration_ns; /* as it told itself; 0: it did not */
};
DEFINE_VEC(sub_results, struct sub_result);

struct result {
	char id[CASE_ID_SIZE];
	enum outcome outcome;
	bool sabotaged; /* it ran with its planted defect */
	/* one sentence: the first failing check, the reason of a skip, what broke */
	char message[512];
	char need[96];		   /* for skip: the need that is not met */
	struct check_record check; /* the first failing check; expression "" when there is none */
	unsigned checks_passed, checks_failed;
	uint64_t duration_ns; /* of the case itself, by the clock of the side that ran it */
	uint64_t wall_ns;     /* when it ended, host's wall clock */
	unsigned attempt;     /* 1 for the first try */
	bool is_fault; /* decided by a fault that the kernel told of, whatever was found or awaited */
	/* further failed checks, notes, output and kernel log lines of the case's time */
	struct text evidence;
	struct sub_results subs;
	size_t sub_bytes;
	unsigned subs_cut; /* for which there was no room */
	struct measures measures;
};

void result_init(struct result *result, const char *id) NONNULL(1, 2);
void result_done(struct result *result) NONNULL(1);
DEFINE_CLEAN_DONE(result);

/* Adds a copy; without room for it, it is counted. */
void result_add_sub(struct result *result, const struct sub_result *sub) NONNULL(1, 2);
/* Copies those of another; `to` has none that is its own. */
void result_copy_subs(struct result *to, const struct result *from) NONNULL(1, 2);

/* Sets outcome and message; for outcomes decided by the host. */
void result_set(struct result *result, enum outcome outcome, const char *format, ...) PRINTF(3, 4)
	NONNULL(1, 3);

#endif
