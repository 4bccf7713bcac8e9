/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to a kernel, out of a package, a tarball or a folder. */
#include "host/kernel/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define BLOCK	      65536
#define FILE_SIZE_MAX (1ULL << 30)

bool package_is_one(const void *bytes, size_t length)
{
	static const struct {
		size_t at;
		const char *magic;
		size_t length;
	} known[] = {
		{0, "!<arch>\n", 8},
		{0, "\xed\xab\xee\xdb", 4},
		{257, "ustar", 5},
		{0, "\x1f\x8b", 2},
		{0, "BZh", 3},
		{0,
		 "\xfd"
		 "7zXZ",
		 5},
		{0, "\x28\xb5\x2f\xfd", 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (length >= known[i].at + known[i].length &&
		    memcmp((const char *)bytes + known[i].at, known[i].magic, known[i].length) == 0)
			return true;
	return false;
}

/* ---- names ---- */

static bool leads_out(const char *name)
{
	for (const char *at = name; *at; at += *at == '/') {
		size_t length = strcspn(at, "/");
		if (length == 2 && at[0] == '.' && at[1] == '.')
			return true;
		at += length;
	}
	return false;
}

static const char *without_root(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && (name[1] == '/' || name[1] == '\0'))
			name++;
		else
			return name;
	}
}

int package_place(const char *name, char ret[PACKAGE_NAME_MAX])
{
	static const char *const wanted[] = {"boot/", "lib/modules/"};
	const char *bare = without_root(name);

	if (name[0] == '/' || leads_out(name))
		return -EINVAL;
	if (has_prefix(bare, "usr/lib/modules/"))
		bare += strlen("usr/");
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (has_prefix(bare, wanted[i]) && strlen(bare) > strlen(wanted[i]) &&
		    strlen(bare) < PACKAGE_NAME_MAX) {
			(void)snprintf(ret, PACKAGE_NAME_MAX, "%s", bare);
			return 1;
		}
	return 0;
}

/* ---- taking ---- */

struct taking {
	struct archive *archive;
	const char *path;   /* of the archive, for messages */
	size_t skip;	    /* of each name: a folder's own path */
	const char *prefix; /* put before what is left of it */
	const char *folder;
	const struct patience *p;
	struct package_found *found;
};

static int damaged(struct taking *taking, struct archive *archive, struct err *e)
{
	const char *why = archive_error_string(archive);

	return err_set(e, BLAME_USER, EBADMSG,
		       "%.250s cannot be unpacked: it is damaged, cut short, or no package or "
		       "tarball (%.150s)",
		       taking->path, why ? why : "no reason given");
}

