/* SPDX-License-Identifier: Apache-2.0 */
/* What host cases ask of filesystems that no file of the kernel tells. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "guest/kit/probe.h"

PROBE(filesystem_size, "PATH", "the bytes that the filesystem there can hold")
{
	struct statvfs st;

	if (statvfs(probe_argument(p, 0), &st) < 0)
		return errno;
	return text_addf(p->reply, "%llu\n", (unsigned long long)st.f_blocks * st.f_frsize)
		       ? EMSGSIZE
		       : 0;
}

PROBE(root_disk, "", "the path in /sys of the block device that holds the root filesystem")
{
	char link[64], path[PATH_MAX];
	struct stat st;

	(void)p;
	if (stat("/", &st) < 0)
		return errno;
	(void)snprintf(link, sizeof link, "/sys/dev/block/%u:%u", major(st.st_dev),
		       minor(st.st_dev));
	/* Btrfs gives its files numbers of no device. */
	if (!realpath(link, path))
		return errno;
	return text_adds(p->reply, path) ? EMSGSIZE : 0;
}
