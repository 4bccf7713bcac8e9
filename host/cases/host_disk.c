/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that come while the machine runs, and fail when the case wants it. */
#include "host/cases/host_disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define APPEAR_S 60
#define LOOK_MS	 100
#define PORTS	 4 /* hot0 … */

const char *host_disk_path(struct host_trial *t, const char *name)
{
	return host_format(t, "%s/" CASE_NODE_PREFIX "%s.raw",
			   machine_spec(host_machine(t))->folder, name);
}

static void make_file(struct host_trial *t, const char *path, unsigned mib)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool is_made = fd >= 0 && ftruncate(fd, (off_t)mib << 20) == 0;

	if (fd >= 0)
		close(fd);
	if (!is_made)
		host_broken(t, "make a disk of %u MiB in %s: %m", mib, path);
}

/* For set-up: what QEMU refuses makes the case broken. */
static const char *must_qmp(struct host_trial *t, const char *command, const char *arguments)
{
	const char *reply = host_qmp(t, command, arguments);

	if (!reply)
		host_broken(t, "QEMU refuses %s %s", command, arguments);
	return reply;
}

/* The disk with that serial number; NULL when the guest has none yet. */
static const char *find_disk(struct host_trial *t, const char *name)
{
	const char *names = host_ask(t, "list", "/sys/block", NULL);

	for (const char *at = names; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *disk = host_format(t, "%.*s", (int)strcspn(at, "\n"), at);
		const char *serial =
			host_guest_read(t, host_format(t, "/sys/block/%s/serial", disk));
		if (serial && strncmp(serial, name, strlen(name)) == 0 &&
		    (serial[strlen(name)] == '\0' || serial[strlen(name)] == '\n'))
			return disk;
	}
	return NULL;
}

static const char *await_disk(struct host_trial *t, const char *name)
{
	const char *disk = NULL;

	for (unsigned i = 0; i < APPEAR_S * 1000 / LOOK_MS && !(disk = find_disk(t, name)); i++)
		host_sleep(t, LOOK_MS);
	if (!disk)
		host_broken(t, "the guest does not see the disk that was plugged in");
	return disk;
}

#define DEVICE CASE_NODE_PREFIX "dev-%s"

static bool is_plugged(struct host_trial *t, const char *name)
{
	const char *children = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral\"}");

	return children && strstr(children, host_format(t, "\"" DEVICE "\"", name));
}

/* Into the first of the machine's PCI ports that is free: QEMU refuses the others. Without an address it would put a second
 * device behind a port, where no guest looks. */
static bool plug(struct host_trial *t, const char *name, const char *options)
{
	for (unsigned i = 0; i < PORTS; i++) {
		const char *device = host_format(
			t,
			"{\"driver\":\"virtio-blk-pci\",\"id\":\"" DEVICE "\",\"drive\":"
			"\"" CASE_NODE_PREFIX "%s\",\"serial\":\"%s\",\"bus\":\"hot%u\","
			"\"addr\":\"0\"%s}",
			name, name, name, i, options);
		if (host_qmp(t, "device_add", device))
			return true;
	}
	return false;
}

const char *host_disk_plug_file(struct host_trial *t, const char *name, const char *path,
				const char *options)
{
	if (is_plugged(t, name))
		return await_disk(t, name);
	(void)must_qmp(t, "blockdev-add",
		       host_format(t,
				   "{\"driver\":\"raw\",\"node-name\":\"" CASE_NODE_PREFIX
				   "%s\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}",
				   name, path));
	if (!plug(t, name, options))
		host_broken(t, "no disk can be plugged into the machine");
	return await_disk(t, name);
}

const char *host_disk_plug(struct host_trial *t, const char *name, unsigned mib,
			   const char *options)
{
	const char *path = host_disk_path(t, name);

	if (!is_plugged(t, name))
		make_file(t, path, mib);
	return host_disk_plug_file(t, name, path, options);
}

void host_disk_swap(struct host_trial *t, const char *name, const char *node)
{
	(void)must_qmp(t, "qom-set",
		       host_format(t,
				   "{\"path\":\"/machine/peripheral/" DEVICE "\",\"property\":"
				   "\"drive\",\"value\":\"%s\"}",
				   name, node));
}

void host_disk_fail(struct host_trial *t, const char *name, const char *rule)
{
	const char *node = host_format(t, CASE_NODE_PREFIX "%s-bad", name);

	(void)must_qmp(t, "blockdev-add",
		       host_format(t,
				   "{\"driver\":\"blkdebug\",\"node-name\":\"%s\","
				   "\"image\":\"" CASE_NODE_PREFIX "%s\",\"inject-error\":[%s]}",
				   node, name, rule));
	host_disk_swap(t, name, node);
}

void host_disk_mend(struct host_trial *t, const char *name)
{
	host_disk_swap(t, name, host_format(t, CASE_NODE_PREFIX "%s", name));
}

const char *host_disk_bytes(struct host_trial *t, const char *name, uint64_t offset, size_t length)
{
	const char *path = host_disk_path(t, name);
	char *bytes = host_alloc(t, length + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? pread(fd, bytes, length, (off_t)offset) : -1;

	if (fd >= 0)
		close(fd);
	if (got < 0)
		host_broken(t, "read %s: %m", path);
	return bytes;
}

/* ---- ext4 ---- */

#define SUPERBLOCK 1024 /* Documentation/filesystems/ext4/super.rst of Linux */

static unsigned little(const char *bytes, size_t at, unsigned length)
{
	unsigned value = 0;

	while (length-- > 0)
		value = value << 8 | (unsigned char)bytes[at + length];
	return value;
}

struct host_ext4 host_disk_ext4(struct host_trial *t, const char *name)
{
	const char *super = host_disk_bytes(t, name, SUPERBLOCK, 1024);

	return (struct host_ext4){
		.is_there = little(super, 0x38, 2) == 0xef53,
		.is_clean = little(super, 0x3a, 2) == 1, /* valid, and no errors */
		.has_journal = little(super, 0x5c, 4) & 0x4,
		.needs_recovery = little(super, 0x60, 4) & 0x4,
		.errors = little(super, 0x194, 4),
	};
}

const char *host_disk_mount(struct host_trial *t, const char *name, const char *disk,
			    const char *more, const char *value)
{
	const char *device = host_format(t, "/dev/%s", disk);
	const char *folder = host_format(t, "/srv/assay-%s", name), *output = "";

	if (!host_disk_ext4(t, name).is_there &&
	    host_guest_run(t, &output, "mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", device,
			   more, value, NULL) != 0)
		host_broken(t, "mkfs.ext4 %s: %s", device, output);
	if (host_call(t, "mount", device, folder, "ext4", "rw", NULL) != 0)
		host_broken(t, "the guest cannot mount %s", device);
	return folder;
}
