/* SPDX-License-Identifier: Apache-2.0 */
/* What the disk hangs on that the system was booted from. */
#include "guest/kit/block.h"

/* The folder in sysfs of the nearest device above the disk that drives something other than disks; NULL when there is
 * none. */
static const char *controller_folder(struct trial *t, const char *disk)
{
	/* "../devices/pci0000:00/0000:00:05.0/virtio2/block/vda" */
	const char *link = file_link(t, case_format(t, "/sys/block/%s", disk));
	const char *path =
		link && has_prefix(link, "../") ? case_format(t, "/sys/%s", link + 3) : NULL;

	for (const char *slash;
	     path && (slash = strrchr(path, '/')) > path + strlen("/sys/devices");) {
		path = case_format(t, "%.*s", (int)(slash - path), path);
		const char *driver = file_link(t, case_format(t, "%s/driver", path));
		if (driver && !has_suffix(driver, "/sd"))
			return path;
	}
	return NULL;
}

CASE(boot, root_controller_is_as_declared,
     .title = "The root disk really sits behind the controller type the VM declares",
     .priority = P1,
     .why = "Emulated controllers are slow, and an image that only boots from one cannot be moved.",
     .remedy =
	     "Compare the machine's disk with the driver; look in the kernel log for the controller.",
     .sources = "own")
{
	const char *declared = plan_text(t, "controller", "virtio_blk"), *disk = block_root_disk(t);

	if (!disk)
		case_skip(t, "disk:root", "the root filesystem lies on no disk");
	const char *folder = controller_folder(t, disk);
	REQUIRE(t, folder != NULL);
	const char *driver = file_link(t, case_format(t, "%s/driver", folder));
	CHECK_EQ(t, strrchr(driver, '/') + 1, declared);
}

SABOTAGE(boot, root_controller_is_as_declared, "the disk hangs on another controller")
{
	const char *disk = block_root_disk(t), *folder = disk ? controller_folder(t, disk) : NULL;

	if (!folder)
		case_broken(t, "the root disk has no controller");
	sabotage_link(t, case_format(t, "%s/driver", folder), "../../../../bus/pci/drivers/nvme");
}
