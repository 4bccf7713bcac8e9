/* SPDX-License-Identifier: Apache-2.0 */
/* A load that keeps a filesystem's own structures busy: names, inodes and blocks come and go. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/kit/probe.h"

#define FOLDERS 16
#define FILES	32 /* in each */
#define PIECE	4096
#define PIECES	4

static int make_file(const char *path, unsigned pieces)
{
	static const char piece[PIECE];
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	for (unsigned i = 0; i < pieces; i++) {
		if (write(fd, piece, PIECE) != PIECE)
			return errno ? errno : EIO;
	}
	return 0;
}

/* One file comes under another's name, and a third one goes. */
static int turn(unsigned long long number)
{
	char folder[32], fresh[64], name[64], old[64];
	unsigned in = (unsigned)(number % FOLDERS), as = (unsigned)(number / FOLDERS % FILES);

	(void)snprintf(folder, sizeof folder, "folder%u", in);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", folder);
	(void)snprintf(name, sizeof name, "%s/file%u", folder, as);
	(void)snprintf(old, sizeof old, "folder%u/file%u", (in + 1) % FOLDERS, (as + 7) % FILES);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return errno;
	int r = make_file(fresh, as % (PIECES + 1));
	if (r == 0 && rename(fresh, name) < 0)
		r = errno;
	if (r == 0 && unlink(old) < 0 && errno != ENOENT)
		r = errno;
	return r;
}

PROBE(churn, "FOLDER",
      "makes, fills, renames and removes files in FOLDER until it is stopped (in the background)")
{
	int r = chdir(probe_argument(p, 0)) < 0 ? errno : 0;

	for (unsigned long long number = 0; r == 0; number++)
		r = turn(number);
	return r;
}
