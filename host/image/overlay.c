/* SPDX-License-Identifier: Apache-2.0 */
/* A writable qcow2 overlay over an image: the image itself is never written. */
#include "host/image/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "host/image/qemu_img.h"

/* A booting guest writes logs and caches at least; with less room it fails in ways that look like the guest's fault. */
#define OVERLAY_ROOM (256ULL << 20)

static int check_space(const char *folder, struct err *e)
{
	struct statvfs fs;

	if (statvfs(folder, &fs) < 0)
		return err_set(e, BLAME_HOST, errno, "look at the folder %.300s: %m", folder);
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < OVERLAY_ROOM)
		return err_set(e, BLAME_HOST, ENOSPC,
			       "only %" PRIu64 " MiB are free in %.250s, and a machine's disk "
			       "needs at least %llu MiB; free some space or choose another folder",
			       room >> 20, folder, OVERLAY_ROOM >> 20);
	return 0;
}

/* qemu-img fills the file that it is handed. */
static int fill(const struct image *image, int fd, uint64_t virtual_size, const struct patience *p,
		struct err *e)
{
	char size[32], path[FILE_PATH_SIZE];
	const char *argv[] = {"qemu-img",
			      "create",
			      "-q",
			      "-f",
			      "qcow2",
			      "-b",
			      image->path,
			      "-F",
			      image->format,
			      file_path(QEMU_IMG_FD, path),
			      virtual_size ? size : NULL,
			      NULL};

	(void)snprintf(size, sizeof size, "%" PRIu64, virtual_size);
	return qemu_img_on(fd, argv, p, e);
}

int image_overlay(const struct image *image, const char *folder, uint64_t virtual_size,
		  const struct patience *p, int *ret_fd, struct err *e)
{
	CLEAN_FD int fd = -1;
	int r = check_space(folder, e);

	if (r == 0)
		r = fd = file_unnamed(folder, e);
	if (r >= 0)
		r = fill(image, fd, virtual_size, p, e);
	if (r < 0)
		return err_wrap(e, "overlay over %.150s", image->name);
	*ret_fd = STEAL_FD(fd);
	return 0;
}
