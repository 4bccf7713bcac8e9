/* SPDX-License-Identifier: Apache-2.0 */
/* An image: opening it, proving that it is as it was, and what follows from what was found on it. */
#include "host/image/image.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "host/image/chain.h"
#include "host/image/digest.h"
#include "host/image/extents.h"
#include "host/image/identify.h"

#define SYSTEMD_WITH_EXTRA_UNIT 256
#define SYSTEMD_WITH_TMPFILES	252

void image_free(struct image *image)
{
	if (!image)
		return;
	chain_done(image);
	extents_free(image->extents);
	free(image->path);
	free(image);
}

int image_find(const char *path, char **ret, struct err *e)
{
	CLEAN_FREE char *found = realpath(path, NULL);

	if (!found && errno == ENOENT)
		return err_set(e, BLAME_USER, ENOENT, "%.300s does not exist; check the path",
			       path);
	if (!found)
		return err_set(e, BLAME_USER, errno, "%.300s cannot be opened: %m", path);
	if (!json_keeps(found))
		return err_set(
			e, BLAME_USER, EILSEQ,
			"the path %.300s is not UTF-8, and QEMU takes no other; rename it, or give the "
			"image another name with: ln",
			found);
	*ret = STEAL_PTR(found);
	return 0;
}

static int resolve(const char *path, struct image *image, struct err *e)
{
	int r = image_find(path, &image->path, e);

	if (r < 0)
		return r;
	const char *slash = strrchr(image->path, '/');
	(void)snprintf(image->name, sizeof image->name, "%s", slash + 1);
	return 0;
}

int image_open(const char *path, const struct image_options *options, const struct patience *p,
	       struct image **ret, struct err *e)
{
	CLEANUP(image) struct image *image = xnew(sizeof *image);
	int r = resolve(path, image, e);

	if (r == 0)
		r = chain_open(image, options, p, e);
	if (r == 0) {
		image->extents = extents_find(image, options, p);
		r = identify(image, options, p, e);
	}
	if (r < 0)
		return r;
	*ret = STEAL_PTR(image);
	return 0;
}

static void opened_identity(const struct image_file *file, struct file_identity *ret)
{
	*ret = (struct file_identity){file->device, file->inode, file->size, file->mtime_ns,
				      file->ctime_ns};
}

static int prove_file(const struct image_file *file, const struct patience *p, struct err *e)
{
	CLEAN_FD int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const struct digest_progress silent = {0};
	struct file_identity then, now;
	char digest[DIGEST_SIZE];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, BLAME_HOST, ESTALE, "%.300s is gone since it was opened",
			       file->path);
	file_identity(&st, &now);
	opened_identity(file, &then);
	if (file_identity_equal(&then, &now))
		return 0;
	if (now.size != then.size)
		return err_set(e, BLAME_HOST, ESTALE,
			       "%.300s has another size than when it was opened", file->path);
	int r = digest_compute(fd, file->path, &now, p, &silent, digest, e);
	if (r < 0)
		return r;
	if (strcmp(digest, file->digest) != 0)
		return err_set(e, BLAME_HOST, ESTALE,
			       "%.300s has another content than when it was opened", file->path);
	return 0;
}

int image_prove_unchanged(const struct image *image, const struct patience *p, struct err *e)
{
	for (unsigned i = 0; i < image->chain_count; i++) {
		int r = prove_file(&image->chain[i], p, e);
		if (r < 0)
			return r;
	}
	return 0;
}

enum entry image_entry(const struct image *image)
{
	if (image->has_cloud_init)
		return ENTRY_CLOUD_INIT;
	if (image->systemd_version >= SYSTEMD_WITH_EXTRA_UNIT)
		return ENTRY_SYSTEMD_UNIT;
	if (image->systemd_version >= SYSTEMD_WITH_TMPFILES)
		return ENTRY_TMPFILES;
	return ENTRY_NONE;
}

const char *entry_name(enum entry entry)
{
	static const char *const names[] = {
		[ENTRY_AUTO] = "auto",
		[ENTRY_CLOUD_INIT] = "cloud-init",
		[ENTRY_SYSTEMD_UNIT] = "systemd-unit",
		[ENTRY_TMPFILES] = "tmpfiles",
		[ENTRY_SSH] = "ssh",
		[ENTRY_INIT] = "init",
		[ENTRY_NONE] = "none",
	};

	return (size_t)entry < ARRAY_LEN(names) ? names[entry] : "unknown";
}

const char *firmware_name(enum firmware firmware)
{
	static const char *const names[] = {
		[FIRMWARE_AUTO] = "auto",
		[FIRMWARE_BIOS] = "bios",
		[FIRMWARE_UEFI] = "uefi",
	};

	return (size_t)firmware < ARRAY_LEN(names) ? names[firmware] : "unknown";
}

enum firmware image_firmware(const struct image *image)
{
	return image->boots_uefi ? FIRMWARE_UEFI : FIRMWARE_BIOS;
}