static int make_parents(char *path, size_t from, struct err *e)
{
	for (char *slash = path + from; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		int r = mkdir(path, 0755) < 0 && errno != EEXIST
				? err_set(e, BLAME_HOST, errno, "make %.300s: %m", path)
				: 0;
		*slash = '/';
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_whole(int fd, const char *bytes, size_t length, const char *path, struct err *e)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, BLAME_HOST, errno, "write %.300s: %m", path);
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* What is read out of an archive as a file of its own. */
struct inner {
	struct archive *outer;
	char buf[BLOCK];
};

static la_ssize_t read_inner(struct archive *archive UNUSED, void *arg, const void **ret)
{
	struct inner *inner = arg;

	*ret = inner->buf;
	return archive_read_data(inner->outer, inner->buf, sizeof inner->buf);
}

static int take_bytes(struct taking *taking, struct archive *from, int fd, const char *to,
		      struct err *e)
{
	CLEAN_FREE char *buf = xnew(BLOCK);
	uint64_t size = 0;
	la_ssize_t got;

	while ((got = archive_read_data(from, buf, BLOCK)) > 0) {
		size += (uint64_t)got;
		taking->found->bytes += (uint64_t)got;
		if (size > FILE_SIZE_MAX || taking->found->bytes > PACKAGE_BYTES_MAX)
			return err_set(
				e, BLAME_USER, EFBIG,
				"%.300s holds more than is taken of a kernel (1 GiB a file, 4 "
				"GiB in all): INSTALL_MOD_STRIP=1 leaves out what is for debuggers",
				taking->path);
		int r = write_whole(fd, buf, (size_t)got, to, e);
		if (r == 0)
			r = wait_span(taking->p, 0, "the kernel to be unpacked", e);
		if (r < 0)
			return r;
	}
	return got < 0 ? damaged(taking, from, e) : 0;
}

/* A module that is packed by itself: not every kernel unpacks those, and neither does the agent. */
static int take_unpacked(struct taking *taking, int fd, const char *to, struct err *e)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	struct inner *inner = xnew(sizeof *inner);
	int r;

	inner->outer = taking->archive;
	(void)archive_read_support_filter_all(archive);
	(void)archive_read_support_format_raw(archive);
	if (archive_read_open(archive, inner, NULL, read_inner, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		r = damaged(taking, archive, e);
	else
		r = take_bytes(taking, archive, fd, to, e);
	(void)archive_read_free(archive);
	free(inner);
	taking->found->unpacked++;
	return r;
}

/* Cuts the ending off that tells of the packing; false: there is none. */
static bool cut_packing(char *path)
{
	static const char *const endings[] = {".ko.xz", ".ko.zst", ".ko.gz"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (has_suffix(path, endings[i])) {
			path[strlen(path) - strlen(endings[i]) + strlen(".ko")] = '\0';
			return true;
		}
	return false;
}

static int take_file(struct taking *taking, const char *place, struct err *e)
{
	CLEAN_FREE char *to = xasprintf("%s/%s", taking->folder, place);
	bool is_packed = cut_packing(to);

	if (++taking->found->files > PACKAGE_FILES_MAX)
		return err_set(e, BLAME_USER, E2BIG, "%.300s holds more than %d files of a kernel",
			       taking->path, PACKAGE_FILES_MAX);
	int r = make_parents(to, strlen(taking->folder), e);
	if (r < 0)
		return r;
	CLEAN_FD int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "write %.300s: %m", to);
	return is_packed ? take_unpacked(taking, fd, to, e)
			 : take_bytes(taking, taking->archive, fd, to, e);
}

static int take_entry(struct taking *taking, struct archive_entry *entry, struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	char place[PACKAGE_NAME_MAX];

	if (!name)
		return err_set(e, BLAME_USER, EBADMSG, "%.300s has a file without a name",
			       taking->path);
	name += strnlen(name, taking->skip);
	CLEAN_FREE char *full = xasprintf("%s%s", taking->prefix, name);
	int r = package_place(full, place);
	if (r < 0)
		return err_set(
			e, BLAME_USER, EINVAL,
			"%.200s is not unpacked: it has the name \"%.150s\", which leads out "
			"of the folder that it is unpacked into",
			taking->path, name);
	if (r == 0 || archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return 0;
	return take_file(taking, place, e);
}

static int take_all(struct taking *taking, struct err *e)
{
	struct archive_entry *entry;
	int r = 0, got;

	while (r == 0 && (got = archive_read_next_header(taking->archive, &entry)) != ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN)
			return damaged(taking, taking->archive, e);
		r = take_entry(taking, entry, e);
		if (r == 0)
			r = wait_span(taking->p, 0, "the kernel to be unpacked", e);
		/* Of a folder it goes down only where it is told to. */
		if (r == 0 && taking->skip > 0)
			(void)archive_read_disk_descend(taking->archive);
	}
	return r;
}

/* ---- where from ---- */

static void support_all(struct archive *archive)
{
	(void)archive_read_support_filter_all(archive);
	(void)archive_read_support_format_tar(archive);
	(void)archive_read_support_format_cpio(archive);
}

/* A Debian package is an ar archive with a tarball in it. */
static int take_tarball_in(struct taking *taking, struct archive *outer, struct err *e)
{
	struct inner *inner = xnew(sizeof *inner);
	int r;

	inner->outer = outer;
	taking->archive = archive_read_new();
	support_all(taking->archive);
	if (archive_read_open(taking->archive, inner, NULL, read_inner, NULL) != ARCHIVE_OK)
		r = damaged(taking, taking->archive, e);
	else
		r = take_all(taking, e);
	(void)archive_read_free(taking->archive);
	free(inner);
	return r;
}

static int take_deb(struct taking *taking, struct err *e)
{
	struct archive *outer = archive_read_new();
	struct archive_entry *entry;
	int r, got = ARCHIVE_FATAL;

	(void)archive_read_support_format_ar(outer);
	if (archive_read_open_filename(outer, taking->path, BLOCK) == ARCHIVE_OK)
		while ((got = archive_read_next_header(outer, &entry)) == ARCHIVE_OK &&
		       !has_prefix(archive_entry_pathname(entry), "data.tar"))
			;
	if (got == ARCHIVE_OK)
		r = take_tarball_in(taking, outer, e);
	else if (got == ARCHIVE_EOF)
		r = err_set(e, BLAME_USER, EBADMSG,
			    "%.300s is no Debian package: it has no data.tar, or is cut short",
			    taking->path);
	else
		r = damaged(taking, outer, e);
	(void)archive_read_free(outer);
	return r;
}

static int take_archive(struct taking *taking, struct err *e)
{
	int r;

	taking->archive = archive_read_new();
	support_all(taking->archive);
	if (archive_read_open_filename(taking->archive, taking->path, BLOCK) != ARCHIVE_OK)
		r = damaged(taking, taking->archive, e);
	else
		r = take_all(taking, e);
	(void)archive_read_free(taking->archive);
	return r;
}

static int is_ar(const char *path, bool *ret, struct err *e)
{
	char magic[8] = "";
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, magic, sizeof magic) < 0)
		return err_set(e, BLAME_USER, errno, "read %.300s: %m", path);
	*ret = memcmp(magic, "!<arch>\n", sizeof magic) == 0;
	return 0;
}

