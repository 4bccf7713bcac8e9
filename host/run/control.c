/* SPDX-License-Identifier: Apache-2.0 */
/* Booting the control. */
#include "host/run/control.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define CONTROL_SPAN_NS (1800 * NS_PER_S) /* its boot has a watchdog of its own */

/* CPUs, memory and accelerator are what the host has to give; the rest may be the subject's trouble. */
static struct size bare_size(const struct size *like)
{
	struct size size = *like;

	size.data_disks = size.nics = 0;
	size.tpm = false;
	return size;
}

static int boot(const struct machine_spec *spec, const struct patience *p, struct err *e)
{
	CLEANUP(machine) struct machine *machine = NULL;
	struct boot_report report = {0};
	int r = machine_boot(spec, p, &machine, &report, e);

	boot_report_done(&report);
	return r;
}

int control_boot(struct worker *worker, struct cell_run *cell, const struct machine_spec *like,
		 struct err *e)
{
	struct engine *engine = worker->engine;
	const struct engine_cell *control = engine->setup->control;
	struct patience p = cell_patience(engine, cell, CONTROL_SPAN_NS);
	struct size size = bare_size(like->size);
	struct machine_spec spec = *like;
	CLEAN_FREE char *folder = NULL;
	uint64_t start_ns = clock_now_ns();
	char name[64];

	tell_step(worker, "booting the control machine, to know whether the host is at fault");
	int r = engine_make_folder(engine, "control", name, &folder, e);
	if (r < 0)
		return r;
	spec.image = control->image;
	spec.own_kernel = NULL;
	spec.firmware = control->firmware;
	spec.entry = control->entry;
	spec.size = &size;
	spec.folder = folder;
	spec.netpeer = false;
	spec.keeper = NULL;
	r = boot(&spec, &p, e);
	(void)rmdir(folder); /* its console log stays */
	if (r < 0 && e->code != ECANCELED)
		e->blame = BLAME_HOST;
	tell_phase(engine, cell->cell->index, "control boot", clock_now_ns() - start_ns, 1,
		   r < 0 ? e->text : "");
	return r;
}
