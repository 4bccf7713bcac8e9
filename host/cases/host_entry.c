/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent came in. */
#include "host/cases/host_entry.h"

void host_entry_needs_port(struct host_trial *t)
{
	if (machine_spec(host_machine(t))->entry == ENTRY_SSH)
		host_skip(t, "entry", "the agent came in by SSH and speaks over the network");
}
