/* SPDX-License-Identifier: Apache-2.0 */
/* A machine's disks: made for a boot, frozen into a template, forked from it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/driver/qemu/qemu.h"
#include "host/image/qemu_img.h"

#define MIB (1ULL << 20)

void disks_done(struct qemu *qemu)
{
	for (unsigned i = 0; i < qemu->disk_count; i++) {
		scope_close(&qemu->disks[i].fd);
		scope_close(&qemu->disks[i].log_fd);
		scope_close(&qemu->disks[i].before_fd);
		free(qemu->disks[i].backing);
	}
	qemu->disk_count = 0;
	scope_close(&qemu->media_fd);
	scope_close(&qemu->vars_fd);
	scope_close(&qemu->initrd_fd);
	qemu->media_fd = qemu->vars_fd = qemu->initrd_fd = -1;
}

static struct qemu_disk *add_disk(struct qemu *qemu, int fd, const char *format)
{
	struct qemu_disk *disk = &qemu->disks[qemu->disk_count++];

	*disk = (struct qemu_disk){.fd = fd, .log_fd = -1, .before_fd = -1};
	(void)snprintf(disk->format, sizeof disk->format, "%s", format);
	return disk;
}

/* A disk that belongs to the caller. */
static int open_given(struct qemu *qemu, const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	add_disk(qemu, fd, "qcow2");
	return 0;
}

static int make_root(struct qemu *qemu, const struct patience *p, struct err *e)
{
	const struct machine_spec *spec = &qemu->spec;
	int fd = -1;

	if (spec->root_disk)
		return open_given(qemu, spec->root_disk, e);
	int r = image_overlay(spec->image, spec->folder, spec->make.disk_bytes, p, &fd, e);
	if (r < 0)
		return r;
	add_disk(qemu, fd, "qcow2");
	return 0;
}

static int make_data_disks(struct qemu *qemu, struct err *e)
{
	for (unsigned i = 0; i < qemu->spec.size->data_disks && qemu->disk_count < QEMU_DISKS_MAX;
	     i++) {
		int fd = file_unnamed(qemu->spec.folder, e);
		if (fd < 0)
			return fd;
		add_disk(qemu, fd, "raw");
		if (ftruncate(fd, (off_t)(qemu->spec.size->data_disk_mib * MIB)) < 0)
			return err_set(e, BLAME_HOST, errno, "make a data disk of %u MiB: %m",
				       qemu->spec.size->data_disk_mib);
	}
	return 0;
}

static int make_vars(struct qemu *qemu, struct err *e)
{
	struct firmware_files files;
	int r = firmware_find(spec_has_secure_boot(&qemu->spec), &files, e);

	if (r < 0)
		return r;
	qemu->vars_fd = file_unnamed(qemu->spec.folder, e);
	return qemu->vars_fd < 0 ? qemu->vars_fd : file_copy_path(files.vars, qemu->vars_fd, e);
}

int disk_make_media(struct qemu *qemu, struct err *e)
{
	CLEAN_FREE char *name =
		xasprintf("%s%s", qemu->spec.run_name ? qemu->spec.run_name : "assay",
			  qemu->spec.instance ? "-another" : "");
	const struct image_seed *seed = qemu->spec.make.seed;
	CLEAN_FD int fd = file_unnamed(qemu->spec.folder, e);

	if (fd < 0)
		return fd;
	int r = seed ? image_media_seeded(fd, qemu->spec.agent_path, seed, e)
		     : image_media(fd, qemu->spec.entry, qemu->spec.agent_path, name, e);
	if (r < 0)
		return r;
	qemu->media_fd = STEAL_FD(fd);
	return 0;
}

static bool needs_media(const struct machine_spec *spec)
{
	return spec->image && spec->agent_path && spec->entry != ENTRY_SSH &&
	       spec->entry != ENTRY_NONE;
}

int disks_make(struct qemu *qemu, const struct patience *p, struct err *e)
{
	const struct machine_spec *spec = &qemu->spec;
	int r = spec->image ? make_root(qemu, p, e) : 0;

	if (r == 0 && spec_kernel(spec))
		r = initrd_make(qemu, e);
	if (r == 0 && spec->extra_disk)
		r = open_given(qemu, spec->extra_disk, e);
	if (r == 0)
		r = make_data_disks(qemu, e);
	if (r == 0 && spec->image && spec->firmware == FIRMWARE_UEFI)
		r = make_vars(qemu, e);
	if (r == 0 && needs_media(spec))
		r = disk_make_media(qemu, e);
	return r;
}

/* Of a fork's layer QEMU is told on its command line what is below it. */
static int name_backing(const struct qemu_disk *disk, const char *below, int to,
			const struct patience *p, struct err *e)
{
	CLEAN_FREE char *backing = realpath(below, NULL);
	char path[FILE_PATH_SIZE];
	const char *argv[] = {"qemu-img",
			      "rebase",
			      "-u",
			      "-f",
			      "qcow2",
			      "-b",
			      backing,
			      "-F",
			      disk->backing_format,
			      file_path(QEMU_IMG_FD, path),
			      NULL};

	if (!backing)
		return err_set(e, BLAME_HOST, errno, "%s: %m", below);
	return qemu_img_on(to, argv, p, e);
}

int disk_copy_root(const struct qemu *qemu, int to, const struct patience *p, struct err *e)
{
	const struct qemu_disk *disk = &qemu->disks[0];

	if (!qemu->spec.image || strcmp(disk->format, "qcow2") != 0)
		return err_set(e, BLAME_BUG, ENOTSUP, "the machine has no root disk to copy");
	int r = file_copy(disk->fd, to, e);
	if (r == 0 && disk->backing)
		r = name_backing(disk, disk->backing, to, p, e);
	return r < 0 ? err_wrap(e, "copy the root disk") : 0;
}

