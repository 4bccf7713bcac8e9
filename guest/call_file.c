/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about files. They act on the guest itself: hosts make them on forks that are thrown away. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guest/call.h"

#define ENTRIES_MAX 10000

static int call_read(struct call *call)
{
	CLEAN_FD int fd = open(call->arguments[0], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno;
	return -text_read_fd(call->reply, fd);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno != EINTR)
			return errno;
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int call_write(struct call *call)
{
	bool is_synced = call->argument_count > 2 && strcmp(call->arguments[2], "sync") == 0;
	CLEAN_FD int fd =
		open(call->arguments[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0)
		return errno;
	int r = write_all(fd, call->arguments[1], call->lengths[1]);
	if (r == 0 && is_synced && fsync(fd) < 0)
		r = errno;
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One name a line, sorted. A name with a line's end in it has a '?' there. */
static int call_list(struct call *call)
{
	CLEAN_FREE char **names = xnew(ENTRIES_MAX * sizeof(*names));
	DIR *dir = opendir(call->arguments[0]);
	size_t count = 0;

	if (!dir)
		return errno;
	for (struct dirent *entry; count < ENTRIES_MAX && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			names[count++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		for (char *at = names[i]; (at = strchr(at, '\n'));)
			*at = '?';
		(void)text_addf(call->reply, "%s\n", names[i]);
		free(names[i]);
	}
	return count == ENTRIES_MAX ? E2BIG : 0;
}

static int call_stat(struct call *call)
{
	static const struct type_line {
		mode_t mode;
		const char *name;
	} types[] = {{S_IFREG, "file"},	       {S_IFDIR, "folder"},	  {S_IFLNK, "link"},
		     {S_IFCHR, "char-device"}, {S_IFBLK, "block-device"}, {S_IFIFO, "fifo"},
		     {S_IFSOCK, "socket"}};
	const char *type = "unknown";
	struct stat st;

	if (lstat(call->arguments[0], &st) < 0)
		return errno;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if ((st.st_mode & S_IFMT) == types[i].mode)
			type = types[i].name;
	}
	(void)text_addf(
		call->reply,
		"type=%s\nmode=%04o\nuid=%u\ngid=%u\nsize=%lld\nlinks=%llu\ninode=%llu\nmtime=%lld\n",
		type, st.st_mode & 07777, st.st_uid, st.st_gid, (long long)st.st_size,
		(unsigned long long)st.st_nlink, (unsigned long long)st.st_ino,
		(long long)st.st_mtim.tv_sec);
	return 0;
}

/* Makes the folders above a path, as `mkdir -p` does. */
static void make_folders(const char *path)
{
	CLEAN_FREE char *folder = xstrdup(path);

	for (char *at = folder + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(folder, 0755); /* if it fails, what follows does and says why */
		*at = '/';
	}
}

/* As `ln -sfn`: what is there is replaced. */
static int call_link(struct call *call)
{
	const char *target = call->arguments[0], *path = call->arguments[1];

	make_folders(path);
	if (unlink(path) < 0 && errno != ENOENT)
		return errno;
	return symlink(target, path) < 0 ? errno : 0;
}

static int call_unlink(struct call *call)
{
	if (unlink(call->arguments[0]) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno;
	return rmdir(call->arguments[0]) < 0 ? errno : 0;
}

static int call_mkdir(struct call *call)
{
	make_folders(call->arguments[0]);
	return mkdir(call->arguments[0], 0755) < 0 && errno != EEXIST ? errno : 0;
}

static int call_chmod(struct call *call)
{
	const char *digits = call->arguments[1];
	unsigned mode = 0;

	if (strlen(digits) > 5 || digits[strspn(digits, "01234567")] != '\0' ||
	    sscanf(digits, "%o", &mode) != 1)
		return EINVAL;
	return chmod(call->arguments[0], mode) < 0 ? errno : 0;
}

/* For a micro-VM that works on a disk: no tool is there to do it. */
static int call_mount(struct call *call)
{
	const char *mode = call->argument_count > 3 ? call->arguments[3] : "ro";

	if (strcmp(mode, "ro") != 0 && strcmp(mode, "rw") != 0)
		return EINVAL;
	make_folders(call->arguments[1]);
	(void)mkdir(call->arguments[1], 0755);
	unsigned long flags =
		MS_NODEV | MS_NOSUID | MS_NOEXEC | (strcmp(mode, "ro") == 0 ? MS_RDONLY : 0);
	const char *options = call->argument_count > 4 ? call->arguments[4] : NULL;
	return mount(call->arguments[0], call->arguments[1], call->arguments[2], flags, options) < 0
		       ? errno
		       : 0;
}

static int call_umount(struct call *call)
{
	return umount2(call->arguments[0], 0) < 0 ? errno : 0;
}

static int call_sync(struct call *call UNUSED)
{
	sync();
	return 0;
}

const struct call_verb call_file_verbs[] = {
	{"chmod", "PATH MODE", "changes a file's mode (octal)", 2, 2, call_chmod},
	{"link", "TARGET PATH", "makes a symbolic link, replacing what is there", 2, 2, call_link},
	{"list", "PATH", "the names in a folder, sorted, one a line", 1, 1, call_list},
	{"mkdir", "PATH", "makes a folder and those above it", 1, 1, call_mkdir},
	{"mount", "DEVICE PATH TYPE [ro|rw [OPTIONS]]",
	 "mounts a filesystem, read-only unless said", 3, 5, call_mount},
	{"read", "PATH", "a file's content", 1, 1, call_read},
	{"stat", "PATH", "type, mode, owner, size… as key=value lines", 1, 1, call_stat},
	{"sync", "", "writes everything to the disks", 0, 0, call_sync},
	{"umount", "PATH", "takes a mount away", 1, 1, call_umount},
	{"unlink", "PATH", "removes a file or an empty folder", 1, 1, call_unlink},
	{"write", "PATH CONTENT [sync]", "replaces a file's content, and makes it durable", 2, 3,
	 call_write},
	{NULL, NULL, NULL, 0, 0, NULL},
};
