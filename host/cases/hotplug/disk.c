/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual disks that come, grow and go while the guest runs. */
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define DISK_MIB 64
#define BURST	 8
#define WORDS	 "assay: written by the guest onto a disk that came while it ran\n"
#define KEPT	 DEVICE_FOLDER "/kept"

#define REMEDY_HOTPLUG "Check PCI hot-plug (pciehp, acpiphp) and virtio_blk in the kernel."

static void no_driver_for_virtio(struct host_trial *t)
{
	host_guest_write(t, "/sys/bus/virtio/drivers_autoprobe", "0");
}

static const char *plugged(struct host_trial *t, const char *id, unsigned port)
{
	const char *disk = disk_plug(t, id, port, DISK_MIB);

	HOST_REQUIRE(t, disk != NULL);
	return disk;
}

HOST_CASE(
	hotplug, disk_add_is_usable,
	.title = "A disk added while running appears, keeps data and goes", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1", .timeout_s = 200,
	.why = "Disks are attached and detached without stopping the machine.",
	.remedy = REMEDY_HOTPLUG,
	.sources =
		"LISA:verify_hot_add_disk_serial,LISA:verify_hot_add_disk_serial_premium_ssd,LISA:verify_hot_add_disk_serial_standard_ssd,AZCERT:lisa-other/hot-add-disk")
{
	const char *disk = plugged(t, "added", 0);
	const char *size = host_guest_read(t, host_format(t, "/sys/block/%s/size", disk));

	HOST_CHECK_TEXT(t, size, host_format(t, "%d\n", DISK_MIB * 2048));
	HOST_CHECK_EQ(t, disk_write(t, disk, WORDS), 0);
	HOST_CHECK(t, disk_file_says(t, device_file(t, "added"), WORDS));
	HOST_CHECK(t, device_unplug(t, "added"));
	HOST_CHECK(t, disk_await_absence(t, disk));
}

HOST_SABOTAGE(hotplug, disk_add_is_usable, "new virtio devices get no driver")
{
	no_driver_for_virtio(t);
}

/* ---- growing ---- */

static void grow(struct host_trial *t, const char *id, unsigned mib)
{
	HOST_REQUIRE(t, host_qmp(t, "block_resize",
				 host_format(t, "{\"node-name\":\"%s\",\"size\":%lld}", id,
					     (long long)mib << 20)) != NULL);
}

static bool shows_size(struct host_trial *t, const char *disk, unsigned mib)
{
	return host_call(t, "await_line", "30", host_format(t, "/sys/block/%s/size", disk),
			 host_format(t, "%u", mib * 2048), NULL) == 0;
}

HOST_CASE(hotplug, disk_online_resize_is_seen,
	  .title = "A disk enlarged while running shows its new size at once", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1", .timeout_s = 200,
	  .why = "Disks are enlarged without stopping the machine.",
	  .remedy = "Look in the kernel log for virtio_blk's change of the disk's capacity.",
	  .sources = "own")
{
	const char *disk = plugged(t, "grown", 0);

	HOST_REQUIRE(t, shows_size(t, disk, DISK_MIB));
	grow(t, "grown", 2 * DISK_MIB);
	HOST_CHECK(t, shows_size(t, disk, 2 * DISK_MIB));
}

HOST_SABOTAGE(hotplug, disk_online_resize_is_seen,
	      "a frozen copy of the disk's size covers the real one")
{
	static const char frozen[] = "/run/assay-size";
	const char *disk = plugged(t, "grown", 0);

	host_guest_write(t, frozen, host_format(t, "%d\n", DISK_MIB * 2048));
	HOST_REQUIRE(t, host_guest_run(t, NULL, "mount", "--bind", frozen,
				       host_format(t, "/sys/block/%s/size", disk), NULL) == 0);
}

static long long filesystem_bytes(struct host_trial *t)
{
	const char *said = host_ask(t, "probe", "statfs", DEVICE_FOLDER, NULL);
	long long bytes = 0;

	HOST_REQUIRE(t, said && sscanf(said, "bytes=%lld", &bytes) == 1);
	return bytes;
}

