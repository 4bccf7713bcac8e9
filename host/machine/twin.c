/* SPDX-License-Identifier: Apache-2.0 */
/* A second machine beside another. */
#include <string.h>

#include "host/machine/internal.h"

#define SETTLE_SPAN_NS (900 * NS_PER_S)

/* What is still pending when patience is out does not matter here. */
static int settle(struct machine *machine, const struct patience *p, struct err *e)
{
	struct patience span = patience_within(p, SETTLE_SPAN_NS);
	CLEAN_TEXT struct text pending = TEXT_INIT(4096);

	return machine_settle(machine, &span, &pending, e);
}

int machine_twin(const struct machine *machine, const char *folder, const struct patience *p,
		 struct machine **ret, struct boot_report *report, struct err *e)
{
	CLEANUP(machine) struct machine *twin = NULL;
	struct machine_spec spec = machine->spec;
	int r;

	spec.folder = folder;
	if (machine->template_folder) {
		*report = (struct boot_report){.state = BOOT_READY,
					       .console_tail = TEXT_INIT(CONSOLE_TAIL_MAX)};
		r = template_fork(machine->template_folder, &spec, p, &twin, e);
	} else {
		r = machine_boot(&spec, p, &twin, report, e);
		if (r == 0)
			r = settle(twin, p, e);
	}
	if (r < 0)
		return err_wrap(e, "the second machine");
	*ret = STEAL_PTR(twin);
	return 0;
}
