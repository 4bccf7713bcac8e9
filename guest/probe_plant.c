/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes of the micro-VM: planting a defect into the disk of a machine that is still to be booted. The disk is the first
 * virtio disk; its filesystems are mounted, changed and unmounted by a real kernel, so every type works that it knows.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "guest/kit/probe.h"

#define DISK		"vda"
#define MOUNTS		"/mnt"
#define FILESYSTEMS_MAX 16
#define CONFIG_MAX	(1U << 20)

/* Where filesystems keep their root when it is not the top: btrfs subvolumes as distributions name them. */
static const char *const tops[] = {"", "/@", "/root", "/@rootfs", "/@/.snapshots/1/snapshot"};

/* The loaders' files, below a root or on a boot partition of its own; a name that ends in a slash is a folder of *.conf. */
static const char *const configs[] = {
	"/boot/grub/grub.cfg",
	"/boot/grub2/grub.cfg",
	"/grub/grub.cfg",
	"/grub2/grub.cfg",
	"/boot/loader/entries/",
	"/loader/entries/",
	"/boot/extlinux/extlinux.conf",
	"/extlinux/extlinux.conf",
};

/* The words with which their lines of kernel arguments begin. */
static const char *const words[] = {"linux", "linux16", "linuxefi", "options", "append", "APPEND"};

/* ---- mounting ---- */

static bool mount_partition(const char *name, const char *point)
{
	static const char *const types[] = {"ext4", "xfs", "btrfs", "vfat"};
	char device[300];

	(void)mkdir(point, 0755);
	(void)snprintf(device, sizeof device, "/dev/%s", name);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (mount(device, point, types[i], MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
			return true;
	}
	return false;
}

/* Mounts the disk itself and its partitions as /mnt/0, /mnt/1 …; gives their number. */
static unsigned mount_all(void)
{
	DIR *dir = opendir("/sys/class/block");
	unsigned count = 0;
	char point[32];

	for (struct dirent *entry; dir && count < FILESYSTEMS_MAX && (entry = readdir(dir));) {
		(void)snprintf(point, sizeof point, MOUNTS "/%u", count);
		if (has_prefix(entry->d_name, DISK) && mount_partition(entry->d_name, point))
			count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* What was changed is on the disk when this returns 0. */
static int unmount_all(unsigned count)
{
	int r = 0;
	char point[32];

	sync();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(point, sizeof point, MOUNTS "/%u", i);
		if (umount2(point, 0) < 0)
			r = errno;
	}
	return r;
}

/* ---- paths that stay inside: links on the disk are as its own system sees them ---- */

static int open_inside(int root_fd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned long long)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT ? 0644 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

static void make_folders_inside(int root_fd, const char *path)
{
	char folder[PATH_MAX];

	for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
		(void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
		int fd = open_inside(root_fd, folder, O_PATH | O_DIRECTORY);
		char *name = strrchr(folder, '/');
		if (fd < 0 && name) {
			*name = '\0';
			int parent = open_inside(root_fd, folder[0] ? folder : "/",
						 O_PATH | O_DIRECTORY);
			if (parent >= 0)
				(void)mkdirat(parent, name + 1, 0755);
			scope_close(&parent);
		}
		scope_close(&fd);
	}
}

static int open_top(unsigned at, const char *top)
{
	char path[64];

	(void)snprintf(path, sizeof path, MOUNTS "/%u%s", at, top);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool is_there(int root_fd, const char *path)
{
	CLEAN_FD int fd = open_inside(root_fd, path, O_PATH);

	return fd >= 0;
}

static int write_inside(int root_fd, const char *path, const char *bytes, size_t length)
{
	make_folders_inside(root_fd, path);
	CLEAN_FD int fd = open_inside(root_fd, path, O_WRONLY | O_CREAT | O_TRUNC);
	if (fd < 0)
		return errno;
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n <= 0)
			return n < 0 ? errno : EIO;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* ---- a file ---- */

/* The filesystem that holds the system: the one with os-release. */
static int open_system(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(tops); k++) {
			int fd = open_top(i, tops[k]);
			if (fd >= 0 && (is_there(fd, "/etc/os-release") ||
					is_there(fd, "/usr/lib/os-release")))
				return fd;
			scope_close(&fd);
		}
	}
	return -1;
}

PROBE(plant_file, "PATH CONTENT", "replaces a file in the system on the first disk (in a micro-VM)")
{
	unsigned count = mount_all();
	int root = open_system(count), r = ENOENT;

	if (root < 0) {
		text_addf(p->reply, "no system was found on the disk's %u filesystems", count);
	} else {
		r = write_inside(root, probe_argument(p, 0), probe_argument(p, 1),
				 strlen(probe_argument(p, 1)));
		scope_close(&root);
	}
	int unmounted = unmount_all(count);
	return r ? r : unmounted;
}

/* ---- a kernel argument ---- */

/* The length of the word that begins a line of kernel arguments, 0 for other lines. */
static bool takes_arguments(const char *line, size_t length)
{
	size_t indent = 0;

	while (indent < length && (line[indent] == ' ' || line[indent] == '\t'))
		indent++;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		if (length > indent + n && memcmp(line + indent, words[i], n) == 0 &&
		    (line[indent + n] == ' ' || line[indent + n] == '\t'))
			return true;
	}
	return false;
}

