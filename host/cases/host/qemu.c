/* SPDX-License-Identifier: Apache-2.0 */
/* The side below the guest: QEMU and its devices. */
#include <stdio.h>

#include "host/cases/host_case.h"

/* The oldest that the driver starts at all. */
#define OLDEST_MAJOR 7

HOST_CASE(host, qemu_is_supported, .title = "QEMU's version and devices are those the plan needs",
	  .priority = P0, .isolation = ISOLATION_FORK, .timeout_s = 30,
	  .sabotage = DROP_DEVICE("the machine has no random device", "virtio-rng"),
	  .why = "Results from a machine that lacks devices tell nothing about the image.",
	  .remedy = "Install a QEMU of at least version 7.2.", .sources = "own")
{
	static const char *const devices[] = {"child<virtio-rng-pci>", "child<virtserialport>",
					      "child<vmgenid>"};
	const char *version = host_qmp(t, "query-version", NULL);
	const char *at = version ? strstr(version, "\"major\"") : NULL;
	int major = 0;

	at = at ? strchr(at, ':') : NULL;
	HOST_REQUIRE(t, at && sscanf(at, ": %d", &major) == 1);
	HOST_CHECK_GE(t, major, OLDEST_MAJOR);
	/* Devices stand in one of two folders: those that were given a name, and the others. */
	const char *named = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral\"}");
	const char *others = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral-anon\"}");
	HOST_REQUIRE(t, named && others);
	const char *list = host_format(t, "%s%s", named, others);
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
		HOST_CHECK_CONTAINS(t, list, devices[i]);
}
