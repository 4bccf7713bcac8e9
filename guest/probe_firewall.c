/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's packet filter, set up and taken away. */
#include <string.h>

#include "guest/kit/nftables.h"
#include "guest/kit/probe.h"

PROBE(firewall, "on|off",
      "has the kernel drop all that comes in by IPv4, or takes every filter away")
{
	bool is_on = strcmp(probe_argument(p, 0), "on") == 0;

	return -(is_on ? nftables_drop_incoming("assay") : nftables_delete_all());
}
