/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and consoles of the virtio serial controller. */
#include <stdio.h>

#include "host/cases/host_channel.h"
#include "host/cases/host_hotplug.h"

#define PORT "org.assay.test"

static void plug_port(struct host_trial *t, const char *name)
{
	channel_open(t, "channel");
	device_plug(t, "port",
		    host_format(t,
				"\"driver\":\"virtserialport\",\"bus\":\"serial0.0\","
				"\"chardev\":\"channel\",\"name\":\"%s\"",
				name));
}

static bool await_port(struct host_trial *t, const char *name)
{
	for (int i = 0; i < 10 * DEVICE_S; i++) {
		if (host_call(t, "probe", "port_is_there", name, NULL) == 0)
			return true;
		host_sleep(t, 100);
	}
	return false;
}

HOST_CASE(hotplug, serial_channel_can_be_added,
	  .title = "A virtio serial port added while running carries data both ways",
	  .priority = P3, .isolation = ISOLATION_FORK, .needs = "dev:virtio-serial",
	  .timeout_s = 100,
	  .why = "Agents of hypervisors talk over such ports, also to machines that run already.",
	  .remedy = "Check the virtio_console driver in the kernel.", .sources = "own")
{
	plug_port(t, PORT);
	HOST_REQUIRE(t, await_port(t, PORT));
	HOST_REQUIRE(t, host_call(t, "probe", "&port_mirror", PORT, NULL) == 0);
	HOST_CHECK(t, channel_send(t, "from the host\n"));
	HOST_CHECK_TEXT(t, channel_await(t, "\n", DEVICE_S), "tsoh eht morf\n");
	HOST_CHECK(t, device_unplug(t, "port"));
	HOST_CHECK_NE(t, host_call(t, "probe", "port_is_there", PORT, NULL), 0);
}

HOST_SABOTAGE(hotplug, serial_channel_can_be_added, "the port comes under another name")
{
	plug_port(t, PORT ".other");
}

HOST_CASE(virt, hypervisor_console_works,
	  .title = "A login prompt and input work on the virtio console", .priority = P3,
	  .isolation = ISOLATION_FORK, .needs = "dev:virtio-serial,systemd,kconfig:VIRTIO_CONSOLE",
	  .timeout_s = 100, .why = "It is the way in when the network is down.",
	  .remedy = "Unmask serial-getty@.service, and ship agetty and login.", .sources = "own")
{
	channel_open(t, "channel");
	device_plug(t, "console",
		    "\"driver\":\"virtconsole\",\"bus\":\"serial0.0\",\"chardev\":\"channel\"");
	HOST_REQUIRE(t, host_call(t, "await_path", "30", "/dev/hvc0", NULL) == 0);
	(void)host_guest_run(t, NULL, "systemctl", "--no-block", "start",
			     "serial-getty@hvc0.service", NULL);
	HOST_REQUIRE(t, channel_await(t, "login:", DEVICE_S) != NULL);
	HOST_CHECK(t, channel_send(t, "nobody-of-that-name\n"));
	HOST_CHECK(t, channel_await(t, "assword:", DEVICE_S) != NULL);
}

HOST_SABOTAGE(virt, hypervisor_console_works, "the console's login service is masked")
{
	host_guest_link(t, "/run/systemd/system/serial-getty@hvc0.service", "/dev/null");
	(void)host_guest_run(t, NULL, "systemctl", "daemon-reload", NULL);
}
