/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that are taken off the bus and found again. */
#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"

#define PCI	"/sys/bus/pci"
#define DEVICES PCI "/devices"
#define WAIT_NS (10 * NS_PER_S)

/* The PCI address of a virtio device on which nothing stands: a balloon, or a source of randomness. */
static const char *spare_device(struct trial *t)
{
	static const char *const drivers[] = {"virtio_balloon", "virtio_rng"};

	for (const char *const *address = file_names(t, DEVICES); *address; address++) {
		const char *folder = case_format(t, DEVICES "/%s", *address);
		for (const char *const *name = file_names(t, folder); *name; name++) {
			const char *driver = has_prefix(*name, "virtio")
						     ? file_link(t, case_format(t, "%s/%s/driver",
										folder, *name))
						     : NULL;
			for (size_t i = 0; driver && i < ARRAY_LEN(drivers); i++) {
				if (has_suffix(driver, case_format(t, "/%s", drivers[i])))
					return *address;
			}
		}
	}
	return NULL;
}

/* The driver binds a little after the device has been found. */
static bool comes_back(struct trial *t, const char *driver)
{
	uint64_t until_ns = clock_now_ns() + WAIT_NS;

	while (!file_exists(t, driver)) {
		if (!pause_until(until_ns, 10))
			return false;
	}
	return true;
}

CASE(virt, pci_remove_and_rescan_work,
     .title = "A device can be removed from the PCI bus and is found again", .priority = P2,
     .isolation = ISOLATION_FORK,
     .why = "It is how a device that hangs is brought back without a reboot.",
     .remedy = "Look in the kernel log for the device's driver and the bus's resources.",
     .sources = "own")
{
	const char *address = spare_device(t);

	if (!address)
		case_skip(t, "dev:virtio-rng", "no device can be spared");
	const char *folder = case_format(t, DEVICES "/%s", address);
	CHECK_EQ(t, knob_write(case_format(t, "%s/remove", folder), "1"), 0);
	CHECK(t, !file_exists(t, folder));
	CHECK_EQ(t, knob_write(PCI "/rescan", "1"), 0);
	CHECK(t, comes_back(t, case_format(t, "%s/driver", folder)));
}

SABOTAGE(virt, pci_remove_and_rescan_work, "removing a device does nothing")
{
	const char *address = spare_device(t);

	if (!address)
		case_broken(t, "no device can be spared");
	sabotage_file(t, case_format(t, DEVICES "/%s/remove", address), "");
}
