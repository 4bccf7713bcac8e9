/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware that an image says it boots under: a disk for both is booted under both. */
#include <stdio.h>

#include "base/child.h"
#include "base/file.h"
#include "host/cases/host_case.h"

#define BOOT_S	 500
#define CHILD_FD 3 /* as qemu-io sees the disk */

/* Of a machine that is booted for the case. */
static const char *folder_for(struct host_trial *t, enum firmware firmware)
{
	return host_format(t, "%s/%s", machine_spec(host_machine(t))->folder,
			   firmware_name(firmware));
}

static const struct image *require_image(struct host_trial *t)
{
	const struct image *image = machine_spec(host_machine(t))->image;

	if (!image)
		host_skip(t, "image:file", "the machine has no image");
	return image;
}

static void boot_under(struct host_trial *t, enum firmware firmware)
{
	const char *folder = folder_for(t, firmware);

	/* Under its own firmware the machine at hand was booted already. */
	if (host_has_disk(t) || machine_spec(host_machine(t))->firmware != firmware)
		HOST_REQUIRE(t, host_boot_anew(t, firmware, folder, BOOT_S));
	bool has_efi = host_call(t, "stat", "/sys/firmware/efi", NULL) == 0;
	HOST_CHECK(t, has_efi == (firmware == FIRMWARE_UEFI));
}

/* The sectors that begin at these bytes of the disk are empty in the overlay that will be booted. */
static void wipe_sector(struct host_trial *t, uint64_t at)
{
	const char *order = host_format(t, "write -q -z %llu 512", (unsigned long long)at);
	const struct child_fd passed = {.fd = host_make_disk(t), .as = CHILD_FD};
	char path[FILE_PATH_SIZE];
	const char *argv[] = {"qemu-io", "-f", "qcow2", "-c", order, file_path(CHILD_FD, path),
			      NULL};
	const struct child_spec spec = {
		.argv = argv, .fds = &passed, .fd_count = 1, .no_network = true, .limit_cpu_s = 60};
	struct child_output out = CHILD_OUTPUT_INIT(4096);
	struct err e = {0};
	int r = child_run_ok(&spec, host_patience(t), &out, &e);

	child_output_done(&out);
	if (r < 0)
		host_broken(t, "%s", e.text);
}

HOST_CASE(
	boot, boots_under_bios, .title = "An image with boot code for a BIOS boots under one",
	.priority = P0, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "arch:x86_64",
	.timeout_s = 600,
	.why = "An image for both firmwares is started under either, and only one of them was tried.",
	.remedy =
		"Run grub-install for i386-pc on the image's disk, or take the boot code for a BIOS out of it.",
	.sources = "CIV:test_hybrid_boot_mode_config,AZCERT:ms-prep/gen2-boot")
{
	const struct image *image = require_image(t);

	if (!image->boots_bios)
		host_skip(t, "bios", "the disk has no boot code for a BIOS");
	/* Partitioning tools put boot code that starts nothing into every MBR; a GPT disk has a place of its own for it. */
	if (image->boots_uefi && strcmp(image->table, "gpt") != 0)
		host_skip(
			t, "bios",
			"an MBR beside an EFI system partition does not say that a BIOS is to boot it");
	boot_under(t, FIRMWARE_BIOS);
}

HOST_SABOTAGE(boot, boots_under_bios, "the disk's first sector is empty")
{
	wipe_sector(t, 0);
}

HOST_CASE(
	boot, boots_under_uefi,
	.title = "An image with a loader for UEFI boots under it with an empty variable store",
	.priority = P0, .isolation = ISOLATION_FORK, .boots_again = true, .needs = "arch:x86_64",
	.timeout_s = 600,
	.why = "A new machine's firmware knows no boot entries: it takes the loader at the fallback path, or none.",
	.remedy =
		"Run grub-install with --removable for x86_64-efi, so that EFI/BOOT/BOOTX64.EFI is there and finds its configuration.",
	.sources = "CIV:test_hybrid_boot_mode_config,kola:basic.uefi,AZCERT:ms-prep/gen2-boot")
{
	if (!require_image(t)->boots_uefi)
		host_skip(t, "uefi", "no EFI system partition with a loader is on the disk");
	boot_under(t, FIRMWARE_UEFI);
}

HOST_SABOTAGE(boot, boots_under_uefi, "the EFI system partition holds no filesystem any more")
{
	const struct image *image = require_image(t);

	for (unsigned i = 0; i < image->filesystem_count; i++)
		if (strcmp(image->filesystems[i].type, "vfat") == 0)
			wipe_sector(t, image->filesystems[i].offset);
}
