/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's NICs, for host cases. */
#include "host/cases/host_nic.h"

#include <stdio.h>

#include "host/cases/host_hotplug.h"
#include "host/cases/host_netpeer.h"

#define COME_S "30"
#define ASKS_S 60

unsigned nic_added(struct host_trial *t, unsigned i)
{
	unsigned number = (unsigned)host_plan_number(t, "nics", 0) + i;

	if (number >= NETWORK_NICS_MAX)
		host_skip(t, "hotplug-slots", "the machine has too many NICs to add one");
	return number;
}

static const char *mac_of(struct host_trial *t, unsigned number)
{
	char text[NETWORK_MAC_SIZE];
	uint8_t mac[6];

	network_guest_mac(number, mac);
	return host_format(t, "%s", network_mac_text(mac, text));
}

const char *nic_id(struct host_trial *t, unsigned number)
{
	return host_format(t, "nic%u", number);
}

void nic_plug(struct host_trial *t, unsigned number, unsigned port)
{
	device_plug(t, nic_id(t, number),
		    host_format(t,
				"\"driver\":\"virtio-net-pci\",\"netdev\":\"net%u\",\"mac\":\"%s\","
				"\"romfile\":\"\",\"bus\":\"hot%u\"",
				number, mac_of(t, number), port));
}

void nic_plug_served(struct host_trial *t, unsigned number, unsigned port)
{
	nic_plug(t, number, port);
	(void)nic_await(t, number);
	if (!peer_saw_on(t, number, "dhcp-discover", 1, ASKS_S))
		host_skip(t, "dhcp-client",
			  "nobody here asks for the address of a NIC that is plugged in");
}

const char *nic_await(struct host_trial *t, unsigned number)
{
	const char *name = host_ask(t, "await_nic", COME_S, mac_of(t, number), NULL);

	HOST_REQUIRE(t, name != NULL);
	return name;
}

void nic_set_carrier(struct host_trial *t, unsigned number, bool up)
{
	if (!host_qmp(t, "set_link",
		      host_format(t, "{\"name\":\"net%u\",\"up\":%s}", number,
				  up ? "true" : "false")))
		host_broken(t, "QEMU does not change the carrier of NIC %u", number);
}

const char *nic_planned_address(struct host_trial *t, unsigned number, unsigned host)
{
	char buf[NETWORK_TEXT_SIZE];

	return host_format(t, "%s", network_text(network_address(number, host), buf));
}

const char *nic_await_address(struct host_trial *t, const char *name, unsigned seconds)
{
	return host_ask(t, "probe", "await_address", host_format(t, "%u", seconds), name, NULL);
}

bool nic_await_address6(struct host_trial *t, const char *name, unsigned number, unsigned seconds)
{
	uint64_t prefix = network_prefix6(number);
	const char *text = host_format(
		t, "%x:%x:%x:%x::", (unsigned)(prefix >> 48), (unsigned)(prefix >> 32 & 0xffff),
		(unsigned)(prefix >> 16 & 0xffff), (unsigned)(prefix & 0xffff));

	return host_call(t, "probe", "await_address6", host_format(t, "%u", seconds), name, text,
			 NULL) == 0;
}

const char *nic_first(struct host_trial *t)
{
	const char *name = host_ask(t, "await_nic", "0", mac_of(t, 0), NULL);

	if (!name)
		host_broken(t, "no NIC in the guest has the address %s", mac_of(t, 0));
	return name;
}
