/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls by which the host reads a foreign filesystem through this kernel, in a micro-VM that has the disk. Filesystems are
 * named by where they begin and how long they are, or, when they lie in pieces, by these; paths in them never follow
 * links, and never leave them.
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
#include <sys/xattr.h>

#include "guest/call.h"
#include "guest/volume_map.h"

#define LIST_FULL (512U << 10) /* beyond so much of a listing no further folder is begun … */
#define LIST_BREAK                                                                                 \
	(900U << 10)	 /* … and the one that is under way is broken off, to be gone on with */
#define LIST_AHEAD  4096 /* folders that may wait for being listed ahead */
#define READ_MAX    (512U << 10)
#define SECTOR	    512U
#define VOLUME_ROOT "/mnt/volume-%s"

/* ---- mounting ---- */

/* What keeps each from writing to the disk, even to replay its journal. */
static const struct volume_type {
	const char *name, *options;
} volume_types[] = {
	{"btrfs", "rescue=nologreplay"},
	{"ext2", NULL},
	{"ext3", "noload"},
	{"ext4", "noload"},
	{"f2fs", "norecovery"},
	{"xfs", "norecovery,nouuid"},
};

static const struct volume_type *find_type(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(volume_types); i++) {
		if (strcmp(volume_types[i].name, name) == 0)
			return &volume_types[i];
	}
	return NULL;
}

/* A number that sysfs tells of a block device; -1 when it does not. */
static long long sysfs_number(const char *device, const char *file)
{
	CLEAN_TEXT struct text content = TEXT_INIT(64);
	char path[320];
	long long value;

	(void)snprintf(path, sizeof path, "/sys/class/block/%s/%s", device, file);
	if (text_read_file(&content, path) < 0)
		return -1;
	content.buf[strcspn(content.buf, "\n")] = '\0';
	return number_parse(content.buf, 0, INT64_MAX, &value) == 0 ? value : -1;
}

