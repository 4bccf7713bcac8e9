/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a tree's make: what it prints goes to the log, its complaints are collected, and how far it is is told now and then. */
#ifndef ASSAY_HOST_KERNEL_MAKE_H
#define ASSAY_HOST_KERNEL_MAKE_H

#include "host/kernel/build.h"

struct make {
	const struct build_order *order;
	const struct source *source;
	int log_fd;
	uint64_t logged; /* bytes */
	struct build *build;
	char lack[160];	   /* what the host lacks; "": nothing */
	unsigned compiled; /* files */
	char last[200];	   /* the last of them */
	uint64_t told_ns;
};

/* Runs it for these targets (NULL-terminated). *ret_status is as of waitpid(2). */
int make_run(struct make *make, const char *const *targets, const struct patience *p,
	     int *ret_status, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* A line of what it printed. */
void make_take_line(struct make *make, const char *line) NONNULL(1, 2);

/* Adds what the configuration of the order is made from. Errors blame the user: a file is not there, or is none. */
int make_config_identity(const struct build_order *order, struct text *out, struct err *e)
	NONNULL(1, 2, 3);
/* Makes it in the source's objects, by the tree's own targets; where one of these begins it, with what a machine here needs. */
int make_config(struct make *make, const struct patience *p, int *ret_status, struct err *e)
	NONNULL(1, 2, 3, 4);
/* True when some option of the configuration is a module. */
bool make_has_modules(const struct make *make) NONNULL(1);

#endif
