/* SPDX-License-Identifier: Apache-2.0 */
/* Plugging devices in and taking them away, for host cases. */
#include "host/cases/host_hotplug.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "host/cases/host_trial.h"

#define MIB	     (1LL << 20)
#define SECONDS_TEXT "30" /* DEVICE_S */
#define QUIET_TEXT   "20"
#define JSON_MAX     16384

/* ---- files ---- */

const char *device_file(struct host_trial *t, const char *name)
{
	return host_format(t, "%s/%s.raw", machine_spec(host_machine(t))->folder, name);
}

void device_file_take(struct host_trial *t, const char *path)
{
	if (t->file_count == HOST_FILES_MAX)
		host_broken(t, "more than %d files for devices", HOST_FILES_MAX);
	t->files[t->file_count++] = path;
}

bool device_file_make(struct host_trial *t, const char *path, unsigned mib)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return false;
	if (fd < 0 || ftruncate(fd, mib * MIB) < 0)
		host_broken(t, "make %s: %m", path);
	close(fd);
	device_file_take(t, path);
	return true;
}

bool disk_file_says(struct host_trial *t, const char *path, const char *words)
{
	size_t length = strlen(words);
	char *found = host_alloc(t, length + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, found, length) < 0)
		host_broken(t, "read %s: %m", path);
	close(fd);
	return memcmp(found, words, length) == 0;
}

long long disk_file_used(struct host_trial *t, const char *path)
{
	struct stat stat_;

	if (stat(path, &stat_) < 0)
		host_broken(t, "look at %s: %m", path);
	return (long long)stat_.st_blocks * 512;
}

/* ---- QEMU's side ---- */

static void must_qmp(struct host_trial *t, const char *command, const char *arguments)
{
	if (!host_qmp(t, command, arguments))
		host_broken(t, "QEMU refuses %s %.300s", command, arguments);
}

void device_node(struct host_trial *t, const char *node, const char *path, const char *members)
{
	struct text *json = &t->scratch;

	text_clear(json);
	json_open(json, '{');
	json_member(json, "driver", "raw");
	json_member(json, "node-name", node);
	json_key(json, "file");
	json_open(json, '{');
	json_member(json, "driver", "file");
	json_member(json, "filename", path);
	json_close(json, '}');
	(void)text_addf(json, "%s%s}", members[0] ? "," : "", members);
	const char *arguments = host_keep(t, json->buf, json->length);
	must_qmp(t, "blockdev-add", arguments);
}

bool device_is_plugged(struct host_trial *t, const char *id)
{
	const char *all = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral\"}");

	return all && strstr(all, host_format(t, "\"%s\"", id)) != NULL;
}

void device_plug(struct host_trial *t, const char *id, const char *members)
{
	if (!device_is_plugged(t, id))
		must_qmp(t, "device_add", host_format(t, "{\"id\":\"%s\",%s}", id, members));
}

/* A guest that has died over the device does not answer, which is no word on what it has. */
void device_needs_udev(struct host_trial *t)
{
	if (host_call(t, "stat", "/run/udev/control", NULL) == ENOENT &&
	    host_call(t, "stat", "/run/systemd/system", NULL) == ENOENT)
		host_skip(t, "udev", "nobody in the guest loads a driver for what is plugged in");
}

void device_await_quiet(struct host_trial *t)
{
	(void)host_call(t, "await_absence", QUIET_TEXT, "/run/udev/queue", NULL);
}

bool device_unplug(struct host_trial *t, const char *id)
{
	device_await_quiet(t);
	/* Of the device itself; its parts have events of their own, without it. */
	const char *part = host_format(t, "/machine/peripheral/%s\"", id);

	host_forget_events(t);
	must_qmp(t, "device_del", host_format(t, "{\"id\":\"%s\"}", id));
	return host_wait_event_of(t, "DEVICE_DELETED", part, DEVICE_S);
}

/* ---- disks in the guest ---- */

const char *disk_await(struct host_trial *t, const char *serial)
{
	return host_ask(t, "await_disk", SECONDS_TEXT, serial, NULL);
}

bool disk_await_absence(struct host_trial *t, const char *disk)
{
	return host_call(t, "await_absence", SECONDS_TEXT, host_format(t, "/sys/block/%s", disk),
			 NULL) == 0;
}

const char *disk_plug(struct host_trial *t, const char *id, unsigned port, unsigned mib)
{
	const char *path = device_file(t, id);

	if (device_file_make(t, path, mib))
		device_node(t, id, path, "\"discard\":\"unmap\"");
	device_plug(t, id,
		    host_format(t,
				"\"driver\":\"virtio-blk-pci\",\"drive\":\"%s\",\"serial\":\"%s\","
				"\"bus\":\"hot%u\"",
				id, id, port));
	return disk_await(t, id);
}

int disk_write(struct host_trial *t, const char *disk, const char *words)
{
	return host_call(t, "write", host_format(t, "/dev/%s", disk), words, "sync", NULL);
}

/* ---- with a filesystem ---- */

bool device_folder_is_mounted(struct host_trial *t)
{
	const char *mounts = host_guest_read(t, "/proc/self/mounts");

	return mounts && strstr(mounts, " " DEVICE_FOLDER " ") != NULL;
}

void disk_mount_new(struct host_trial *t, const char *disk)
{
	const char *device = host_format(t, "/dev/%s", disk), *said = "";

	if (device_folder_is_mounted(t))
		return;
	if (host_guest_run(t, &said, "mkfs.ext4", "-q", "-F", device, NULL) != 0)
		host_broken(t, "mkfs.ext4 %s: %s", device, said);
	if (!disk_mount(t, disk))
		host_broken(t, "what was made on %s cannot be mounted", device);
}

bool disk_mount(struct host_trial *t, const char *disk)
{
	return host_call(t, "mount", host_format(t, "/dev/%s", disk), DEVICE_FOLDER, "ext4", "rw",
			 NULL) == 0;
}
