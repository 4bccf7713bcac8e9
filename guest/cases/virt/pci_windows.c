/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel log says of the PCI devices' memory windows. */
#include "guest/kit/case.h"
#include "guest/kit/kmsg.h"

static const struct kmsg_pattern pci_patterns[] = {
	{": no space for [", NULL},
	{": failed to assign [",
	 "[io "}, /* legacy I/O windows are short on purpose and not needed */
	{": can't assign; no space", NULL},
};

CASE(virt, pci_resources_are_assigned, .title = "No PCI device is left without its memory windows",
     .priority = P2, .why = "A device without its windows is there and does not work.",
     .remedy = "Check the machine's PCI layout and firmware.", .sources = "own")
{
	kmsg_check_lacks(t, pci_patterns, ARRAY_LEN(pci_patterns));
}

SABOTAGE(virt, pci_resources_are_assigned, "a device's memory window found no place")
{
	sabotage_kmsg(
		t, "pci 0000:00:05.0: BAR 4: failed to assign [mem size 0x00004000 64bit pref]\n");
}
