/* SPDX-License-Identifier: Apache-2.0 */
/* Copying folders. */
#include "guest/bundle_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define PIECE	  65536
#define DEPTH_MAX 64 /* of folders; a suite's disk has fewer */

static bool is_own_entry(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* ---- files ---- */

static bool is_zero(const char *piece, size_t length)
{
	return piece[0] == '\0' && memcmp(piece, piece + 1, length - 1) == 0;
}

static int write_piece(int fd, const char *piece, size_t length)
{
	/* Programs that are aligned to megabytes are mostly holes. */
	if (is_zero(piece, length))
		return lseek(fd, (off_t)length, SEEK_CUR) < 0 ? -errno : 0;
	while (length > 0) {
		ssize_t n = write(fd, piece, length);
		if (n < 0 && errno != EINTR)
			return -errno;
		piece += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int copy_bytes(int from, int to, off_t size)
{
	char piece[PIECE];
	ssize_t got;
	int r = 0;

	while (r == 0 && (got = read(from, piece, sizeof piece)) != 0) {
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			r = write_piece(to, piece, (size_t)got);
	}
	return r == 0 && ftruncate(to, size) < 0 ? -errno : r;
}

static int copy_file(int from_folder, int to_folder, const char *name, const struct stat *st)
{
	CLEAN_FD int from = openat(from_folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEAN_FD int to =
		from < 0 ? -1
			 : openat(to_folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (from < 0 || to < 0)
		return -errno;
	int r = copy_bytes(from, to, st->st_size);
	return r == 0 && fchmod(to, st->st_mode & 07777) < 0 ? -errno : r;
}

static int copy_link(int from_folder, int to_folder, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(from_folder, name, target, sizeof target - 1);

	if (length < 0)
		return -errno;
	target[length] = '\0';
	return symlinkat(target, to_folder, name) < 0 ? -errno : 0;
}

/* ---- folders ---- */

static int copy_entries(int from_fd, int to_fd, unsigned depth);

static int copy_below(int from_folder, int to_folder, const char *name, const struct stat *st,
		      unsigned depth)
{
	if (depth == DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(to_folder, name, 0700) < 0)
		return -errno;
	CLEAN_FD int from = openat(from_folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int to = openat(to_folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0 || to < 0)
		return -errno;
	int r = copy_entries(from, to, depth + 1);
	return r == 0 && fchmod(to, st->st_mode & 07777) < 0 ? -errno : r;
}

static int copy_entry(int from_folder, int to_folder, const char *name, unsigned depth)
{
	struct stat st;

	if (fstatat(from_folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_below(from_folder, to_folder, name, &st, depth);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_folder, to_folder, name);
	return copy_file(from_folder, to_folder, name, &st);
}

static int copy_entries(int from_fd, int to_fd, unsigned depth)
{
	int own_fd = fcntl(from_fd, F_DUPFD_CLOEXEC, 0);
	DIR *folder = own_fd < 0 ? NULL : fdopendir(own_fd);
	const struct dirent *entry;
	int r = folder ? 0 : -errno;

	while (r == 0 && (entry = readdir(folder)))
		if (is_own_entry(entry->d_name))
			r = copy_entry(from_fd, to_fd, entry->d_name, depth);
	if (folder)
		(void)closedir(folder);
	else if (own_fd >= 0)
		close(own_fd);
	return r;
}

int bundle_copy_folder(const char *from, const char *to)
{
	CLEAN_FREE char *part = xasprintf("%s.XXXXXX", to);
	struct stat st;

	if (lstat(to, &st) == 0)
		return 0;
	if (stat(from, &st) < 0 || !mkdtemp(part))
		return -errno;
	CLEAN_FD int from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEAN_FD int to_fd = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from_fd < 0 || to_fd < 0)
		return -errno;
	int r = copy_entries(from_fd, to_fd, 0);
	if (r == 0 && (fchmod(to_fd, st.st_mode & 07777) < 0 || rename(part, to) < 0))
		r = -errno;
	return r;
}

/* ---- links ---- */

int bundle_link_entries(const char *from, const char *to)
{
	DIR *folder = opendir(from);
	const struct dirent *entry;
	int r = folder ? 0 : -errno;

	while (r == 0 && (entry = readdir(folder))) {
		CLEAN_FREE char *target = xasprintf("%s/%s", from, entry->d_name);
		CLEAN_FREE char *path = xasprintf("%s/%s", to, entry->d_name);
		if (is_own_entry(entry->d_name) && symlink(target, path) < 0 && errno != EEXIST)
			r = -errno;
	}
	if (folder)
		(void)closedir(folder);
	return r;
}
