/* SPDX-License-Identifier: Apache-2.0 */
/* What of the guest answers to the network. */
#include <stdio.h>

#include "host/cases/host_netpeer.h"

/* SSH, and names asked for on the own wire (LLMNR), as systemd-resolved does. */
#define ALLOWED	 "22 5355"
#define PORT_MAX 65535

static bool is_allowed(const char *allowed, unsigned port)
{
	int used;

	for (unsigned own; sscanf(allowed, "%u%n", &own, &used) == 1; allowed += used)
		if (own == port)
			return true;
	return false;
}

HOST_CASE(
	security, outside_ports_match_allowlist,
	.title = "Seen from outside, only allowlisted TCP ports answer", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "nics>=1,netpeer:tcp", .timeout_s = 300,
	.why = "Firewalls, forwarders and kernels answer too: only who knocks knows what is open.",
	.remedy =
		"Stop the service, or close its port in the firewall; allow it by `outside_ports` in the policy.",
	.sources = "own")
{
	const char *allowed = host_plan_text(t, "outside_ports", ALLOWED);
	int used;

	/* The silence of a guest that is not there tells nothing. */
	if (!peer_finds_guest(t))
		host_skip(t, "netpeer:dhcp",
			  "the guest does not answer for the address that is its own by the plan");
	const char *open = peer_scan(t, 1, PORT_MAX);
	host_note(t, "open: %s", open);
	host_check_passed(t);
	for (unsigned port; sscanf(open, "%u%n", &port, &used) == 1; open += used)
		if (!is_allowed(allowed, port))
			HOST_FAIL(t, "port %u answers", port);
}

HOST_SABOTAGE(security, outside_ports_match_allowlist, "something listens on port 8022")
{
	if (host_call(t, "probe", "&listen", "8022", NULL) != 0)
		host_broken(t, "the guest cannot be made to listen");
}
