/* SPDX-License-Identifier: Apache-2.0 */
/* Claims as locks of files. */
#include "host/store/claim.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS_MAX 1000

/* The file that was locked may have been removed by who had it before. */
static bool is_still_there(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_dev == there.st_dev &&
	       ours.st_ino == there.st_ino;
}

int claim_take(const char *path, int *ret, struct err *e)
{
	for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
		CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return err_set(e, BLAME_USER, EBUSY,
					       "another process works on it (%s is locked)", path);
			return err_set(e, BLAME_HOST, errno, "lock %s: %m", path);
		}
		if (is_still_there(fd, path)) {
			*ret = STEAL_FD(fd);
			return 0;
		}
	}
	return err_set(e, BLAME_HOST, EBUSY, "%s is removed again and again", path);
}

void claim_drop(const char *path, int *claim)
{
	if (*claim < 0)
		return;
	(void)unlink(path); /* while it is ours */
	(void)close(*claim);
	*claim = -1;
}
