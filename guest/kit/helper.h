/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes of a case: to try what may kill or change the process, and helpers that work
 *beside it.
 *
 *	int status = helper_run(t, run_code_on_data_page, NULL);
 *	CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
 *
 * The function runs in the child and its return value (0 to 125) becomes the exit code. It must not
 *use CHECK, REQUIRE or anything else of `t`: the child's copy of it is nobody's.
 */
#ifndef ASSAY_KIT_HELPER_H
#define ASSAY_KIT_HELPER_H

#include <signal.h>
#include <sys/wait.h>

#include "guest/kit/case.h"

typedef int helper_fn(void *arg);

/* Runs fn in a child and waits for its end. Gives the wait status; ends the case as broken when
 * there is no child. */
int helper_run(struct trial *t, helper_fn *fn, void *arg);

/* Starts fn in a child that lives until helper_stop or the end of the trial, when it is killed and
 * reaped. */
pid_t helper_start(struct trial *t, helper_fn *fn, void *arg);
void helper_stop(pid_t pid);

/* Sends a signal now and another when the trial ends: SIGSTOP and SIGCONT for a sabotage that
 * freezes a daemon. */
void helper_signal(struct trial *t, pid_t pid, int now, int at_end);

/* The pid of the first process with that name in its comm file and that parent (0: any); -1 when
 * there is none. */
pid_t process_find(struct trial *t, const char *comm, pid_t parent);

/* Sleeps `span_ms` or until `deadline_ns` (monotonic); false when that has passed. For what offers
 * no event. */
bool pause_until(uint64_t deadline_ns, unsigned span_ms);

#endif
