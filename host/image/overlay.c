/* SPDX-License-Identifier: Apache-2.0 */
/* A writable qcow2 overlay over an image: the image itself is never written. */
#include "host/image/image.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/child.h"

/* A booting guest writes logs and caches at least; with less room it fails in ways that look like the guest's fault. */
#define OVERLAY_ROOM (256ULL << 20)

static int check_space(const char *path, struct err *e)
{
	CLEAN_FREE char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');
	struct statvfs fs;

	if (slash)
		slash[slash == folder] = '\0';
	if (statvfs(slash ? folder : ".", &fs) < 0)
		return err_set(e, BLAME_HOST, errno, "look at the folder of %.300s: %m", path);
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < OVERLAY_ROOM)
		return err_set(e, BLAME_HOST, ENOSPC,
			       "only %" PRIu64
			       " MiB are free where %.250s is to lie, and a machine's disk "
			       "needs at least %llu MiB; free some space or choose another folder",
			       room >> 20, path, OVERLAY_ROOM >> 20);
	return 0;
}

int image_overlay(const struct image *image, const char *path, uint64_t virtual_size,
		  const struct patience *p, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	char size[32];
	const char *argv[] = {"qemu-img",
			      "create",
			      "-q",
			      "-f",
			      "qcow2",
			      "-b",
			      image->path,
			      "-F",
			      image->format,
			      path,
			      virtual_size ? size : NULL,
			      NULL};
	struct child_spec spec = {
		.argv = argv,
		.limit_memory = 2ULL << 30,
		.limit_cpu_s = 60,
		.no_network = true,
		.no_exec = true,
	};
	int r = check_space(path, e);

	if (r < 0)
		return r;
	(void)snprintf(size, sizeof size, "%" PRIu64, virtual_size);
	r = child_run_ok(&spec, p, &out, e);
	return r < 0 ? err_wrap(e, "overlay over %.150s", image->name) : 0;
}
