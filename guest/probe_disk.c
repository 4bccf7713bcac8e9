/* SPDX-License-Identifier: Apache-2.0 */
/* One block of a disk, past the guest's cache. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "guest/kit/probe.h"

#define BLOCK 4096

static int open_at(const struct probe_call *p, int flags, int *ret_fd, long long *ret_offset)
{
	if (number_parse(probe_argument(p, 1), 0, LLONG_MAX - BLOCK, ret_offset) < 0)
		return EINVAL;
	*ret_fd = open(probe_argument(p, 0), flags | O_DIRECT | O_CLOEXEC);
	return *ret_fd < 0 ? errno : 0;
}

static int write_block(const struct probe_call *p)
{
	_Alignas(BLOCK) static char block[BLOCK];
	const char *word = probe_argument(p, 2);
	size_t length = strlen(word);
	CLEAN_FD int fd = -1;
	long long offset = 0;
	int r = open_at(p, O_RDWR, &fd, &offset);

	if (r != 0 || length == 0)
		return r ? r : EINVAL;
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = word[i % length];
	ssize_t written = pwrite(fd, block, BLOCK, (off_t)offset);
	if (written < 0 || fsync(fd) < 0)
		return errno;
	return written == BLOCK ? 0 : EIO;
}

PROBE(disk_write, "DEVICE OFFSET WORD [STATUS]",
      "writes a block of WORDs to DEVICE and flushes it; its errno goes to the file STATUS, too")
{
	CLEAN_FD int status = p->argument_count > 3 ? open(probe_argument(p, 3),
							   O_WRONLY | O_CREAT | O_CLOEXEC, 0600)
						    : -1;
	int r = write_block(p);

	if (status >= 0)
		(void)dprintf(status, "%d\n", r);
	return r;
}

PROBE(disk_read, "DEVICE OFFSET", "the first bytes of the block at byte OFFSET of DEVICE")
{
	_Alignas(BLOCK) static char block[BLOCK];
	CLEAN_FD int fd = -1;
	long long offset = 0;
	int r = open_at(p, O_RDONLY, &fd, &offset);

	if (r != 0)
		return r;
	ssize_t got = pread(fd, block, BLOCK, (off_t)offset);
	if (got < 0)
		return errno;
	(void)text_addf(p->reply, "%.*s\n", (int)strnlen(block, 64), block);
	return got == BLOCK ? 0 : EIO;
}
