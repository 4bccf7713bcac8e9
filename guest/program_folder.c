/* SPDX-License-Identifier: Apache-2.0 */
/* Taking in a program and what lies beside it. */
#include "guest/program_folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_FOLDERS 16 /* for the removal */

/* There is one at a time: cases run one after another. "" none. */
static char folder[64];

static int remove_entry(const char *path, const struct stat *st UNUSED, int type,
			struct FTW *at UNUSED)
{
	(void)(type == FTW_DP || type == FTW_D ? rmdir(path) : unlink(path));
	return 0;
}

void program_folder_clear(void)
{
	if (folder[0])
		(void)nftw(folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	folder[0] = '\0';
}

/* /run first: it is memory, and nobody empties it while the case runs. */
static int call_begin(struct call *call)
{
	static const char *const places[] = {"/run", "/dev/shm", "/tmp", "/var/tmp"};

	program_folder_clear();
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		(void)snprintf(folder, sizeof folder, "%s/assay-case-XXXXXX", places[i]);
		if (mkdtemp(folder)) {
			/* The program may go on as another user. */
			(void)chmod(folder, 0755);
			(void)text_adds(call->reply, folder);
			return 0;
		}
	}
	folder[0] = '\0';
	return errno;
}

static bool is_inside(const char *name)
{
	return name[0] && name[0] != '/' && strcmp(name, "..") != 0 && !has_prefix(name, "../") &&
	       !strstr(name, "/../") && !has_suffix(name, "/..");
}

/* The folders between. */
static void make_folders(char *path)
{
	for (char *at = path + strlen(folder) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755); /* if it fails, the file cannot be made and says why */
		*at = '/';
	}
}

/* Adds to the file: what is too long for one call comes in several. */
static int call_file(struct call *call)
{
	const char *name = call->arguments[0], *bytes = call->arguments[2];
	size_t length = call->lengths[2];
	unsigned mode = 0;

	if (!folder[0] || !is_inside(name) || sscanf(call->arguments[1], "%o", &mode) != 1)
		return EINVAL;
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	make_folders(path);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno != EINTR)
			return errno;
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
	return fchmod(fd, mode & 0777) < 0 ? errno : 0;
}

const struct call_verb call_program_verbs[] = {
	{"program-begin", "", "makes a folder for a program that is a case", 0, 0, call_begin},
	{"program-file", "NAME MODE BYTES", "adds to a file in that folder", 3, 3, call_file},
	{NULL, NULL, NULL, 0, 0, NULL},
};