HOST_CASE(hotplug, resized_disk_filesystem_grows,
	  .title = "A mounted filesystem grows onto an enlarged disk without unmounting",
	  .priority = P2, .isolation = ISOLATION_FORK,
	  .needs = "hotplug-slots>=1,cmd:mkfs.ext4,cmd:resize2fs", .timeout_s = 200,
	  .why = "A full disk is enlarged while its service runs.",
	  .remedy = "Read what resize2fs says, and the kernel log.", .sources = "own")
{
	const char *disk = plugged(t, "grown", 0);

	disk_mount_new(t, disk);
	host_guest_write(t, KEPT, WORDS);
	long long before = filesystem_bytes(t);
	grow(t, "grown", 2 * DISK_MIB);
	HOST_REQUIRE(t, shows_size(t, disk, 2 * DISK_MIB));
	HOST_CHECK_EQ(
		t, host_guest_run(t, NULL, "resize2fs", host_format(t, "/dev/%s", disk), NULL), 0);
	HOST_CHECK_GT(t, filesystem_bytes(t), before + before / 2);
	HOST_CHECK_TEXT(t, host_guest_read(t, KEPT), WORDS);
}

HOST_SABOTAGE(hotplug, resized_disk_filesystem_grows, "resize2fs does nothing")
{
	HOST_REQUIRE(t, host_guest_run(t, NULL, "sh", "-c",
				       "mount --bind /bin/true \"$(command -v resize2fs)\"",
				       NULL) == 0);
}

/* ---- away and back ---- */

HOST_CASE(hotplug, disk_reattach_keeps_file,
	  .title = "A file on a data disk survives detaching and attaching again", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=2,cmd:mkfs.ext4", .timeout_s = 200,
	  .why = "Disks are moved between machines with what is on them.", .remedy = REMEDY_HOTPLUG,
	  .sources = "CIT:hotattach.TestFileHotAttach")
{
	const char *disk = plugged(t, "moved", 0), *path = device_file(t, "moved");

	disk_mount_new(t, disk);
	HOST_REQUIRE(t, host_call(t, "write", KEPT, WORDS, "sync", NULL) == 0);
	HOST_REQUIRE(t, host_call(t, "umount", DEVICE_FOLDER, NULL) == 0);
	HOST_REQUIRE(t, device_unplug(t, "moved"));
	HOST_REQUIRE(t, disk_await_absence(t, disk));
	HOST_REQUIRE(t, host_qmp(t, "blockdev-del", "{\"node-name\":\"moved\"}") != NULL);
	device_node(t, "moved", path, "");
	disk = plugged(t, "moved", 1);
	HOST_REQUIRE(t, disk_mount(t, disk));
	HOST_CHECK_TEXT(t, host_guest_read(t, KEPT), WORDS);
}

HOST_SABOTAGE(hotplug, disk_reattach_keeps_file, "what is attached again is another disk")
{
	const char *first = device_file(t, "first");

	device_file_make(t, device_file(t, "moved"), DISK_MIB);
	device_file_make(t, first, DISK_MIB);
	device_node(t, "moved", first, "");
}

/* ---- pulled ---- */

