/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the author of a host case uses: a case that drives the machine from outside. It has a machine of its own, fresh
 * from the template (or freshly booted for ISOLATION_COLD), and the same CHECK macros' look as guest cases.
 *
 *	HOST_CASE(power, poweroff_ends_the_vm,
 *		  .title = "A power-off asked inside the guest ends the virtual machine", .priority = P0,
 *		  .isolation = ISOLATION_FORK)
 *	{
 *		host_call(t, "poweroff", NULL);
 *		HOST_CHECK(t, host_wait_event(t, "SHUTDOWN", 60));
 *	}
 *	HOST_SABOTAGE(power, poweroff_ends_the_vm, "the power-off unit is masked")
 *	{
 *		host_guest_link(t, "/run/systemd/system/systemd-poweroff.service", "/dev/null");
 *	}
 */
#ifndef ASSAY_HOST_CASES_HOST_CASE_H
#define ASSAY_HOST_CASES_HOST_CASE_H

#include "host/machine/machine.h"

/* One execution of a host case. */
struct host_trial;

struct host_case_def {
	struct case_info info;
	void (*body)(struct host_trial *t);
	const char *file;
};

/* All registered host cases, sorted by id. */
const struct host_case_def *const *host_cases_all(size_t *ret_count) NONNULL(1);
const struct host_case_def *host_cases_find(const char *id) NONNULL(1);

/* Executes one on a machine (which it may end) and fills the result. Returns 0, or a negative errno (blame host, user or
 * bug) when no outcome could be had. */
int host_case_run(const struct host_case_def *def, struct machine *machine, unsigned flags, const char *parameters,
		  const struct patience *p, struct result *result, struct err *e) NONNULL(1, 2, 5, 6, 7);

#endif
