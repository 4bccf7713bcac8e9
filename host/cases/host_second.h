/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second private copy of the template that the trial's machine was forked from, to compare the two:
 *
 *	struct machine *second = host_second(t);
 *	HOST_CHECK_TEXT(t, host_ask_of(t, second, "read", "/etc/hostname"), host_guest_read(t, "/etc/hostname"));
 */
#ifndef ASSAY_HOST_CASES_HOST_SECOND_H
#define ASSAY_HOST_CASES_HOST_SECOND_H

#include "host/cases/host_case.h"

/* It is made when it is first asked for, and goes with the trial. Without a template the case is skipped. */
struct machine *host_second(struct host_trial *t) NONNULL(1) __attribute__((returns_nonnull));

/* A call to the agent of that machine, the trial's own or the second: its answer, or "error N" for the guest's errno. */
const char *host_ask_of(struct host_trial *t, struct machine *machine, const char *verb,
			const char *argument) NONNULL(1, 2, 3) __attribute__((returns_nonnull));

/* Runs a guest case there, and gives its outcome. */
enum outcome host_run_case(struct host_trial *t, struct machine *machine, const char *area,
			   const char *name) NONNULL(1, 2, 3, 4);

/* Runs any case there: its outcome, and its message. What the host did to it ends this case too, without an outcome. */
enum outcome host_run_info(struct host_trial *t, struct machine *machine,
			   const struct case_info *info, const char *parameters,
			   const char **ret_message) NONNULL(1, 2, 3, 4, 5);

/* For the framework. */
void host_second_done(struct host_trial *t) NONNULL(1);

#endif
