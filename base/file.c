/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"

int file_unnamed(const char *folder, struct err *e)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR))
		return fd >= 0 ? fd
			       : err_set(e, BLAME_HOST, errno, "make a file in %s: %m", folder);
	/* This file system cannot: the name is there for a moment. */
	CLEAN_FREE char *path = xasprintf("%s/unnamed.XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "make a file in %s: %m", folder);
	(void)unlink(path);
	return fd;
}

const char *file_path(int fd, char buf[static FILE_PATH_SIZE])
{
	(void)snprintf(buf, FILE_PATH_SIZE, "/proc/self/fd/%d", fd);
	return buf;
}
