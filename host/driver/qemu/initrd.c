/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The micro-VM's initramfs: /init is the agent; /modules/ has the kernel's modules that it needs to reach us and to read
 * disks, and /etc/assay-modules names them in the order in which they are to be loaded.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "host/driver/qemu/qemu.h"

#define DEP_MAX	    (8U << 20)
#define FILE_MAX    (64U << 20)
#define MODULES_MAX 128

/* A kernel may have any of them built in, or not at all: then the agent does without. */
static const char *const wanted[] = {"virtio_pci", "virtio_console", "virtio_blk",
				     "virtio-rng", "virtio_balloon", NULL};

/* For the disks of others. They are left out where there is none: btrfs alone takes seconds to choose its checksums. */
static const char *const wanted_for_disks[] = {"ext4",	    "xfs",	 "btrfs",  "f2fs", "vfat",
					       "nls_cp437", "nls_ascii", "dm-mod", NULL};

/* For a kernel that is tried: the medium with its modules. */
static const char *const wanted_for_medium[] = {"isofs", NULL};

/* For an image's root, on whatever controller; the first two are found by name when a filesystem is mounted. */
static const char *const wanted_for_root[] = {"crc32c_generic", "crc32c_intel", "virtio_scsi",
					      "sd_mod",		"ahci",		"nvme",
					      "ext4",		"xfs",		NULL};

/* Distributions compress modules, and not every kernel unpacks them by itself. */
static const char *const packings[] = {"", ".xz", ".zst", ".gz"};

DEFINE_VEC(path_vec, char *);

/* The initramfs under construction. */
struct initrd {
	struct archive *archive;
	const char *modules; /* the folder with modules.dep */
	struct text dep;     /* its content: "path.ko: path.ko …" */
	struct path_vec added;
	struct text list; /* /etc/assay-modules */
};

static int archive_error(struct initrd *initrd, struct err *e)
{
	const char *why = archive_error_string(initrd->archive);

	return err_set(e, BLAME_HOST, EIO, "make the micro-VM's initramfs: %s",
		       why ? why : "no reason given");
}

static int add_bytes(struct initrd *initrd, const char *name, unsigned type, const char *bytes,
		     size_t length, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int r = 0;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_size(entry, (la_int64_t)length);
	archive_entry_set_nlink(entry, 1);
	if (archive_write_header(initrd->archive, entry) != ARCHIVE_OK ||
	    (length > 0 &&
	     archive_write_data(initrd->archive, bytes, length) != (la_ssize_t)length))
		r = archive_error(initrd, e);
	archive_entry_free(entry);
	return r;
}

static int add_link(struct initrd *initrd, const char *name, const char *to, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int r = 0;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFLNK);
	archive_entry_set_perm(entry, 0777);
	archive_entry_set_symlink(entry, to);
	archive_entry_set_size(entry, 0);
	archive_entry_set_nlink(entry, 1);
	if (archive_write_header(initrd->archive, entry) != ARCHIVE_OK)
		r = archive_error(initrd, e);
	archive_entry_free(entry);
	return r;
}