int package_unpack(const char *path, const char *folder, const struct patience *p,
		   struct package_found *ret, struct err *e)
{
	struct taking taking = {.path = path, .prefix = "", .folder = folder, .p = p, .found = ret};
	bool is_deb;

	*ret = (struct package_found){0};
	int r = is_ar(path, &is_deb, e);
	if (r < 0)
		return r;
	return is_deb ? take_deb(&taking, e) : take_archive(&taking, e);
}

/* What stands in the folder is below a release of its own, or that release itself. */
static char *prefix_of(const char *path)
{
	static const char *const signs[] = {"modules.dep", "modules.order", "modules.builtin",
					    "kernel"};
	CLEAN_FREE char *whole = realpath(path, NULL);
	const char *slash = whole ? strrchr(whole, '/') : NULL;

	for (size_t i = 0; slash && i < ARRAY_LEN(signs); i++) {
		CLEAN_FREE char *sign = xasprintf("%s/%s", whole, signs[i]);
		if (access(sign, F_OK) == 0)
			return xasprintf("lib/modules%s", slash);
	}
	return xstrdup(".");
}

int package_copy(const char *path, const char *folder, const struct patience *p,
		 struct package_found *ret, struct err *e)
{
	CLEAN_FREE char *prefix = prefix_of(path);
	struct taking taking = {.path = path,
				.prefix = prefix,
				.skip = strlen(path),
				.folder = folder,
				.p = p,
				.found = ret};
	int r;

	*ret = (struct package_found){0};
	taking.archive = archive_read_disk_new();
	(void)archive_read_disk_set_symlink_physical(taking.archive);
	if (archive_read_disk_open(taking.archive, path) != ARCHIVE_OK)
		r = damaged(&taking, taking.archive, e);
	else
		r = take_all(&taking, e);
	(void)archive_read_free(taking.archive);
	return r;
}
