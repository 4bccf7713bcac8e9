/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that come and go while the guest runs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cases/host_case.h"

#define DISK_BYTES (64LL << 20)
#define APPEAR_S   30
#define WORDS	   "assay: written by the guest onto a disk that came while it ran\n"

/* The words in `now` that are not in `before`, both lists of names one a line; NULL when there are none yet. */
static const char *new_name(struct host_trial *t, const char *before, const char *now)
{
	const char *padded = host_format(t, "\n%s", before);

	for (const char *at = now; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *name = host_format(t, "%.*s", (int)strcspn(at, "\n"), at);
		if (name[0] && !strstr(padded, host_format(t, "\n%s\n", name)))
			return name;
	}
	return NULL;
}

/* Waits for an entry more in the folder than before; NULL when none comes. */
static const char *wait_for_new(struct host_trial *t, const char *folder, const char *before)
{
	for (int i = 0; i < APPEAR_S * 4; i++) {
		const char *now = host_ask(t, "list", folder, NULL);
		const char *name = now ? new_name(t, before, now) : NULL;
		if (name)
			return name;
		host_sleep(t, 250);
	}
	return NULL;
}

static bool wait_for_absence(struct host_trial *t, const char *path)
{
	for (int i = 0; i < APPEAR_S * 4; i++) {
		if (host_call(t, "stat", path, NULL) != 0)
			return true;
		host_sleep(t, 250);
	}
	return false;
}

static const char *list(struct host_trial *t, const char *folder)
{
	const char *names = host_ask(t, "list", folder, NULL);

	HOST_REQUIRE(t, names != NULL);
	return names;
}

/* An empty disk in the machine's own folder. */
static const char *make_disk(struct host_trial *t)
{
	const char *path = host_format(t, "%s/hot-disk.raw", machine_spec(host_machine(t))->folder);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, DISK_BYTES) < 0)
		host_broken(t, "create %s: %m", path);
	close(fd);
	return path;
}

static void plug_disk(struct host_trial *t, const char *path)
{
	HOST_REQUIRE(t, host_qmp(t, "blockdev-add",
				 host_format(t,
					     "{\"driver\":\"raw\",\"node-name\":\"hot\",\"file\":"
					     "{\"driver\":\"file\",\"filename\":\"%s\"}}",
					     path)) != NULL);
	HOST_REQUIRE(t,
		     host_qmp(t, "device_add",
			      "{\"driver\":\"virtio-blk-pci\",\"id\":\"hotdisk\",\"drive\":\"hot\","
			      "\"serial\":\"assayhot\",\"bus\":\"hot0\"}") != NULL);
}

/* What stands at the beginning of the disk, as the host sees it. */
static const char *first_words(struct host_trial *t, const char *path)
{
	char *words = host_alloc(t, sizeof WORDS);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, words, sizeof WORDS - 1) < 0)
		host_broken(t, "read %s: %m", path);
	close(fd);
	return words;
}

HOST_CASE(
	hotplug, disk_add_is_usable,
	.title = "A disk added while running appears, keeps data and goes", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 200,
	.why = "Disks are attached and detached without stopping the machine.",
	.remedy = "Check PCI hot-plug (pciehp, acpiphp) and virtio_blk in the kernel.",
	.sources =
		"LISA:verify_hot_add_disk_serial,LISA:verify_hot_add_disk_serial_premium_ssd,LISA:verify_hot_add_disk_serial_standard_ssd,AZCERT:lisa-other/hot-add-disk")
{
	const char *before = list(t, "/sys/block"), *path = make_disk(t);

	plug_disk(t, path);
	const char *disk = wait_for_new(t, "/sys/block", before);
	HOST_REQUIRE(t, disk != NULL);
	const char *size = host_guest_read(t, host_format(t, "/sys/block/%s/size", disk));
	HOST_CHECK_TEXT(t, size, host_format(t, "%lld\n", DISK_BYTES / 512));
	HOST_CHECK_EQ(
		t,
		host_guest_run(t, NULL, "sh", "-c",
			       host_format(t, "printf '%s' | dd of=/dev/%s conv=fsync 2>/dev/null",
					   WORDS, disk),
			       NULL),
		0);
	HOST_CHECK_TEXT(t, first_words(t, path), WORDS);
	host_forget_events(t);
	HOST_REQUIRE(t, host_qmp(t, "device_del", "{\"id\":\"hotdisk\"}") != NULL);
	HOST_CHECK(t, host_wait_event(t, "DEVICE_DELETED", APPEAR_S));
	HOST_CHECK(t, wait_for_absence(t, host_format(t, "/sys/block/%s", disk)));
}

HOST_SABOTAGE(hotplug, disk_add_is_usable, "new virtio devices get no driver")
{
	host_guest_write(t, "/sys/bus/virtio/drivers_autoprobe", "0");
}

HOST_CASE(
	hotplug, nic_add_and_remove_work,
	.title = "A NIC added while running appears, and goes without leftovers", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "arch:x86_64", .timeout_s = 200,
	.why = "Networks are attached and detached without stopping the machine.",
	.remedy =
		"Check PCI hot-plug and virtio_net in the kernel, and what the network manager leaves behind.",
	.sources = "AZCERT:lisa-other/hot-add-nic")
{
	const char *before = list(t, "/sys/class/net");

	HOST_REQUIRE(t,
		     host_qmp(t, "netdev_add",
			      "{\"type\":\"user\",\"id\":\"hotnet\",\"restrict\":true}") != NULL);
	HOST_REQUIRE(
		t,
		host_qmp(
			t, "device_add",
			"{\"driver\":\"virtio-net-pci\",\"id\":\"hotnic\",\"netdev\":\"hotnet\",\"romfile\":\"\","
			"\"bus\":\"hot1\"}") != NULL);
	const char *nic = wait_for_new(t, "/sys/class/net", before);
	HOST_REQUIRE(t, nic != NULL);
	host_sleep(t, 2000); /* it is renamed, and a network manager may set it up */
	nic = new_name(t, before, list(t, "/sys/class/net"));
	HOST_REQUIRE(t, nic != NULL);
	host_forget_events(t);
	HOST_REQUIRE(t, host_qmp(t, "device_del", "{\"id\":\"hotnic\"}") != NULL);
	HOST_CHECK(t, host_wait_event(t, "DEVICE_DELETED", APPEAR_S));
	HOST_CHECK(t, wait_for_absence(t, host_format(t, "/sys/class/net/%s", nic)));
	HOST_CHECK_LACKS(t, host_guest_read(t, "/proc/net/route"), host_format(t, "%s\t", nic));
	HOST_CHECK_TEXT(t, list(t, "/sys/class/net"), before);
}

HOST_SABOTAGE(hotplug, nic_add_and_remove_work, "new virtio devices get no driver")
{
	host_guest_write(t, "/sys/bus/virtio/drivers_autoprobe", "0");
}
