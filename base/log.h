/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines for people who look into a problem. Only top-level code logs (cli, run); everything below reports through
 * struct err. Lines go to stderr, and to the run's log file when one is set.
 *
 *	LOG_CONTEXT("machine", "debian-12/0");         (until the end of the scope, this thread only)
 *	log_info("frozen in %s", span);
 *	log_debug("qmp", "-> %s", command);            (only with --debug=qmp)
 */
#ifndef ASSAY_BASE_LOG_H
#define ASSAY_BASE_LOG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/scope.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

void log_line(enum log_level level, const char *format, ...) PRINTF(2, 3);
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

/* A line of one module, printed only when that module's switch is on. */
void log_debug(const char *module, const char *format, ...) PRINTF(2, 3);

/* Switches modules on: "qmp,plan" or "all". Call before threads start. */
void log_set_debug(const char *modules);
/* The lowest level that reaches stderr (default info), and a file that gets every line (or NULL). */
void log_set_level(enum log_level level);
void log_set_file(FILE *file);

struct log_context {
	const char *key, *value;
	struct log_context *outer;
};
void log_push(struct log_context *context);
void log_pop(const struct log_context *context);
#define LOG_CONTEXT(k, v)	    LOG_CONTEXT_AT_(k, v, __LINE__)
#define LOG_CONTEXT_AT_(k, v, line) LOG_CONTEXT_NAMED_(k, v, line)
#define LOG_CONTEXT_NAMED_(k, v, line)                                                             \
	__attribute__((cleanup(log_pop))) struct log_context log_context_##line = {.key = (k),     \
										   .value = (v)};  \
	log_push(&log_context_##line)

#endif
