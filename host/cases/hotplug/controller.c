/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers that come while the guest runs, with disks behind them: NVMe, SCSI. */
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define DISK_MIB 64
#define WORDS	 "assay: written by the guest through a controller that came while it ran\n"

static void make_node(struct host_trial *t, const char *id)
{
	const char *path = device_file(t, id);

	if (device_file_make(t, path, DISK_MIB))
		device_node(t, id, path, "\"discard\":\"unmap\"");
}

/* Written in the guest, read on the host. */
static void check_keeps_data(struct host_trial *t, const char *id, const char *disk)
{
	HOST_CHECK_EQ(t, disk_write(t, disk, WORDS), 0);
	HOST_CHECK(t, disk_file_says(t, device_file(t, id), WORDS));
}

static const char *plug_nvme(struct host_trial *t)
{
	make_node(t, "assaynvme");
	device_plug(t, "assaynvme",
		    "\"driver\":\"nvme\",\"drive\":\"assaynvme\",\"serial\":\"assaynvme\","
		    "\"bus\":\"hot0\"");
	const char *disk = disk_await(t, "assaynvme");
	if (!disk)
		device_needs_udev(t);
	return disk;
}

HOST_CASE(hotplug, nvme_add_and_remove_work,
	  .title = "An NVMe disk can be added, used and removed while running", .priority = P2,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,kconfig:BLK_DEV_NVME",
	  .timeout_s = 200, .why = "Clouds attach their fast disks as NVMe.",
	  .remedy = "Check PCI hot-plug (pciehp, acpiphp) and the nvme driver in the kernel.",
	  .sources = "AZCERT:lisa-other/hot-add-disk")
{
	const char *disk = plug_nvme(t);

	HOST_REQUIRE(t, disk != NULL);
	check_keeps_data(t, "assaynvme", disk);
	HOST_CHECK(t, device_unplug(t, "assaynvme"));
	HOST_CHECK(t, disk_await_absence(t, disk));
}

HOST_SABOTAGE(hotplug, nvme_add_and_remove_work, "the controller is taken from its driver")
{
	HOST_REQUIRE(t, plug_nvme(t) != NULL);
	HOST_REQUIRE(t, host_guest_run(t, NULL, "sh", "-c",
				       "cd /sys/bus/pci/drivers/nvme && for device in *:*; do "
				       "echo \"$device\" > unbind; done",
				       NULL) == 0);
}

/* ---- SCSI ---- */

static const unsigned units[] = {3, 42, 199};

/* A unit that comes before the controller has its driver is found with it: that would be no hot-plug of units. */
static void await_driver(struct host_trial *t)
{
	for (int i = 0; i < 10 * DEVICE_S; i++) {
		const char *bound = "";
		if (host_call(t, "stat", "/sys/bus/virtio/drivers/virtio_scsi", NULL) == 0)
			bound = host_ask(t, "list", "/sys/bus/virtio/drivers/virtio_scsi", NULL);
		if (bound && strstr(bound, "virtio"))
			return;
		host_sleep(t, 100);
	}
	device_needs_udev(t);
	HOST_FAIL(t, "the SCSI controller that was plugged in has got no driver");
}

static void plug_scsi(struct host_trial *t, bool hotplug)
{
	device_plug(t, "scsi",
		    host_format(t, "\"driver\":\"virtio-scsi-pci\",\"hotplug\":%s,\"bus\":\"hot0\"",
				hotplug ? "true" : "false"));
	await_driver(t);
}

