/* SPDX-License-Identifier: Apache-2.0 */
/* ENTRY_SSH: the agent is brought in and spoken to over SSH. */
#include "host/machine/internal.h"

int machine_reach_by_ssh(struct machine *machine UNUSED, const struct patience *p UNUSED,
			 struct boot_report *report UNUSED, struct err *e)
{
	return err_set(e, BLAME_HOST, ENOTSUP, "machines cannot be reached by SSH yet");
}
