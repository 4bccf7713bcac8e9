/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that wait for devices which the host plugs in and takes away. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/clock.h"
#include "guest/call.h"
#include "guest/kit/uevent.h"

#define SERIAL_MAX 4096
#define RECORD_MAX 65536
#define LINE_SIZE  4096

/* What is waited for: 0 when it is so. A name that was found is added to the reply. */
typedef bool is_so_fn(const struct call *call);

static int wait_until(struct call *call, is_so_fn *is_so)
{
	CLEAN_FD int fd = uevent_open();
	long long seconds;

	if (number_parse(call->arguments[0], 0, 3600, &seconds) < 0)
		return EINVAL;
	uint64_t until_ns = clock_now_ns() + (uint64_t)seconds * NS_PER_S;
	while (!is_so(call))
		if (!uevent_wait(fd, until_ns))
			return ETIMEDOUT;
	return 0;
}

/* ---- what udev has to say ---- */

/* Where there is a udev that keeps records, it has one of the device when it has done with it. From systemd 256 on there is
 * one as soon as udev begins, which says so. */
static bool udev_is_done(const char *record)
{
	CLEAN_TEXT struct text content = TEXT_INIT(RECORD_MAX);
	char path[128];

	if (access("/run/udev/data", F_OK) < 0)
		return true;
	(void)snprintf(path, sizeof path, "/run/udev/data/%s", record);
	return text_read_file(&content, path) == 0 && !strstr(content.buf, "E:ID_PROCESSING=1\n");
}

/* ---- disks ---- */

static bool file_names_serial(const char *path, const char *serial)
{
	CLEAN_TEXT struct text content = TEXT_INIT(SERIAL_MAX);

	if (text_read_file(&content, path) < 0)
		return false;
	/* A page of SCSI's has four bytes before it. */
	const char *at = memmem(content.buf, content.length, serial, strlen(serial));
	size_t after = at ? (size_t)(at - content.buf) + strlen(serial) : 0;
	return at && (after == content.length || strchr(" \n", content.buf[after]));
}

/* The serial number stands at the disk itself (virtio) or above it (NVMe, SCSI, USB). */
static bool has_serial(const char *disk, const char *serial)
{
	static const char *const names[] = {"serial", "vpd_pg80"};
	char path[PATH_MAX], real[PATH_MAX], *slash;

	(void)snprintf(path, sizeof path, "/sys/block/%s", disk);
	if (!realpath(path, real))
		return false;
	for (; strlen(real) > strlen("/sys/devices"); *slash = '\0') {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			if (snprintf(path, sizeof path, "%s/%s", real, names[i]) <
				    (int)sizeof path &&
			    file_names_serial(path, serial))
				return true;
		}
		slash = strrchr(real, '/');
	}
	return false;
}

static bool disk_is_ready(const char *disk)
{
	char path[PATH_MAX], record[64];
	struct stat st;

	(void)snprintf(path, sizeof path, "/dev/%s", disk);
	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return false;
	(void)snprintf(record, sizeof record, "b%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return udev_is_done(record);
}

static bool disk_is_there(const struct call *call)
{
	DIR *dir = opendir("/sys/block");
	bool is_found = false;

	for (struct dirent *entry; dir && !is_found && (entry = readdir(dir));) {
		is_found = entry->d_name[0] != '.' &&
			   has_serial(entry->d_name, call->arguments[1]) &&
			   disk_is_ready(entry->d_name);
		if (is_found)
			(void)text_adds(call->reply, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return is_found;
}

static int call_await_disk(struct call *call)
{
	return wait_until(call, disk_is_there);
}

/* ---- NICs ---- */

static bool has_mac(const char *nic, const char *mac)
{
	CLEAN_TEXT struct text own = TEXT_INIT(64);
	char path[PATH_MAX];

	(void)snprintf(path, sizeof path, "/sys/class/net/%s/address", nic);
	return text_read_file(&own, path) == 0 && has_prefix(own.buf, mac);
}

static bool nic_is_there(const struct call *call)
{
	DIR *dir = opendir("/sys/class/net");
	bool is_found = false;

	for (struct dirent *entry; dir && !is_found && (entry = readdir(dir));) {
		char record[64];
		unsigned index = if_nametoindex(entry->d_name);
		(void)snprintf(record, sizeof record, "n%u", index);
		/* It may have got its name while we looked. */
		is_found = entry->d_name[0] != '.' && has_mac(entry->d_name, call->arguments[1]) &&
			   udev_is_done(record) && if_nametoindex(entry->d_name) == index;
		if (is_found)
			(void)text_adds(call->reply, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return is_found;
}

static int call_await_nic(struct call *call)
{
	return wait_until(call, nic_is_there);
}

/* ---- files ---- */

static bool path_is_there(const struct call *call)
{
	return access(call->arguments[1], F_OK) == 0;
}

static int call_await_path(struct call *call)
{
	return wait_until(call, path_is_there);
}

static bool path_is_gone(const struct call *call)
{
	struct stat st;

	return lstat(call->arguments[1], &st) < 0 && errno == ENOENT;
}

static int call_await_absence(struct call *call)
{
	return wait_until(call, path_is_gone);
}

/* Without the line's end. */
static bool line_is(const struct call *call)
{
	CLEAN_TEXT struct text content = TEXT_INIT(LINE_SIZE);
	size_t length = strlen(call->arguments[2]);

	return text_read_file(&content, call->arguments[1]) == 0 &&
	       strcspn(content.buf, "\n") == length &&
	       memcmp(content.buf, call->arguments[2], length) == 0;
}

static int call_await_line(struct call *call)
{
	return wait_until(call, line_is);
}

const struct call_verb call_device_verbs[] = {
	{"await_absence", "SECONDS PATH", "waits until there is no such file", 2, 2,
	 call_await_absence},
	{"await_disk", "SECONDS SERIAL", "waits for a disk with that serial number: its name", 2, 2,
	 call_await_disk},
	{"await_line", "SECONDS PATH LINE", "waits until that is the file's first line", 3, 3,
	 call_await_line},
	{"await_nic", "SECONDS MAC", "waits for a NIC with that address: its name", 2, 2,
	 call_await_nic},
	{"await_path", "SECONDS PATH", "waits until there is such a file", 2, 2, call_await_path},
	{NULL, NULL, NULL, 0, 0, NULL},
};
