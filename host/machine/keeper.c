/* SPDX-License-Identifier: Apache-2.0 */
/* Forks of machines that are kept for whoever orders the same. */
#include "host/machine/keeper.h"

#define PENDING_MAX 4096

static int boot_and_settle(const struct machine_spec *spec, const struct patience *p,
			   struct machine **ret, struct boot_report *report, struct err *e)
{
	CLEAN_TEXT struct text pending = TEXT_INIT(PENDING_MAX);
	CLEANUP(machine) struct machine *machine = NULL;
	int r = machine_boot(spec, p, &machine, report, e);

	if (r == 0)
		r = machine_settle(machine, p, &pending, e);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(machine);
	return 0;
}

static int find_kept(const struct machine_spec *spec, const struct patience *p, char **ret_folder,
		     struct boot_report *report, struct err *e)
{
	const struct machine_keeper *keeper = spec->keeper;

	return keeper ? keeper->template_of(keeper->arg, spec, p, ret_folder, report, e) : -ENOTSUP;
}

int machine_keep(const struct machine_spec *spec, const struct patience *p,
		 struct boot_report *report, struct err *e)
{
	CLEAN_FREE char *folder = NULL;

	return find_kept(spec, p, &folder, report, e);
}

int machine_fork_kept(const struct machine_spec *spec, const struct patience *p,
		      struct machine **ret, struct boot_report *report, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	int r = find_kept(spec, p, &folder, report, e);

	if (r == 0)
		return template_fork(folder, spec, p, ret, e);
	if (r != -ENOTSUP)
		return r;
	err_clear(e);
	boot_report_done(report);
	return boot_and_settle(spec, p, ret, report, e);
}
