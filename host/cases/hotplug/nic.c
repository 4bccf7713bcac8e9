/* SPDX-License-Identifier: Apache-2.0 */
/* NICs that come and go while the guest runs. Their wires end where those of the others do. */
#include "host/cases/host_hotplug.h"
#include "host/cases/host_nic.h"

#define MANY	  7
#define ADDRESS_S 60

static void no_driver_for_virtio(struct host_trial *t)
{
	host_guest_write(t, "/sys/bus/virtio/drivers_autoprobe", "0");
}

/* ---- one ---- */

HOST_CASE(
	hotplug, nic_add_and_remove_work,
	.title = "A NIC added while running appears, and goes without leftovers", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,netpeer:dhcp", .timeout_s = 200,
	.why = "Networks are attached and detached without stopping the machine.",
	.remedy =
		"Check PCI hot-plug and virtio_net in the kernel, and what the network manager leaves behind.",
	.sources = "AZCERT:lisa-other/hot-add-nic")
{
	const char *before = host_ask(t, "list", "/sys/class/net", NULL);
	unsigned number = nic_added(t, 0);

	HOST_REQUIRE(t, before != NULL);
	nic_plug(t, number, 0);
	const char *nic = nic_await(t, number);
	HOST_CHECK(t, device_unplug(t, nic_id(t, number)));
	HOST_CHECK_EQ(
		t,
		host_call(t, "await_absence", "30", host_format(t, "/sys/class/net/%s", nic), NULL),
		0);
	HOST_CHECK_TEXT(t, host_ask(t, "list", "/sys/class/net", NULL), before);
}

HOST_SABOTAGE(hotplug, nic_add_and_remove_work, "new virtio devices get no driver")
{
	no_driver_for_virtio(t);
}

/* What the guest routes by: "0003000A" is 10.0.3.0 as /proc/net/route has it. */
static const char *network_in_route(struct host_trial *t, unsigned number)
{
	uint32_t network = network_address(number, 0);

	return host_format(t, "\t%02X%02X%02X%02X\t", network & 255, network >> 8 & 255,
			   network >> 16 & 255, network >> 24);
}

HOST_CASE(hotplug, nic_remove_is_clean,
	  .title = "A removed NIC takes its routes along and leaves no leftovers", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,netpeer:dhcp", .timeout_s = 200,
	  .why = "What is left of a network that is gone swallows the traffic for it.",
	  .remedy = "Look for what sets routes by hand: hooks of the DHCP client, static routes.",
	  .sources = "AZCERT:lisa-other/hot-add-nic")
{
	unsigned number = nic_added(t, 0);
	const char *network = network_in_route(t, number),
		   *own = nic_planned_address(t, number, 77);

	nic_plug(t, number, 0);
	const char *nic = nic_await(t, number);
	HOST_REQUIRE(t, host_call(t, "probe", "set_address", nic, own, "255.255.255.0", NULL) == 0);
	HOST_CHECK_CONTAINS(t, host_guest_read(t, "/proc/net/route"), network);
	HOST_CHECK(t, device_unplug(t, nic_id(t, number)));
	HOST_CHECK_EQ(
		t,
		host_call(t, "await_absence", "30", host_format(t, "/sys/class/net/%s", nic), NULL),
		0);
	HOST_CHECK_LACKS(t, host_guest_read(t, "/proc/net/route"), network);
	HOST_CHECK_LACKS(t, host_guest_read(t, "/proc/net/fib_trie"), own);
	HOST_CHECK_LACKS(t, host_guest_read(t, "/proc/net/dev"), host_format(t, "%s:", nic));
	HOST_CHECK_LACKS(t, host_guest_read(t, "/proc/net/arp"), host_format(t, " %s\n", nic));
}