/* Copies the text with the argument at the end of such lines; gives their number. */
static unsigned add_argument(const char *text, const char *argument, struct text *out)
{
	unsigned added = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		(void)text_add(out, text, length);
		if (takes_arguments(text, length)) {
			(void)text_addf(out, " %s", argument);
			added++;
		}
		text += length;
		if (*text == '\n')
			(void)text_add(out, text++, 1);
	}
	return added;
}

static unsigned edit_config(int root_fd, const char *path, const char *argument)
{
	CLEAN_FD int fd = open_inside(root_fd, path, O_RDONLY);
	CLEAN_TEXT struct text before = TEXT_INIT(CONFIG_MAX),
			       after = TEXT_INIT((size_t)2 * CONFIG_MAX);

	if (fd < 0 || text_read_fd(&before, fd) < 0)
		return 0;
	unsigned added = add_argument(before.buf, argument, &after);
	if (added == 0 || after.overflowed ||
	    write_inside(root_fd, path, after.buf, after.length) != 0)
		return 0;
	return added;
}

/* Each *.conf in a folder. */
static unsigned edit_entries(int root_fd, const char *folder, const char *argument)
{
	int fd = open_inside(root_fd, folder, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	unsigned added = 0;
	char path[PATH_MAX];

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		(void)snprintf(path, sizeof path, "%s%s", folder, entry->d_name);
		if (has_suffix(entry->d_name, ".conf"))
			added += edit_config(root_fd, path, argument);
	}
	if (dir)
		closedir(dir);
	return added;
}

static unsigned edit_root(int root_fd, const char *argument)
{
	unsigned added = 0;

	for (size_t i = 0; i < ARRAY_LEN(configs); i++)
		added += has_suffix(configs[i], "/") ? edit_entries(root_fd, configs[i], argument)
						     : edit_config(root_fd, configs[i], argument);
	return added;
}

PROBE(plant_kernel_argument, "ARGUMENT",
      "adds a kernel argument to the boot loader's entries on the first disk (in a micro-VM)")
{
	unsigned count = mount_all(), added = 0;

	for (unsigned i = 0; i < count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(tops); k++) {
			int fd = open_top(i, tops[k]);
			if (fd >= 0)
				added += edit_root(fd, probe_argument(p, 0));
			scope_close(&fd);
		}
	}
	text_addf(p->reply, "%u boot entries changed on %u filesystems", added, count);
	int unmounted = unmount_all(count);
	return added == 0 ? ENOENT : unmounted;
}
