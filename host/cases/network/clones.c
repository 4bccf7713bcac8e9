/* SPDX-License-Identifier: Apache-2.0 */
/* Instances of one image, as a DHCP server sees them. */
#include <stdio.h>

#include "host/cases/host_instance.h"

HOST_CASE(
	network, clones_have_own_dhcp_identity,
	.title = "Two VMs from one image send different DHCP client identifiers", .priority = P1,
	.isolation = ISOLATION_FORK, .boots_again = true, .needs = "vms>=2,nics>=1,netpeer:dhcp",
	.timeout_s = 600, .waits = true,
	.why = "A server that knows clients by their identifier gives both the same address.",
	.remedy =
		"See that each instance has a machine-id of its own: DHCP clients derive theirs from it.",
	.sources = "own")
{
	const char *own = instance_own_dhcp(t), *another = instance_another(t);
	struct instance_fact fact;

	if (!own[0] || !instance_next(&another, "dhcp", &fact))
		host_skip(t, "a DHCP client identifier",
			  "the client sends none: servers know it by its MAC address");
	host_note(t, "this one is %s; the other: %s", own, fact.line);
	HOST_CHECK_TEXT_NE(t, fact.line, host_format(t, "dhcp - %s", own));
}

HOST_SABOTAGE(network, clones_have_own_dhcp_identity,
	      "the other instance is a copy of the first, which never had a first boot of its own")
{
	instance_clone(t);
}
