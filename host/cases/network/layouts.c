/* SPDX-License-Identifier: Apache-2.0 */
/* NICs on networks of each kind, and their names when there are more of them. */
#include "host/cases/host_netpeer.h"
#include "host/cases/host_nic.h"

#define CONFIGURE_S 60
#define EACH	    2 /* NICs on each kind of network */

/* ---- address families ---- */

static const struct layout {
	const char *name;
	bool has_ipv4, has_ipv6; /* by DHCP, and by router advertisements */
} layouts[] = {
	{"IPv4 alone", true, false},
	{"IPv6 alone", false, true},
	{"IPv4 and IPv6", true, true},
};

static void check_nic(struct host_trial *t, const struct layout *layout, unsigned number)
{
	const char *name = nic_await(t, number);

	host_note(t, "%s is on a network with %s", name, layout->name);
	if (layout->has_ipv4)
		HOST_REQUIRE_TEXT(t, nic_await_address(t, name, CONFIGURE_S),
				  nic_planned_address(t, number, NETWORK_GUEST));
	if (layout->has_ipv6)
		HOST_REQUIRE(t, nic_await_address6(t, name, number, CONFIGURE_S));
}

/* What is plugged in under one layout may get the rest under the next: it is looked at before. */
static void try_layout(struct host_trial *t, const struct layout *layout, unsigned first)
{
	peer_set(t, "dhcp", layout->has_ipv4);
	peer_set(t, "ra", layout->has_ipv6);
	if (first == 0)
		nic_plug_served(t, nic_added(t, first), first);
	for (unsigned i = first; i < first + EACH; i++)
		nic_plug(t, nic_added(t, i), i);
	for (unsigned i = first; i < first + EACH; i++)
		check_nic(t, layout, nic_added(t, i));
}

HOST_CASE(
	network, address_family_layouts_come_up,
	.title = "Networks with IPv4, with IPv6 and with both come up, on two NICs each",
	.priority = P1, .isolation = ISOLATION_FORK,
	.needs = "hotplug-slots>=6,netpeer:dhcp,netpeer:ra", .timeout_s = 400, .waits = true,
	.why = "A network that lacks one of them is no reason to leave the other unconfigured, or to wait for it.",
	.remedy =
		"Let the network's configuration ask by DHCP and accept router advertisements on every NIC, and require neither.",
	.sources = "CIT:nicsetup.TestNICSetup")
{
	for (unsigned i = 0; i < ARRAY_LEN(layouts); i++)
		try_layout(t, &layouts[i], i * EACH);
}

HOST_SABOTAGE(network, address_family_layouts_come_up, "IPv6 is switched off on every NIC")
{
	if (host_call(t, "probe", "&keep_ipv6_off", NULL) != 0)
		host_broken(t, "IPv6 cannot be switched off");
}

/* ---- names ---- */

#define REBOOT_S 400
#define UPPER	 6 /* ports: hot0 to hot3 are for disks, the last is the plan's */
#define LOWER	 5

HOST_CASE(
	network, nic_names_survive_added_nic,
	.title = "A NIC added in a lower slot does not take the name of one that was there",
	.priority = P1, .isolation = ISOLATION_REBOOT, .needs = "hotplug-slots>=7,netpeer:dhcp",
	.timeout_s = 600,
	.sabotage = CMDLINE("NICs are named in the order in which they are found", "net.ifnames=0"),
	.why = "Firewalls and services are bound to names of NICs; with another card they would guard the wrong network.",
	.remedy =
		"Take net.ifnames=0 off the kernel's command line, and name NICs by their place or MAC address.",
	.sources = "own")
{
	unsigned there = nic_added(t, 0), added = nic_added(t, 1);

	nic_plug(t, there, UPPER);
	const char *first = nic_first(t), *name = nic_await(t, there);
	nic_plug(t, added, LOWER);
	HOST_CHECK_TEXT_NE(t, nic_await(t, added), name);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	HOST_CHECK_TEXT(t, nic_await(t, there), name);
	HOST_CHECK_TEXT(t, nic_first(t), first);
}
