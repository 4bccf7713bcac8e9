/* SPDX-License-Identifier: Apache-2.0 */
/* The paravirtual devices: bound, modern, and of use. */
#include "guest/kit/case.h"
#include "guest/kit/knob.h"

#define VIRTIO_DEVICES "/sys/bus/virtio/devices"
#define PCI_DEVICES    "/sys/bus/pci/devices"
#define VERSION_1_BIT  32 /* VIRTIO_F_VERSION_1 */

CASE(virt, virtio_devices_are_bound, .title = "Every virtio device has a driver", .priority = P0,
     .needs = "kconfig:VIRTIO",
     .why = "A device without a driver is a disk, a network or a console that the image cannot use.",
     .remedy = "Build the driver into the kernel or ship its module.", .sources = "own")
{
	const char *const *devices = file_names(t, VIRTIO_DEVICES);

	if (!*devices)
		case_skip(t, "dev:virtio", "the machine has no virtio device");
	for (; *devices; devices++) {
		if (file_exists(t, case_format(t, VIRTIO_DEVICES "/%s/driver", *devices)))
			check_passed(t);
		else
			FAIL(t, "%s (device id %s) has no driver", *devices,
			     file_line(t, case_format(t, VIRTIO_DEVICES "/%s/device", *devices)));
	}
}

static void bind_again(void *arg)
{
	(void)knob_write("/sys/bus/virtio/drivers_probe", arg);
}

/* The first device of a driver that nothing else in the guest stands on. */
static const char *spare_device(struct trial *t, const char **ret_driver)
{
	static const char *const drivers[] = {"virtio_balloon", "virtio_rng", "virtio_net"};

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		const char *folder = case_format(t, "/sys/bus/virtio/drivers/%s", drivers[i]);
		for (const char *const *name = file_names(t, folder); *name; name++) {
			if (has_prefix(*name, "virtio")) {
				*ret_driver = drivers[i];
				return *name;
			}
		}
	}
	case_broken(t, "there is no device whose driver could be taken away");
}

SABOTAGE(virt, virtio_devices_are_bound, "one device has lost its driver")
{
	const char *driver, *device = spare_device(t, &driver);
	int r = knob_write(case_format(t, "/sys/bus/virtio/drivers/%s/unbind", driver), device);

	errno = -r;
	if (r < 0)
		case_broken(t, "%s cannot be unbound: %m", device);
	case_defer(t, bind_again, (void *)(uintptr_t)device);
}

CASE(virt, virtio_is_modern, .title = "Every virtio device negotiated version 1", .priority = P2,
     .needs = "kconfig:VIRTIO",
     .why = "The old interface is slower, and platforms are taking it away.",
     .remedy = "Check the kernel's drivers and the machine's disable-modern settings.",
     .sources = "own")
{
	const char *const *devices = file_names(t, VIRTIO_DEVICES);

	if (!*devices)
		case_skip(t, "dev:virtio", "the machine has no virtio device");
	for (; *devices; devices++) {
		/* A digit for each feature bit. */
		const char *features =
			file_line(t, case_format(t, VIRTIO_DEVICES "/%s/features", *devices));
		if (features && strlen(features) > VERSION_1_BIT && features[VERSION_1_BIT] == '1')
			check_passed(t);
		else
			FAIL(t, "%s uses the old interface", *devices);
	}
}

SABOTAGE(virt, virtio_is_modern, "a device has negotiated the old interface")
{
	const char *const *devices = file_names(t, VIRTIO_DEVICES);

	REQUIRE(t, *devices != NULL);
	sabotage_file(t, case_format(t, VIRTIO_DEVICES "/%s/features", *devices),
		      "1110000000000000000000000000011000000000000000000000000000000000\n");
}

#define CAPABILITIES_AT 0x34
#define MSIX_CAPABILITY 0x11

/* Walks the list of capabilities in the device's configuration space: the balloon, for one, has no MSI-X at all. */
static bool has_msix(struct trial *t, const char *name)
{
	unsigned char config[256] = {0};
	int fd = open(case_format(t, PCI_DEVICES "/%s/config", name), O_RDONLY | O_CLOEXEC);
	bool is_read = fd >= 0 && read(fd, config, sizeof config) == (ssize_t)sizeof config;

	if (fd >= 0)
		close(fd);
	unsigned at = is_read ? config[CAPABILITIES_AT] & ~3U : 0;
	for (int steps = 0; at >= 64 && steps < 48; steps++) {
		if (config[at] == MSIX_CAPABILITY)
			return true;
		at = config[at + 1] & ~3U;
	}
	return false;
}

CASE(virt, interrupts_are_msix, .title = "virtio queues use MSI-X vectors", .priority = P2,
     .needs = "arch:x86_64,kconfig:PCI_MSI",
     .why = "With one shared interrupt line all queues end on one CPU.",
     .remedy = "Take pci=nomsi off the command line; check the machine's interrupt controller.",
     .sources = "own")
{
	unsigned count = 0;

	for (const char *const *name = file_names(t, PCI_DEVICES); *name; name++) {
		const char *driver = file_link(t, case_format(t, PCI_DEVICES "/%s/driver", *name));
		if (!driver || !has_suffix(driver, "/virtio-pci") || !has_msix(t, *name))
			continue;
		count++;
		if (*file_names(t, case_format(t, PCI_DEVICES "/%s/msi_irqs", *name)))
			check_passed(t);
		else
			FAIL(t, "virtio device %s has no MSI-X vector", *name);
	}
	if (count == 0)
		case_skip(t, "dev:virtio", "the machine has no virtio device on PCI");
}

SABOTAGE(virt, interrupts_are_msix, "the devices share an interrupt line")
{
	for (const char *const *name = file_names(t, PCI_DEVICES); *name; name++) {
		const char *vectors = case_format(t, PCI_DEVICES "/%s/msi_irqs", *name);
		if (file_exists(t, vectors)) {
			sabotage_remove(t, vectors);
			return;
		}
	}
	case_broken(t, "no device has MSI-X vectors");
}

CASE(virt, random_device_gives_bytes,
     .title = "The virtio random device is the kernel's source and gives varied bytes",
     .priority = P1, .needs = "dev:virtio-rng",
     .why = "A fresh machine has no other source of good randomness for its keys.",
     .remedy = "Check the virtio_rng driver and the host's source.", .sources = "own")
{
	const char *source = file_line(t, "/sys/class/misc/hw_random/rng_current");
	unsigned char bytes[64] = {0};
	unsigned differing = 0;

	REQUIRE(t, source != NULL);
	CHECK_CONTAINS(t, source, "virtio_rng");
	int fd;
	REQUIRE_OK(t, fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC));
	CHECK_EQ(t, read(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
	close(fd);
	for (size_t i = 1; i < sizeof bytes; i++)
		differing += bytes[i] != bytes[0];
	CHECK_GE(t, differing, 32);
}

SABOTAGE(virt, random_device_gives_bytes, "the device gives the same byte for ever")
{
	char same[65];

	memset(same, 'A', sizeof same - 1);
	same[sizeof same - 1] = '\0';
	sabotage_file(t, "/dev/hwrng", same);
}