HOST_SABOTAGE(hotplug, nic_remove_is_clean, "a static route leads to its network by the first NIC")
{
	const char *first = nic_first(t);

	HOST_REQUIRE(t,
		     host_call(t, "probe", "add_route", nic_planned_address(t, nic_added(t, 0), 0),
			       "255.255.255.0", first, NULL) == 0);
}

HOST_CASE(hotplug, replugged_nic_returns_to_its_role,
	  .title = "A NIC plugged in again with its address has its old name", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,netpeer:dhcp", .timeout_s = 200,
	  .why = "Firewalls and services are bound to names of NICs.",
	  .remedy = "Name NICs by their place or MAC address (udev's net_id, .link files).",
	  .sources = "own")
{
	unsigned number = nic_added(t, 0);

	nic_plug(t, number, 0);
	const char *first = nic_await(t, number);
	HOST_REQUIRE(t, device_unplug(t, nic_id(t, number)));
	HOST_REQUIRE(t, host_call(t, "await_absence", "30",
				  host_format(t, "/sys/class/net/%s", first), NULL) == 0);
	nic_plug(t, number, 0);
	HOST_CHECK_TEXT(t, nic_await(t, number), first);
}

HOST_SABOTAGE(hotplug, replugged_nic_returns_to_its_role,
	      "NICs are named in the order of their coming")
{
	host_guest_link(t, "/run/udev/rules.d/.assay", "/dev/null"); /* makes the folder */
	host_guest_write(t, "/run/udev/rules.d/99-assay.rules",
			 "SUBSYSTEM==\"net\", ACTION==\"add\", NAME=\"assay$attr{ifindex}\"\n");
	HOST_REQUIRE(t, host_guest_run(t, NULL, "udevadm", "control", "--reload", NULL) == 0);
}

/* ---- with addresses ---- */

static void check_address(struct host_trial *t, unsigned number)
{
	const char *nic = nic_await(t, number);

	HOST_REQUIRE_TEXT(t, nic_await_address(t, nic, ADDRESS_S),
			  nic_planned_address(t, number, NETWORK_GUEST));
}

HOST_CASE(
	hotplug, nics_added_one_by_one_get_addresses,
	.title = "NICs added one after another are all configured", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=7,netpeer:dhcp", .timeout_s = 300,
	.why = "A network that is attached to a running machine has to work without a login.",
	.remedy = "Let the network's configuration match NICs by kind, also those that come later.",
	.sources =
		"LISA:verify_synthetic_add_max_nics_one_by_one_after_provision,AZCERT:lisa-other/hot-add-nic")
{
	nic_plug_served(t, nic_added(t, 0), 0);
	for (unsigned i = 0; i < MANY; i++) {
		nic_plug(t, nic_added(t, i), i);
		check_address(t, nic_added(t, i));
	}
}

HOST_SABOTAGE(hotplug, nics_added_one_by_one_get_addresses, "the network's manager is frozen")
{
	nic_plug_served(t, nic_added(t, 0), 0);
	if (host_call(t, "probe", "freeze_network_manager", NULL) != 0)
		host_broken(t, "no manager of the network is known in this guest");
}

HOST_CASE(
	hotplug, nics_added_at_once_get_addresses,
	.title = "NICs added all at once are all configured", .priority = P2,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=7,netpeer:dhcp", .timeout_s = 300,
	.why = "Orchestrators attach all networks of a machine at the same moment.",
	.remedy = "Let the network's configuration match NICs by kind, also those that come later.",
	.sources = "LISA:verify_synthetic_add_max_nics_one_time_after_provision")
{
	nic_plug_served(t, nic_added(t, 0), 0);
	for (unsigned i = 1; i < MANY; i++)
		nic_plug(t, nic_added(t, i), i);
	for (unsigned i = 0; i < MANY; i++)
		check_address(t, nic_added(t, i));
}

HOST_SABOTAGE(hotplug, nics_added_at_once_get_addresses, "new virtio devices get no driver")
{
	nic_plug_served(t, nic_added(t, 0), 0);
	no_driver_for_virtio(t);
}
