/* SPDX-License-Identifier: Apache-2.0 */
/* What the host has for guests beside CPUs: vhost, the IOMMU. Who has none of it is not worse for that. */
#include <fcntl.h>
#include <linux/vhost.h>
#include <sys/ioctl.h>

#include "host/cases/host_side.h"

#define IOMMUS	     "/sys/class/iommu"
#define IOMMU_GROUPS "/sys/kernel/iommu_groups"

static const char *const vhost_devices[] = {"/dev/vhost-net", "/dev/vhost-vsock"};

HOST_CASE(host, vhost_devices_are_available,
	  .title = "Accelerated network and vsock devices are usable where the host has them",
	  .priority = P2, .isolation = ISOLATION_SHARED, .timeout_s = 10,
	  .why = "Guests whose network is not accelerated are slow, and nobody says why.",
	  .remedy = "Load vhost_net and vhost_vsock anew, and see what the kernel's log says.",
	  .sources = "own")
{
	unsigned tried = 0;

	for (size_t i = 0; i < 2; i++) {
		unsigned long long features = 0;
		int fd = open(host_side_path(t, vhost_devices[i]), O_RDWR | O_CLOEXEC);
		bool is_there = fd >= 0 || (errno != ENOENT && errno != EACCES && errno != EPERM);
		bool answers = fd >= 0 && ioctl(fd, VHOST_GET_FEATURES, &features) == 0;
		if (fd >= 0)
			(void)close(fd);
		tried += is_there;
		if (is_there && !answers)
			HOST_FAIL(t, "%s does not tell its features", vhost_devices[i]);
		else if (is_there)
			host_check_passed(t);
	}
	if (tried == 0)
		host_skip(t, "vhost", "there are no vhost devices that this user may open");
}

HOST_SABOTAGE(host, vhost_devices_are_available, "/dev/vhost-vsock is another device")
{
	host_side_plant_link(t, "/dev/vhost-vsock", "/dev/null");
}

/* A device can be given to a guest when all of its group is; the groups are there as soon as the IOMMU is on. */
HOST_CASE(
	host, iommu_groups_exist,
	.title = "Where the host has an IOMMU there are groups of devices", .priority = P3,
	.isolation = ISOLATION_SHARED, .timeout_s = 10,
	.why = "Without groups no device can be given to a guest.",
	.remedy = "Switch the IOMMU on in the firmware, and by intel_iommu=on on the command line.",
	.sources = "own")
{
	unsigned groups = 0, empty = 0;

	if (!*host_side_names(t, IOMMUS))
		host_skip(t, "iommu", "the kernel has no IOMMU in " IOMMUS);
	for (const char *const *group = host_side_names(t, IOMMU_GROUPS); *group; group++) {
		const char *path = host_format(t, IOMMU_GROUPS "/%s/devices", *group);
		groups++;
		empty += !*host_side_names(t, path);
	}
	HOST_CHECK_GT(t, groups, empty);
}

HOST_SABOTAGE(host, iommu_groups_exist, "the IOMMU has no groups")
{
	host_side_plant(t, IOMMUS "/dmar0", "");
	host_side_plant_folder(t, IOMMU_GROUPS);
}
