/* SPDX-License-Identifier: Apache-2.0 */
/* Files that become copies, and the room that they need. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "host/driver/qemu/qemu.h"

static int copy_extent(int from, int to, off_t start, off_t end)
{
	if (lseek(to, start, SEEK_SET) < 0)
		return -errno;
	while (start < end) {
		ssize_t n = sendfile(to, from, &start, (size_t)(end - start));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

int file_copy(int from, int to, struct err *e)
{
	struct stat st;

	if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
		return err_set(e, BLAME_HOST, errno, "copy a file: %m");
	for (off_t start = 0, end; start < st.st_size; start = end) {
		start = lseek(from, start, SEEK_DATA);
		if (start < 0 && errno == ENXIO)
			break; /* only a hole is left */
		end = start < 0 ? start : lseek(from, start, SEEK_HOLE);
		if (start < 0 || end < 0)
			return err_set(e, BLAME_HOST, errno, "copy a file: %m");
		int r = copy_extent(from, to, start, end);
		if (r < 0)
			return err_set(e, BLAME_HOST, -r, "copy a file: %m");
	}
	return 0;
}

int file_copy_path(const char *path, int to, struct err *e)
{
	CLEAN_FD int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	int r = file_copy(from, to, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

int file_name(int fd, const char *path, struct err *e)
{
	CLEAN_FREE char *link_path = xasprintf("/proc/self/fd/%d", fd);

	if (linkat(AT_FDCWD, link_path, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	CLEAN_FD int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
	int r = file_copy(fd, to, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

uint64_t file_used(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : (uint64_t)st.st_blocks * 512;
}

int file_check_room(const char *folder, uint64_t bytes, const char *what, struct err *e)
{
	struct statvfs fs;

	if (statvfs(folder, &fs) < 0)
		return err_set(e, BLAME_HOST, errno, "look at %s: %m", folder);
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room > bytes)
		return 0;
	return err_set(e, BLAME_HOST, ENOSPC, "%s needs %llu MiB in %s, where %llu MiB are free",
		       what, (unsigned long long)(bytes >> 20) + 1, folder,
		       (unsigned long long)(room >> 20));
}