HOST_CASE(
	hotplug, scsi_units_at_random_numbers_appear,
	.title = "SCSI disks added at any unit numbers appear at those numbers", .priority = P2,
	.isolation = ISOLATION_FORK,
	.needs = "hotplug-slots>=1,kconfig:SCSI_VIRTIO,kconfig:BLK_DEV_SD", .timeout_s = 200,
	.why = "Clouds number the disks as the customer says, and programs find them by the number.",
	.remedy = "Check the virtio_scsi driver's hot-plug events in the kernel.",
	.sources =
		"LISA:verify_hot_add_disk_serial_random_lun_premium_ssd,LISA:verify_hot_add_disk_serial_random_lun_standard_ssd")
{
	plug_scsi(t, true);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *id = host_format(t, "unit%u", units[i]);
		make_node(t, id);
		device_plug(t, id,
			    host_format(t,
					"\"driver\":\"scsi-hd\",\"bus\":\"scsi.0\",\"scsi-id\":0,"
					"\"lun\":%u,\"drive\":\"%s\",\"serial\":\"%s\"",
					units[i], id, id));
		const char *disk = disk_await(t, id);
		HOST_REQUIRE(t, disk != NULL);
		const char *address = host_ask(
			t, "list", host_format(t, "/sys/block/%s/device/scsi_disk", disk), NULL);
		HOST_CHECK_CONTAINS(t, address, host_format(t, ":0:0:%u\n", units[i]));
		check_keeps_data(t, id, disk);
	}
}

HOST_SABOTAGE(hotplug, scsi_units_at_random_numbers_appear, "the controller tells of no new units")
{
	plug_scsi(t, false);
	host_sleep(t, 2000); /* until its own look for units is over */
}

/* ---- a drive for media ---- */

#define DRIVE "/dev/sr0" /* the first: the machine has none of its own */

static void plug_drive(struct host_trial *t)
{
	plug_scsi(t, true);
	device_plug(t, "drive", "\"driver\":\"scsi-cd\",\"bus\":\"scsi.0\"");
	bool is_there = host_call(t, "await_path", "30", DRIVE, NULL) == 0;
	if (!is_there)
		device_needs_udev(t);
	HOST_REQUIRE(t, is_there);
}

/* In the end it has, or has no, medium. */
static bool drive_comes_to(struct host_trial *t, bool has_medium)
{
	const char *said = "";

	for (int i = 0; i < 100; i++) {
		said = host_ask(t, "probe", "cdrom_status", DRIVE, NULL);
		if (said && (strcmp(said, "disc") == 0) == has_medium)
			return true;
		host_sleep(t, 100);
	}
	host_note(t, "the drive says: %s", said ? said : "nothing");
	return false;
}

/* It is the only one that a guest can lock. */
static bool tray_is_locked(struct host_trial *t)
{
	for (int i = 0; i < 300; i++) {
		const char *said = host_qmp(t, "query-block", NULL);
		if (said && strstr(said, "\"locked\":true"))
			return true;
		host_sleep(t, 100);
	}
	return false;
}

HOST_CASE(storage, cdrom_status_follows_media,
	  .title = "Inserting and ejecting a virtual CD is seen by the guest", .priority = P3,
	  .isolation = ISOLATION_FORK,
	  .needs = "hotplug-slots>=1,kconfig:SCSI_VIRTIO,kconfig:BLK_DEV_SR", .timeout_s = 200,
	  .why = "Guest tools, drivers and keys are handed over on virtual CDs.",
	  .remedy = "Check the sr_mod driver, and what holds the drive's tray.", .sources = "own")
{
	plug_drive(t);
	HOST_CHECK(t, drive_comes_to(t, false));
	make_node(t, "medium");
	HOST_REQUIRE(t, host_qmp(t, "blockdev-open-tray", "{\"id\":\"drive\"}") != NULL);
	HOST_REQUIRE(t, host_qmp(t, "blockdev-insert-medium",
				 "{\"id\":\"drive\",\"node-name\":\"medium\"}") != NULL);
	HOST_REQUIRE(t, host_qmp(t, "blockdev-close-tray", "{\"id\":\"drive\"}") != NULL);
	HOST_CHECK(t, drive_comes_to(t, true));
	HOST_CHECK(t, host_qmp(t, "eject", "{\"id\":\"drive\"}") != NULL);
	HOST_CHECK(t, drive_comes_to(t, false));
}

HOST_SABOTAGE(storage, cdrom_status_follows_media, "a process in the guest holds the tray locked")
{
	plug_drive(t);
	HOST_REQUIRE(t, host_call(t, "probe", "&cdrom_lock", DRIVE, NULL) == 0);
	HOST_REQUIRE(t, tray_is_locked(t));
}
