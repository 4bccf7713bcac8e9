/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd says of the boot in the kernel log. */
#include "guest/kit/case.h"
#include "guest/kit/kmsg.h"

static const struct kmsg_pattern cycle_patterns[] = {
	{"Found ordering cycle on ", NULL},
	{" deleted to break ordering cycle starting with ", NULL},
};

CASE(systemd, no_ordering_cycles, .title = "No ordering cycle was broken at boot", .priority = P1,
     .needs = "systemd",
     .why = "systemd breaks a cycle by leaving a unit out, another one at each boot.",
     .remedy = "The log names the units of the cycle; correct After= and Before= in one of them.",
     .sources = "kola:console-journal-checks")
{
	/* The boot's transaction is made before the journal runs, so its complaints go into the kernel log. */
	kmsg_check_lacks(t, cycle_patterns, ARRAY_LEN(cycle_patterns));
}

SABOTAGE(systemd, no_ordering_cycles, "two units wait for each other")
{
	sabotage_kmsg(
		t,
		"systemd[1]: basic.target: Found ordering cycle on a.service/start\n"
		"systemd[1]: basic.target: Job a.service/start deleted to break ordering cycle starting with "
		"basic.target/start\n");
}
