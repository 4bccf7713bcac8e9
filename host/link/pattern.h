/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lines on a serial console mean. The patterns are data (runbooks/patterns.yaml) with lines that each must and must
 * not match; a set is immutable and may be used by many threads.
 *
 *	r = patterns_load(path, &patterns, e);
 *	const struct pattern *hit = patterns_match(patterns, line);
 *	if (hit && hit->severity == PATTERN_FAULT) ...
 */
#ifndef ASSAY_HOST_LINK_PATTERN_H
#define ASSAY_HOST_LINK_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum pattern_severity {
	PATTERN_STAGE, /* says how far a boot is; no fault */
	PATTERN_FAULT, /* the case that runs has failed */
	PATTERN_DEATH, /* as FAULT, and the guest will not come back by itself */
};

/* How far a boot is when the line was seen. Ordered: a later one is further. */
enum pattern_stage {
	STAGE_NONE,
	STAGE_FIRMWARE,
	STAGE_NO_LOADER,
	STAGE_LOADER,	    /* the boot loader is at work */
	STAGE_LOADER_SHELL, /* it waits for a person */
	STAGE_KERNEL,
	STAGE_USERSPACE,
	STAGE_INITRAMFS_SHELL,
	STAGE_EMERGENCY,
	STAGE_LOGIN,
	STAGE_PANIC,
};

#define PATTERN_EXAMPLES_MAX 16
#define PATTERN_NAME_SIZE    48
struct pattern {
	char name[PATTERN_NAME_SIZE];
	char meaning[160]; /* a sentence's beginning, as in "the kernel panicked" */
	enum pattern_severity severity;
	enum pattern_stage stage;
	bool is_doubtful_emulated; /* an emulated guest shows it also when the host gives it too little time */
	char *regex;
	char *must[PATTERN_EXAMPLES_MAX + 1], *must_not[PATTERN_EXAMPLES_MAX + 1]; /* NULL ends */
};

struct patterns;

/* Reads a set from a YAML file. Blame user for what is wrong with it, with the line. */
int patterns_load(const char *path, struct patterns **ret, struct err *e) NONNULL(1, 2, 3);
void patterns_free(struct patterns *patterns);
DEFINE_CLEANUP(patterns);

/* The set that ships with the product, loaded once and kept; NULL with *e set when it cannot be read. */
const struct patterns *patterns_shipped(struct err *e) NONNULL(1);

/* The first pattern (in the file's order) that the line matches, NULL when none does. The line is at most as long as
 * CONSOLE_LINE_MAX, without its end. */
const struct pattern *patterns_match(const struct patterns *patterns, const char *line)
	NONNULL(1, 2);

const struct pattern *patterns_get(const struct patterns *patterns,
				   size_t at); /* NULL beyond the last */

/* Looks for a name, of a comma-separated list (NULL: an empty one), that no pattern has: true with it in `ret`. */
bool patterns_lack(const struct patterns *patterns, const char *names, char ret[PATTERN_NAME_SIZE])
	NONNULL(1, 3);

/* Checks every pattern against its own lines; the first that does not hold is the error. */
int patterns_prove(const struct patterns *patterns, struct err *e) NONNULL(1, 2);

#endif