static int add_file(struct initrd *initrd, const char *path, const char *name, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(FILE_MAX);
	int r = text_read_file(&content, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	return add_bytes(initrd, name, AE_IFREG, content.buf, content.length, e);
}

/* Adds the bytes of a module, unpacked. */
static int add_unpacked(struct initrd *initrd, const char *path, const char *name, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(FILE_MAX);
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char buf[65536];
	la_ssize_t got = -1;

	(void)archive_read_support_filter_all(archive);
	(void)archive_read_support_format_raw(archive);
	if (archive_read_open_filename(archive, path, sizeof buf) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		while ((got = archive_read_data(archive, buf, sizeof buf)) > 0)
			if (text_add(&content, buf, (size_t)got) < 0)
				break;
	const char *why = archive_error_string(archive);
	int r = 0;
	if (got > 0)
		r = err_set(e, BLAME_HOST, EFBIG, "unpack %.300s: more than %u bytes", path,
			    FILE_MAX);
	else if (got < 0)
		r = err_set(e, BLAME_HOST, EIO, "unpack %.300s: %s", path,
			    why ? why : "no reason given");
	(void)archive_read_free(archive);
	return r < 0 ? r : add_bytes(initrd, name, AE_IFREG, content.buf, content.length, e);
}

/* One module, unless it is there already. `path` is relative to the folder. */
static int add_module(struct initrd *initrd, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');

	vec_each (&initrd->added, added)
		if (strcmp(*added, path) == 0)
			return 0;
	CLEAN_FREE char *from = xasprintf("%s/%s", initrd->modules, path);
	CLEAN_FREE char *name = xasprintf("modules/%s", slash ? slash + 1 : path);
	char *packing = strstr(name, ".ko.");
	if (packing)
		packing[3] = '\0';
	char *copy = xstrdup(path);
	if (!vec_add(&initrd->added, copy)) {
		free(copy);
		return err_set(e, BLAME_HOST, E2BIG,
			       "the micro-VM's modules need more than %d others", MODULES_MAX);
	}
	(void)text_addf(&initrd->list, "/%s\n", name);
	return packing ? add_unpacked(initrd, from, name, e) : add_file(initrd, from, name, e);
}

/* The line "…/NAME.ko: DEPENDENCY…" of modules.dep; NULL when there is none. A module is called by either spelling. */
static char *find_line(struct initrd *initrd, const char *name)
{
	char *at = NULL;

	for (size_t i = 0; !at && i < ARRAY_LEN(packings); i++) {
		CLEAN_FREE char *pattern = xasprintf("/%s.ko%s:", name, packings[i]);
		at = strstr(initrd->dep.buf, pattern);
	}

	while (at && at > initrd->dep.buf && at[-1] != '\n')
		at--;
	return at ? xasprintf("%.*s", (int)strcspn(at, "\n"), at) : NULL;
}

/* A module with all that it depends on: modules.dep lists the deepest last. */
static int add_with_dependencies(struct initrd *initrd, const char *name, struct err *e)
{
	CLEAN_FREE char *line = find_line(initrd, name);
	int r = 0;

	if (!line)
		return 0;
	char *colon = strchr(line, ':');
	*colon = '\0';
	for (char *space; r == 0 && (space = strrchr(colon + 1, ' '));) {
		if (space[1])
			r = add_module(initrd, space + 1, e);
		*space = '\0';
	}
	return r < 0 ? r : add_module(initrd, line, e);
}

static int add_wanted(struct initrd *initrd, const char *const *names, struct err *e)
{
	int r = 0;

	for (const char *const *name = names; *name && r == 0; name++)
		r = add_with_dependencies(initrd, *name, e);
	return r;
}

static int add_modules(struct initrd *initrd, const struct machine_spec *spec, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/modules.dep", spec_modules(spec));
	int r = text_read_file(&initrd->dep, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	initrd->modules = spec_modules(spec);
	r = add_bytes(initrd, "modules", AE_IFDIR, NULL, 0, e);
	if (r == 0)
		r = add_wanted(initrd, wanted, e);
	if (r == 0 && spec->extra_disk)
		r = add_wanted(initrd, wanted_for_disks, e);
	if (r == 0 && spec->own_kernel)
		r = add_wanted(initrd, wanted_for_medium, e);
	if (r == 0 && spec->image)
		r = add_wanted(initrd, wanted_for_root, e);
	if (r < 0)
		return r;
	return add_bytes(initrd, "etc/assay-modules", AE_IFREG, initrd->list.buf,
			 initrd->list.length, e);
}

static void initrd_done(struct initrd *initrd)
{
	if (initrd->archive)
		(void)archive_write_free(initrd->archive);
	vec_each (&initrd->added, path)
		free(*path);
	vec_done(&initrd->added);
	text_done(&initrd->dep);
	text_done(&initrd->list);
}
DEFINE_CLEAN_DONE(initrd);

/* The kernel mounts nothing by itself, but it opens /dev/console for /init. */
static int add_folders(struct initrd *initrd, struct err *e)
{
	static const char *const folders[] = {"boot",	  "dev",  "etc",     "mnt",
					      "proc",	  "root", "run",     "sys",
					      "tmp",	  "usr",  "usr/lib", "usr/lib/modules",
					      "usr/sbin", "var",  "var/tmp"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders) && r == 0; i++)
		r = add_bytes(initrd, folders[i], AE_IFDIR, NULL, 0, e);
	if (r == 0)
		r = add_link(initrd, "lib", "usr/lib", e);
	return r == 0 ? add_link(initrd, "sbin", "usr/sbin", e) : r;
}

/* What the agent is to do with a kernel that is tried: guest/init_kernel.h. */
static int add_kernel(struct initrd *initrd, const struct machine_spec *spec, struct err *e)
{
	const struct machine_kernel *kernel = spec->own_kernel;
	CLEAN_FREE char *config = xasprintf("boot/config-%s", kernel->release);
	CLEAN_TEXT struct text order = TEXT_INIT(512);

	if (kernel->medium)
		text_adds(&order, "modules\n");
	if (spec->image)
		text_addf(&order, "root %s %s\n", spec->image->filesystems[0].type,
			  spec->image->filesystems[0].uuid);
	/* The kernel asks that program for the modules that it wants. */
	int r = add_link(initrd, "usr/sbin/modprobe", "/init", e);
	if (r == 0)
		r = add_bytes(initrd, "etc/assay-kernel", AE_IFREG, order.buf, order.length, e);
	if (r == 0 && kernel->config)
		r = add_bytes(initrd, config, AE_IFREG, kernel->config, strlen(kernel->config), e);
	return r;
}

int initrd_make(struct qemu *qemu, struct err *e)
{
	CLEAN_DONE(initrd)
	struct initrd initrd = {
		.archive = archive_write_new(),
		.dep = TEXT_INIT(DEP_MAX),
		.added = VEC_INIT(MODULES_MAX),
		.list = TEXT_INIT(65536),
	};
	int r;

	qemu->initrd_fd = file_unnamed(qemu->spec.folder, e);
	if (qemu->initrd_fd < 0)
		return qemu->initrd_fd;
	if (archive_write_set_format_cpio_newc(initrd.archive) != ARCHIVE_OK ||
	    archive_write_open_fd(initrd.archive, qemu->initrd_fd) != ARCHIVE_OK)
		return archive_error(&initrd, e);
	r = add_folders(&initrd, e);
	if (r == 0)
		r = add_file(&initrd, qemu->spec.agent_path, "init", e);
	if (r == 0 && spec_modules(&qemu->spec))
		r = add_modules(&initrd, &qemu->spec, e);
	if (r == 0 && qemu->spec.own_kernel)
		r = add_kernel(&initrd, &qemu->spec, e);
	if (r == 0 && archive_write_close(initrd.archive) != ARCHIVE_OK)
		r = archive_error(&initrd, e);
	return r;
}
