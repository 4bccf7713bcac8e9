/* SPDX-License-Identifier: Apache-2.0 */
/* The root disk behind each of the controllers that platforms have. */
#include "host/cases/host_order.h"

#define BOOT_S 500

/* What lies on volumes or on Btrfs names no disk; but it came from the only one there is. */
static void check_root_disk(struct host_trial *t, const char *part)
{
	const char *path = host_ask(t, "probe", "root_disk", NULL);

	if (path && !strstr(path, "/virtual/"))
		HOST_CHECK_CONTAINS(t, path, part);
	else
		host_check_passed(t);
}

static void boot_from(struct host_trial *t, const char *controller, const char *part)
{
	const struct host_order order = {.make = {.controller = controller}};

	if (!machine_spec(host_machine(t))->image)
		host_skip(t, "image:file", "the machine has no image");
	HOST_REQUIRE(t, host_boot_ordered(t, &order, BOOT_S));
	check_root_disk(t, part);
}

HOST_CASE(boot, boots_from_virtio_blk, .title = "The image boots with its root disk on virtio-blk",
	  .priority = P0, .isolation = ISOLATION_COLD, .needs = "image:file", .timeout_s = 60,
	  .why = "It is the disk of most clouds that run KVM.",
	  .remedy = "Build virtio_blk and virtio_pci into the kernel, or put them into the initrd.",
	  .sources = "own",
	  .sabotage = CMDLINE("the kernel cannot drive virtio-blk",
			      "initcall_blacklist=virtio_blk_init module_blacklist=virtio_blk"))
{
	check_root_disk(t, "/virtio");
}

HOST_CASE(boot, boots_from_nvme, .title = "The image boots with its root disk on NVMe",
	  .priority = P1, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "image:file",
	  .timeout_s = 600,
	  .why = "Amazon's, Azure's and Google's newer machines have nothing else.",
	  .remedy = "Build nvme into the kernel, or put it into the initrd.",
	  .sources = "LISA:verify_nvme_disk_controller_type,kola:basic.nvme")
{
	boot_from(t, "nvme", "/nvme/");
}

HOST_SABOTAGE(boot, boots_from_nvme, "the kernel cannot drive NVMe")
{
	static const struct case_sabotage blind =
		CMDLINE("the kernel cannot drive NVMe",
			"initcall_blacklist=nvme_init module_blacklist=nvme");

	host_plant(t, &blind);
}

HOST_CASE(boot, boots_from_virtio_scsi,
	  .title = "The image boots with its root disk on virtio-scsi", .priority = P1,
	  .isolation = ISOLATION_FORK, .boots_again = true, .needs = "image:file", .timeout_s = 600,
	  .why = "OpenStack, oVirt and Google's older machines put the root disk there.",
	  .remedy = "Build virtio_scsi and sd_mod into the kernel, or put them into the initrd.",
	  .sources = "LISA:verify_scsi_disk_controller_type")
{
	boot_from(t, "scsi", "/target");
}

HOST_SABOTAGE(boot, boots_from_virtio_scsi, "the kernel cannot drive virtio-scsi")
{
	static const struct case_sabotage blind =
		CMDLINE("the kernel cannot drive virtio-scsi",
			"initcall_blacklist=virtio_scsi_init module_blacklist=virtio_scsi");

	host_plant(t, &blind);
}