/* The block device that begins there and is so long; a whole disk has no start in sysfs. */
static bool find_device(long long offset, long long size, char *ret, size_t ret_size)
{
	DIR *dir = opendir("/sys/class/block");
	bool found = false;

	for (struct dirent *entry; dir && !found && (entry = readdir(dir));) {
		long long start = sysfs_number(entry->d_name, "start"),
			  sectors = sysfs_number(entry->d_name, "size");
		if (entry->d_name[0] == '.' || (start < 0 ? 0 : start) * SECTOR != offset)
			continue;
		found = sectors * SECTOR == size;
		(void)snprintf(ret, ret_size, "/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void add_entry(struct text *out, const struct stat *st, const char *name)
{
	(void)text_addf(out, "E%o %u %u %llu %llu %llu %lld %s", (unsigned)st->st_mode,
			(unsigned)st->st_uid, (unsigned)st->st_gid,
			(unsigned long long)st->st_nlink, (unsigned long long)st->st_size,
			(unsigned long long)st->st_ino, (long long)st->st_mtim.tv_sec, name);
	(void)text_add(out, "", 1);
}

/* A partition or disk is there already; what is neither, or lies in pieces, is made a device of. */
static int open_device(const struct call *call, char *ret, size_t ret_size)
{
	const char *pieces = call->arguments[3];
	char one[64], mapped[VOLUME_MAP_DEVICE_SIZE];
	long long offset, size;

	if (number_parse(call->arguments[0], 0, INT64_MAX, &offset) < 0 ||
	    number_parse(call->arguments[1], 0, INT64_MAX, &size) < 0)
		return -EINVAL;
	if (!pieces && find_device(offset, size, ret, ret_size))
		return 0;
	(void)snprintf(one, sizeof one, "%lld 0 %lld", size, offset);
	int r = volume_map(call->arguments[0], pieces ? pieces : one, mapped);
	if (r == 0)
		(void)snprintf(ret, ret_size, "%s", mapped);
	return r;
}

/* A btrfs is mounted at its default subvolume; others are seen from its top only. */
#define BTRFS_TOP "rescue=nologreplay,subvolid=5"

/* Which part of its filesystem is mounted there, as "/@"; "" when it is not told, or its name has a blank. */
static void find_mounted_part(const char *point, char *ret, size_t size)
{
	CLEAN_TEXT struct text mounts = TEXT_INIT(1U << 20);
	char part[PATH_MAX], where[256];

	ret[0] = '\0';
	if (text_read_file(&mounts, "/proc/self/mountinfo") < 0)
		return;
	for (const char *line = mounts.buf; *line; line += *line == '\n') {
		if (sscanf(line, "%*u %*u %*s %4095s %255s", part, where) == 2 &&
		    strcmp(where, point) == 0 && !strchr(part, '\\'))
			(void)snprintf(ret, size, "%s", part);
		line += strcspn(line, "\n");
	}
}

/* Mounts the top in the default subvolume's place, and gives the default's path; "" where that is the top. */
static int mount_top(const char *device, const char *point, unsigned long flags, char *ret,
		     size_t size)
{
	find_mounted_part(point, ret, size);
	if (strcmp(ret, "/") == 0)
		ret[0] = '\0';
	if (ret[0] == '\0')
		return 0;
	if (umount2(point, 0) < 0)
		return -errno;
	if (mount(device, point, "btrfs", flags, BTRFS_TOP) < 0 && errno != EBUSY)
		return -errno;
	return 0;
}

/* The reply is the root folder's entry, and "S<path>" when a subvolume that is not the top is the default. */
static int call_volume_mount(struct call *call)
{
	const struct volume_type *type = find_type(call->arguments[2]);
	unsigned long flags = MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC;
	char device[300], point[64], part[PATH_MAX] = "";
	struct stat st;

	if (!type)
		return EINVAL;
	int r = open_device(call, device, sizeof device);
	if (r < 0)
		return -r;
	(void)snprintf(point, sizeof point, VOLUME_ROOT, call->arguments[0]);
	(void)mkdir("/mnt", 0755);
	(void)mkdir(point, 0755);
	if (mount(device, point, type->name, flags, type->options) < 0 && errno != EBUSY)
		return errno;
	if (strcmp(type->name, "btrfs") == 0)
		r = mount_top(device, point, flags, part, sizeof part);
	if (r < 0)
		return -r;
	if (lstat(point, &st) < 0)
		return errno;
	add_entry(call->reply, &st, "/");
	if (part[0]) {
		(void)text_addf(call->reply, "S%s", part);
		(void)text_add(call->reply, "", 1);
	}
	return 0;
}

/* ---- paths ---- */

/* Opens a path below the volume's root. */
static int open_below(const char *volume, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned long long)flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char point[64];

	if (strlen(volume) > 20 || volume[strspn(volume, "0123456789")] != '\0') {
		errno = EINVAL;
		return -1;
	}
	(void)snprintf(point, sizeof point, VOLUME_ROOT, volume);
	CLEAN_FD int root = open(point, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	path += strspn(path, "/");
	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

/* ---- listing ---- */

struct listing {
	const char *volume;
	struct text *out;
	char *ahead[LIST_AHEAD]; /* owned: paths of folders that come next */
	unsigned first, count;
};

static void list_later(struct listing *listing, const char *folder, const char *name)
{
	if (listing->count < LIST_AHEAD)
		listing->ahead[listing->count++] =
			xasprintf("%s/%s", folder[1] ? folder : "", name);
}

/* Returns whether it went to the end. */
static bool list_folder(struct listing *listing, const char *path, long long skip)
{
	int fd = open_below(listing->volume, path, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int error = dir ? 0 : errno;
	long long at = 0;
	struct stat st;

	(void)text_addf(listing->out, "D%s", path);
	(void)text_add(listing->out, "", 1);
	for (struct dirent *entry;
	     dir && (errno = 0, entry = readdir(dir), error = errno, entry);) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    at++ < skip)
			continue;
		if (listing->out->length > LIST_BREAK) {
			(void)text_addf(listing->out, "M%lld", at - 1);
			(void)text_add(listing->out, "", 1);
			closedir(dir);
			return false;
		}
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue; /* a damaged inode; the folder's other entries are still good */
		add_entry(listing->out, &st, entry->d_name);
		if (S_ISDIR(st.st_mode))
			list_later(listing, path, entry->d_name);
	}
	if (error != 0) {
		(void)text_addf(listing->out, "X%d", error);
		(void)text_add(listing->out, "", 1);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
	return true;
}

/* What is asked for, and, while there is room, what will be asked for next: each call is a round trip. */
static int call_volume_list(struct call *call)
{
	CLEAN_FREE struct listing *listing = xnew(sizeof *listing);
	long long skip;

	if (number_parse(call->arguments[2], 0, INT64_MAX, &skip) < 0)
		return EINVAL;
	listing->volume = call->arguments[0];
	listing->out = call->reply;
	bool is_whole = list_folder(listing, call->arguments[1], skip);
	while (is_whole && skip == 0 && listing->first < listing->count &&
	       listing->out->length < LIST_FULL)
		is_whole = list_folder(listing, listing->ahead[listing->first++], 0);
	for (unsigned i = 0; i < listing->count; i++)
		free(listing->ahead[i]);
	return 0;
}

/* ---- content ---- */

static int call_volume_read(struct call *call)
{
	CLEAN_FD int fd = open_below(call->arguments[0], call->arguments[1],
				     O_RDONLY | O_NONBLOCK | O_NOCTTY);
	long long at, size;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode) || number_parse(call->arguments[2], 0, INT64_MAX, &at) < 0 ||
	    number_parse(call->arguments[3], 0, READ_MAX, &size) < 0)
		return EINVAL;
	CLEAN_FREE char *piece = xnew((size_t)size + 1);
	ssize_t got = pread(fd, piece, (size_t)size, at);
	if (got < 0)
		return errno;
	return text_add(call->reply, piece, (size_t)got) < 0 ? EMSGSIZE : 0;
}

static int call_volume_readlink(struct call *call)
{
	CLEAN_FD int fd = open_below(call->arguments[0], call->arguments[1], O_PATH);
	char target[4096];

	if (fd < 0)
		return errno;
	ssize_t length = readlinkat(fd, "", target, sizeof target);
	if (length < 0)
		return errno;
	return text_add(call->reply, target, (size_t)length) < 0 ? EMSGSIZE : 0;
}

static int call_volume_xattr(struct call *call)
{
	CLEAN_FD int fd = open_below(call->arguments[0], call->arguments[1], O_PATH);
	char through[64], value[65536];

	if (fd < 0)
		return errno;
	(void)snprintf(through, sizeof through, "/proc/self/fd/%d", fd);
	ssize_t length = getxattr(through, call->arguments[2], value, sizeof value);
	if (length < 0)
		return errno;
	return text_add(call->reply, value, (size_t)length) < 0 ? EMSGSIZE : 0;
}

const struct call_verb call_volume_verbs[] = {
	{"volume-list", "VOLUME PATH SKIP", "a folder, and folders below it while there is room", 3,
	 3, call_volume_list},
	{"volume-mount", "OFFSET SIZE TYPE [PIECES]",
	 "mounts what lies there, untouched: VOLUME is its offset", 3, 4, call_volume_mount},
	{"volume-read", "VOLUME PATH AT SIZE", "a part of a file", 4, 4, call_volume_read},
	{"volume-readlink", "VOLUME PATH", "where a link leads", 2, 2, call_volume_readlink},
	{"volume-xattr", "VOLUME PATH NAME", "an extended attribute", 3, 3, call_volume_xattr},
	{NULL, NULL, NULL, 0, 0, NULL},
};
