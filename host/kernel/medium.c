/* SPDX-License-Identifier: Apache-2.0 */
/* The medium that brings a kernel's modules into a machine. */
#include "host/kernel/medium.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>

#include "base/text.h"

#define BLOCK 65536

struct making {
	struct archive *out, *in;
	const char *path;
};

static int failed(struct making *making, struct archive *archive, struct err *e)
{
	const char *why = archive_error_string(archive);

	return err_set(e, BLAME_HOST, EIO, "make the kernel's medium %.300s: %s", making->path,
		       why ? why : "no reason given");
}

static int copy_bytes(struct making *making, const char *from, struct err *e)
{
	CLEAN_FD int fd = open(from, O_RDONLY | O_CLOEXEC);
	char buf[BLOCK];
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, buf, sizeof buf)) > 0)
		if (archive_write_data(making->out, buf, (size_t)got) != got)
			return failed(making, making->out, e);
	return got < 0 ? err_set(e, BLAME_HOST, errno, "read %.300s: %m", from) : 0;
}

/* `name`: in the medium. */
static int copy_entry(struct making *making, struct archive_entry *entry, const char *name,
		      struct err *e)
{
	CLEAN_FREE char *from = xstrdup(archive_entry_pathname(entry));

	archive_entry_set_pathname(entry, name);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	if (archive_write_header(making->out, entry) != ARCHIVE_OK)
		return failed(making, making->out, e);
	return archive_entry_filetype(entry) == AE_IFREG ? copy_bytes(making, from, e) : 0;
}

static int copy_tree(struct making *making, const char *folder, struct err *e)
{
	struct archive_entry *entry;
	int r = 0, got;

	making->in = archive_read_disk_new();
	(void)archive_read_disk_set_symlink_physical(making->in);
	got = archive_read_disk_open(making->in, folder);
	while (r == 0 && got >= ARCHIVE_WARN &&
	       (got = archive_read_next_header(making->in, &entry)) != ARCHIVE_EOF) {
		if (got < ARCHIVE_WARN)
			break;
		/* The folder itself is the medium's root. */
		const char *name = archive_entry_pathname(entry) + strlen(folder);
		if (name[0] == '/' && name[1])
			r = copy_entry(making, entry, name + 1, e);
		(void)archive_read_disk_descend(making->in);
	}
	if (r == 0 && got < ARCHIVE_WARN)
		r = failed(making, making->in, e);
	(void)archive_read_free(making->in);
	return r;
}

int kernel_medium_make(const char *folder, const char *path, struct err *e)
{
	struct making making = {.out = archive_write_new(), .path = path};
	int r = 0;

	if (archive_write_set_format_iso9660(making.out) != ARCHIVE_OK ||
	    archive_write_set_option(making.out, "iso9660", "volume-id", KERNEL_MEDIUM_LABEL) !=
		    ARCHIVE_OK ||
	    archive_write_open_filename(making.out, path) != ARCHIVE_OK)
		r = failed(&making, making.out, e);
	if (r == 0)
		r = copy_tree(&making, folder, e);
	if (r == 0 && archive_write_close(making.out) != ARCHIVE_OK)
		r = failed(&making, making.out, e);
	(void)archive_write_free(making.out);
	return r;
}
