/* SPDX-License-Identifier: Apache-2.0 */
/* A filesystem without room. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "guest/kit/probe.h"

#define LARGEST	 (1LL << 30)
#define SMALLEST 4096

/* 0 when a piece of that length is the file's now, else an errno. Not every filesystem can promise room without writing. */
static int take(int fd, off_t at, off_t length)
{
	static const char zeros[SMALLEST];

	if (fallocate(fd, 0, at, length) == 0)
		return 0;
	if (errno != EOPNOTSUPP)
		return errno;
	for (off_t done = 0; done < length; done += SMALLEST) {
		errno = 0;
		if (pwrite(fd, zeros, SMALLEST, at + done) != SMALLEST)
			return errno ? errno : ENOSPC;
	}
	return 0;
}

PROBE(fill_up, "FILE", "makes a file that takes all room that its filesystem has for root")
{
	CLEAN_FD int fd = open(probe_argument(p, 0), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	off_t at = 0;

	if (fd < 0)
		return errno;
	for (off_t length = LARGEST; length >= SMALLEST;) {
		int code = take(fd, at, length);
		if (code == 0)
			at += length;
		else if (code == ENOSPC)
			length /= 2;
		else
			return code;
	}
	return fsync(fd) < 0 && errno != ENOSPC ? errno : 0;
}
