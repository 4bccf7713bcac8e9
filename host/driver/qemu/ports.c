/* SPDX-License-Identifier: Apache-2.0 */
/* Where devices come and go while the guest runs: by the names "hot0" to "hot7" and "balloon", on every machine type. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "host/driver/qemu/qemu.h"

/* Their place is fixed, so that those before them keep theirs. Without I/O windows: there are not as many to be had. */
static void add_express_ports(struct command *command)
{
	for (unsigned i = 0; i < QEMU_HOTPLUG_PORTS; i++) {
		command_add(command, "-device");
		command_addf(command,
			     "pcie-root-port,id=" QEMU_HOTPLUG_PORT
			     ",chassis=%u,slot=%u,io-reserve=0,addr=1c.%x%s",
			     i, i + 1, i + 1, i, i == 0 ? ",multifunction=on" : "");
	}
	/* For a balloon, which no machine has from the beginning: a guest may fill its balloon unasked, and the pages that it names
	 * are cut out of the file that the RAM lies in. On a fork that would be the template's. */
	command_add(command, "-device");
	command_addf(command,
		     "pcie-root-port,id=" QEMU_BALLOON_PORT
		     ",chassis=%u,slot=%u,io-reserve=0,addr=1d.0",
		     QEMU_HOTPLUG_PORTS + 1, QEMU_HOTPLUG_PORTS + 1);
}

void ports_add(struct command *command, const struct machine_spec *spec)
{
	if (!spec_is_i440fx(spec))
		add_express_ports(command);
}

/*
 * Without PCI Express the ports are the last slots of the only bus: what a machine begins with takes the first ones. Bridges
 * would be no better, since the firmware gives I/O space to each that devices can be plugged into, and there is not so much.
 */
#define LAST_SLOT 0x1fU

/* False: it is none of the ports. */
static bool find_slot(const char *port, unsigned *ret)
{
	char name[16];

	for (unsigned i = 0; i <= QEMU_HOTPLUG_PORTS; i++) {
		if (i < QEMU_HOTPLUG_PORTS)
			(void)snprintf(name, sizeof name, QEMU_HOTPLUG_PORT, i);
		else
			(void)snprintf(name, sizeof name, QEMU_BALLOON_PORT);
		*ret = LAST_SLOT - i;
		if (strcmp(name, port) == 0)
			return true;
	}
	return false;
}

char *ports_place(const struct machine_spec *spec, const char *arguments)
{
	json_t *json = spec_is_i440fx(spec) ? json_loads(arguments, 0, NULL) : NULL;
	const char *port = json_string_value(json_object_get(json, "bus"));
	char address[16], *placed = NULL;
	unsigned slot;

	if (port && find_slot(port, &slot)) {
		(void)snprintf(address, sizeof address, "%02x.0", slot);
		(void)json_object_set_new(json, "bus", json_string("pci.0"));
		(void)json_object_set_new(json, "addr", json_string(address));
		placed = json_dumps(json, JSON_COMPACT);
	}
	json_decref(json);
	return placed;
}
