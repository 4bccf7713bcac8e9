/* SPDX-License-Identifier: Apache-2.0 */
/* A tree over a folder of the system that runs here: its root, or another one for tests. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "guest/kit/tree_running.h"
#include "guest/kit/tree_state.h"

#define FILESYSTEMS_MAX 64

struct seen_filesystem {
	dev_t device;
	uint32_t number;
};

struct folder {
	int root_fd;
	/* The file read last: reading on from where one stopped does not open it anew, which matters for files that the
	 * kernel writes as they are read. */
	int fd;
	uint64_t at;
	char path[TREE_PATH_MAX];
	struct seen_filesystem seen[FILESYSTEMS_MAX];
	unsigned seen_count;
	struct running_disk disk;
};

/* A path relative to the root's descriptor. It is free of links; that nobody put one there since is seen to by
 * O_NOFOLLOW for the last component, and the rest is the running system's own business. */
static const char *relative(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int open_in(const struct folder *folder, const char *path, int flags)
{
	int common = flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	/* Looking must not be seen in the access times; only the owner and root may ask for that. */
	int fd = openat(folder->root_fd, relative(path), common | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(folder->root_fd, relative(path), common);
	return fd < 0 ? -errno : fd;
}

/* ---- which filesystem ---- */

/* The filesystems that lie on disks: what is in them belongs to the image. */
static bool is_on_disk(long type)
{
	static const unsigned long types[] = {
		EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,  BTRFS_SUPER_MAGIC,
		MSDOS_SUPER_MAGIC, F2FS_SUPER_MAGIC, EXFAT_SUPER_MAGIC,
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if ((unsigned long)type == types[i])
			return true;
	}
	return false;
}

static uint32_t number_of(struct folder *folder, dev_t device, const char *path)
{
	for (unsigned i = 0; i < folder->seen_count; i++) {
		if (folder->seen[i].device == device)
			return folder->seen[i].number;
	}
	uint32_t number = folder->seen_count;
	struct statfs fs;
	int fd = open_in(folder, path, O_PATH);
	bool is_root = folder->seen_count == 0;
	if (!is_root && (fd < 0 || fstatfs(fd, &fs) < 0 || !is_on_disk((long)fs.f_type)))
		number |= TREE_OUTSIDE;
	if (fd >= 0)
		close(fd);
	if (folder->seen_count == FILESYSTEMS_MAX)
		return number | TREE_OUTSIDE;
	folder->seen[folder->seen_count++] = (struct seen_filesystem){device, number};
	return number;
}

static void convert_stat(struct folder *folder, const char *path, const struct stat *st,
			 struct tree_stat *ret)
{
	*ret = (struct tree_stat){
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.links = (uint32_t)st->st_nlink,
		.size = (uint64_t)st->st_size,
		.inode = st->st_ino,
		.mtime_s = st->st_mtim.tv_sec,
		.filesystem = number_of(folder, st->st_dev, path),
	};
}

/* ---- the ops ---- */

static int folder_stat(void *impl, const char *path, struct tree_stat *ret)
{
	struct folder *folder = impl;
	struct stat st;

	if (fstatat(folder->root_fd, relative(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	convert_stat(folder, path, &st, ret);
	return 0;
}

static void forget_file(struct folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

static ssize_t folder_read(void *impl, const char *path, uint64_t offset, void *buf, size_t size)
{
	struct folder *folder = impl;

	if (folder->fd < 0 || offset == 0 || offset != folder->at ||
	    strcmp(folder->path, path) != 0) {
		forget_file(folder);
		folder->fd = open_in(folder, path, 0);
		if (folder->fd < 0)
			return folder->fd;
		if (offset > 0 && lseek(folder->fd, (off_t)offset, SEEK_SET) < 0)
			return -errno;
		folder->at = offset;
		(void)snprintf(folder->path, sizeof folder->path, "%s", path);
	}
	ssize_t got = read(folder->fd, buf, size);
	int error = errno;
	if (got > 0)
		folder->at += (uint64_t)got;
	else
		forget_file(folder);
	return got < 0 ? -error : got;
}

static ssize_t folder_readlink(void *impl, const char *path, char *buf, size_t size)
{
	const struct folder *folder = impl;
	ssize_t length = readlinkat(folder->root_fd, relative(path), buf, size);

	return length < 0 ? -errno : length;
}

static int list_entry(struct folder *folder, DIR *dir, const char *path, const char *name,
		      tree_entry_fn *entry, void *arg)
{
	struct tree_stat converted;
	struct stat st;
	char full[TREE_PATH_MAX];

	if (fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno; /* it went away meanwhile */
	if (snprintf(full, sizeof full, "%s/%s", path[1] ? path : "", name) >= (int)sizeof full)
		return -ENAMETOOLONG;
	convert_stat(folder, full, &st, &converted);
	return entry(arg, name, &converted);
}

static int folder_list(void *impl, const char *path, tree_entry_fn *entry, void *arg)
{
	struct folder *folder = impl;
	int fd = open_in(folder, path, O_DIRECTORY), r = 0;

	if (fd < 0)
		return fd;
	DIR *dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	for (struct dirent *found; r == 0 && (errno = 0, found = readdir(dir));) {
		if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
			r = list_entry(folder, dir, path, found->d_name, entry, arg);
	}
	if (r == 0 && errno != 0)
		r = -errno;
	closedir(dir);
	return r;
}

static ssize_t folder_xattr(void *impl, const char *path, const char *name, void *buf, size_t size)
{
	const struct folder *folder = impl;
	char through[64];
	CLEAN_FD int fd = openat(folder->root_fd, relative(path), O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* fgetxattr refuses O_PATH descriptors, and opening a device to read its attributes may do something. */
	(void)snprintf(through, sizeof through, "/proc/self/fd/%d", fd);
	ssize_t length = getxattr(through, name, buf, size);
	return length < 0 ? -errno : length;
}

static ssize_t folder_disk_read(void *impl, uint64_t offset, void *buf, size_t size)
{
	struct folder *folder = impl;

	return running_disk_read(&folder->disk, offset, buf, size);
}

static uint64_t folder_disk_size(void *impl)
{
	struct folder *folder = impl;

	return running_disk_size(&folder->disk);
}

static int folder_filesystem(void *impl UNUSED, unsigned n, struct text *facts)
{
	return running_filesystem(n, facts);
}

static void folder_free(void *impl)
{
	struct folder *folder = impl;

	forget_file(folder);
	running_disk_done(&folder->disk);
	close(folder->root_fd);
	free(folder);
}

/* Another folder than the root is a fixture: nothing runs on it, and it has neither disk nor filesystems of its own. */
static const struct tree_ops fixture_ops = {
	.stat = folder_stat,
	.read = folder_read,
	.readlink = folder_readlink,
	.list = folder_list,
	.xattr = folder_xattr,
};

static const struct tree_ops running_ops = {
	.stat = folder_stat,
	.read = folder_read,
	.readlink = folder_readlink,
	.list = folder_list,
	.xattr = folder_xattr,
	.disk_read = folder_disk_read,
	.disk_size = folder_disk_size,
	.filesystem = folder_filesystem,
};

void tree_folder_adopt(struct tree *tree, dev_t device, uint32_t number)
{
	struct folder *folder = tree->impl;

	if (tree->impl_free != folder_free)
		return;
	for (unsigned i = 0; i < folder->seen_count; i++) {
		if (folder->seen[i].device == device) {
			folder->seen[i].number = number;
			return;
		}
	}
	if (folder->seen_count < FILESYSTEMS_MAX)
		folder->seen[folder->seen_count++] = (struct seen_filesystem){device, number};
}

void tree_folder_reopen(struct tree *tree)
{
	struct folder *folder = tree->impl;
	int root_fd = tree->ops == &running_ops ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (root_fd < 0)
		return;
	forget_file(folder);
	close(folder->root_fd);
	folder->root_fd = root_fd;
}

struct tree *tree_of_folder(const char *root)
{
	bool is_running = strcmp(root, "/") == 0;
	int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return NULL;
	struct folder *folder = xnew(sizeof *folder);
	*folder = (struct folder){.root_fd = root_fd, .fd = -1, .disk = RUNNING_DISK_INIT};
	struct tree_stat st;
	(void)folder_stat(folder, "/", &st); /* so that the root's filesystem is number 0 */
	struct tree *tree = tree_new(is_running ? &running_ops : &fixture_ops, folder, !is_running);
	tree->impl_free = folder_free;
	return tree;
}
