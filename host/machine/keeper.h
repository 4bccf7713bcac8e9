/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who keeps templates of machines that cases order: the run, which knows where templates lie. A machine of another make is booted
 * once, and each case that orders the same gets a fork of it.
 *
 *	r = machine_fork_kept(&spec, &patience, &machine, &report, e);
 */
#ifndef ASSAY_HOST_MACHINE_KEEPER_H
#define ASSAY_HOST_MACHINE_KEEPER_H

#include "host/machine/machine.h"

struct machine_keeper {
	/* Gives the folder of a whole template of such a machine, which stays until the keeper's end (to be freed). It is
	 * booted, settled and frozen if need be: blame guest when it does not come up, then the report says how.
	 * One that has NICs for cables is not booted, but made of a copy of one without them. -ENOTSUP: none can be kept. */
	int (*template_of)(void *arg, const struct machine_spec *spec, const struct patience *p,
			   char **ret_folder, struct boot_report *report, struct err *e);
	void *arg;
};

/* A fork of the kept template of such a machine; without a keeper, or where none can be kept, a machine that is booted and
 * settled. Errors as machine_boot. */
int machine_fork_kept(const struct machine_spec *spec, const struct patience *p,
		      struct machine **ret, struct boot_report *report, struct err *e)
	NONNULL(1, 2, 3, 4, 5);

/* Sees to it that a template of such a machine is kept: then there is one until the keeper's end. -ENOTSUP: none can be. */
int machine_keep(const struct machine_spec *spec, const struct patience *p,
		 struct boot_report *report, struct err *e) NONNULL(1, 2, 3, 4);

#endif