HOST_CASE(hotplug, mounted_disk_removal_is_survived,
	  .title = "Pulling a mounted disk gives errors there and harms nothing else",
	  .priority = P1, .isolation = ISOLATION_FORK, .needs = "hotplug-slots>=1,cmd:mkfs.ext4",
	  .timeout_s = 200, .expects = "io-error,filesystem-error",
	  .why = "Disks are detached by mistake; the machine must outlive it.",
	  .remedy = "Look in the kernel log for what the disk's driver and filesystem did.",
	  .sources = "own")
{
	const char *disk = plugged(t, "pulled", 0);

	disk_mount_new(t, disk);
	HOST_REQUIRE(t, host_call(t, "write", KEPT, WORDS, "sync", NULL) == 0);
	HOST_CHECK(t, device_unplug(t, "pulled"));
	HOST_CHECK(t, disk_await_absence(t, disk));
	HOST_CHECK_NE(t, host_call(t, "write", DEVICE_FOLDER "/late", WORDS, "sync", NULL), 0);
	HOST_CHECK_EQ(t, host_call(t, "umount", DEVICE_FOLDER, NULL), 0);
	HOST_CHECK_EQ(t, host_call(t, "write", "/var/tmp/assay-alive", WORDS, "sync", NULL), 0);
	HOST_CHECK_TEXT(t, host_guest_read(t, "/var/tmp/assay-alive"), WORDS);
}

HOST_SABOTAGE(hotplug, mounted_disk_removal_is_survived,
	      "what is written after the disk has gone is taken all the same")
{
	disk_mount_new(t, plugged(t, "pulled", 0));
	HOST_REQUIRE(t, host_call(t, "mount", "none", DEVICE_FOLDER, "tmpfs", "rw", NULL) == 0);
}

/* ---- many ---- */

static const char *burst_id(struct host_trial *t, unsigned number)
{
	return host_format(t, "burst%u", number);
}

/* Nobody waits for the guest in between. */
static void plug_burst(struct host_trial *t)
{
	for (unsigned i = 0; i < BURST; i++) {
		const char *id = burst_id(t, i), *path = device_file(t, id);
		device_file_make(t, path, DISK_MIB);
		device_node(t, id, path, "");
	}
	for (unsigned i = 0; i < BURST; i++) {
		const char *id = burst_id(t, i);
		device_plug(t, id,
			    host_format(t,
					"\"driver\":\"virtio-blk-pci\",\"drive\":\"%s\","
					"\"serial\":\"%s\",\"bus\":\"hot%u\"",
					id, id, i));
	}
}

static void unplug_burst(struct host_trial *t)
{
	device_await_quiet(t);
	host_forget_events(t);
	for (unsigned i = 0; i < BURST; i++)
		HOST_REQUIRE(t,
			     host_qmp(t, "device_del",
				      host_format(t, "{\"id\":\"%s\"}", burst_id(t, i))) != NULL);
	for (unsigned i = 0; i < BURST; i++)
		HOST_CHECK(t, host_wait_event_of(
				      t, "DEVICE_DELETED",
				      host_format(t, "/machine/peripheral/%s\"", burst_id(t, i)),
				      DEVICE_S));
}

HOST_CASE(
	hotplug, disks_added_in_burst_are_usable,
	.title = "Many disks added at once all appear, work and go", .priority = P2,
	.isolation = ISOLATION_FORK, .needs = "hotplug-slots>=8", .timeout_s = 300,
	.why = "Orchestrators attach all volumes of a machine at the same moment.",
	.remedy = REMEDY_HOTPLUG,
	.sources =
		"LISA:verify_hot_add_disk_parallel,LISA:verify_hot_add_disk_parallel_premium_ssd,LISA:verify_hot_add_disk_parallel_standard_ssd")
{
	const char *disks[BURST];

	plug_burst(t);
	for (unsigned i = 0; i < BURST; i++) {
		disks[i] = disk_await(t, burst_id(t, i));
		HOST_REQUIRE(t, disks[i] != NULL);
	}
	for (unsigned i = 0; i < BURST; i++) {
		const char *words = host_format(t, "%u %s", i, WORDS);
		HOST_CHECK_EQ(t, disk_write(t, disks[i], words), 0);
		HOST_CHECK(t, disk_file_says(t, device_file(t, burst_id(t, i)), words));
	}
	unplug_burst(t);
	for (unsigned i = 0; i < BURST; i++)
		HOST_CHECK(t, disk_await_absence(t, disks[i]));
}

HOST_SABOTAGE(hotplug, disks_added_in_burst_are_usable, "new virtio devices get no driver")
{
	no_driver_for_virtio(t);
}