int disk_size(const struct qemu_disk *disk, uint64_t *ret, struct err *e)
{
	unsigned char header[32];
	off_t length = lseek(disk->fd, 0, SEEK_END);

	if (strcmp(disk->format, "raw") == 0) {
		*ret = (uint64_t)length;
		return length < 0 ? err_set(e, BLAME_HOST, errno, "look at a disk: %m") : 0;
	}
	if (pread(disk->fd, header, sizeof header, 0) != (ssize_t)sizeof header ||
	    memcmp(header, "QFI\xfb", 4) != 0)
		return err_set(e, BLAME_HOST, EINVAL, "a disk's overlay is not qcow2");
	*ret = 0;
	for (int i = 24; i < 32; i++) /* the size stands there, big endian */
		*ret = *ret << 8 | header[i];
	return 0;
}

/* Each fork copies this file instead of asking qemu-img to make one: that costs more than all the rest of a fork. */
static int make_empty(const char *path, uint64_t size, const struct patience *p, struct err *e)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	CLEAN_FREE char *bytes = xasprintf("%llu", (unsigned long long)size);
	const char *argv[] = {"qemu-img", "create", "-q", "-f", "qcow2", path, bytes, NULL};
	struct child_spec spec = {.argv = argv, .no_network = true, .limit_cpu_s = 60};

	return child_run_ok(&spec, p, &out, e);
}

/* A copy of the layer below with what the fork has written: the template that it was forked from may be thrown away. */
static int freeze_fork(const struct qemu_disk *disk, const char *path, const struct patience *p,
		       struct err *e)
{
	CLEAN_FD int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char top[FILE_PATH_SIZE];
	const char *argv[] = {"qemu-img", "commit", "-q",
			      "-d",	  "-f",	    "qcow2",
			      "-t",	  "unsafe", file_path(QEMU_IMG_FD, top),
			      NULL};

	if (to < 0)
		return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
	int r = file_copy_path(disk->backing, to, e);
	if (r == 0)
		r = name_backing(disk, path, disk->fd, p, e);
	return r < 0 ? r : qemu_img_on(disk->fd, argv, p, e);
}

static int freeze_disk(struct qemu *qemu, unsigned at, const char *folder, const struct patience *p,
		       struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_DISK, folder, at);
	CLEAN_FREE char *empty = xasprintf("%s/" TEMPLATE_EMPTY, folder, at);
	uint64_t size = 0;
	int r = disk_size(&qemu->disks[at], &size, e);

	if (r == 0)
		r = qemu->disks[at].backing ? freeze_fork(&qemu->disks[at], path, p, e)
					    : file_name(qemu->disks[at].fd, path, e);
	return r < 0 ? r : make_empty(empty, size, p, e);
}

static int freeze_file(int fd, const char *folder, const char *name, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);

	return fd < 0 ? 0 : file_name(fd, path, e);
}

int disks_freeze(struct qemu *qemu, const char *folder, const struct patience *p, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < qemu->disk_count && r == 0; i++)
		r = freeze_disk(qemu, i, folder, p, e);
	if (r == 0)
		r = freeze_file(qemu->vars_fd, folder, TEMPLATE_VARS, e);
	if (r == 0)
		r = freeze_file(qemu->media_fd, folder, TEMPLATE_MEDIA, e);
	if (r == 0)
		r = freeze_file(qemu->tpm_fd, folder, TEMPLATE_TPM, e);
	return r < 0 ? r : freeze_file(qemu->initrd_fd, folder, "initrd", e);
}

static int fork_disk(struct qemu *qemu, unsigned at, const char *folder, const char *format,
		     struct err *e)
{
	CLEAN_FREE char *empty = xasprintf("%s/" TEMPLATE_EMPTY, folder, at);
	int fd = file_unnamed(qemu->spec.folder, e);

	if (fd < 0)
		return fd;
	struct qemu_disk *disk = add_disk(qemu, fd, "qcow2");
	disk->backing = xasprintf("%s/" TEMPLATE_DISK, folder, at);
	(void)snprintf(disk->backing_format, sizeof disk->backing_format, "%s", format);
	return file_copy_path(empty, fd, e);
}

static int fork_vars(struct qemu *qemu, const char *folder, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_VARS, folder);

	qemu->vars_fd = file_unnamed(qemu->spec.folder, e);
	return qemu->vars_fd < 0 ? qemu->vars_fd : file_copy_path(path, qemu->vars_fd, e);
}

static int fork_read_only(int *fd, const char *folder, const char *name, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? err_set(e, BLAME_HOST, errno, "open %s: %m", path) : 0;
}

int disks_fork(struct qemu *qemu, const char *folder, struct err *e)
{
	const struct machine_spec *spec = &qemu->spec;
	unsigned at = 0;
	int r = 0;

	if (spec->image)
		r = fork_disk(qemu, at++, folder, "qcow2", e);
	for (unsigned i = 0;
	     i < spec->size->data_disks && qemu->disk_count < QEMU_DISKS_MAX && r == 0; i++)
		r = fork_disk(qemu, at++, folder, "raw", e);
	if (r == 0 && spec->image && spec->firmware == FIRMWARE_UEFI)
		r = fork_vars(qemu, folder, e);
	if (r == 0 && needs_media(spec))
		r = fork_read_only(&qemu->media_fd, folder, TEMPLATE_MEDIA, e);
	if (r == 0 && spec_kernel(spec))
		r = fork_read_only(&qemu->initrd_fd, folder, "initrd", e);
	return r;
}
