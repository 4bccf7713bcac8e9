/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a tree as a disk, and reading it again. */
#include "host/bundle/pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define FORMAT_VERSION "1" /* of the disk: another one is another key */
#define PIECE	       65536
#define DISK_SUFFIX    ".iso"
#define READ_BLOCK     10240

/* One packing. */
struct packing {
	const char *source;
	struct archive *from, *to;
	struct pack_names *names;
	size_t prefix; /* of a folder's members: the folder's own name */
};

static int archive_error(struct archive *archive, enum blame blame, struct err *e)
{
	const char *why = archive_error_string(archive);
	int code = archive_errno(archive);

	return err_set(e, blame, code > 0 ? code : EBADMSG, "%s",
		       why ? why : "libarchive gives no reason");
}

/* ---- the source ---- */

static int open_tarball(struct packing *packing, struct err *e)
{
	int (*const filters[])(struct archive *) = {
		archive_read_support_filter_bzip2, archive_read_support_filter_gzip,
		archive_read_support_filter_lzma,  archive_read_support_filter_xz,
		archive_read_support_filter_zstd,
	};

	packing->from = archive_read_new();
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		(void)filters[i](packing->from);
	(void)archive_read_support_format_tar(packing->from);
	if (archive_read_open_filename(packing->from, packing->source, READ_BLOCK) != ARCHIVE_OK)
		return archive_error(packing->from, BLAME_USER, e);
	return 0;
}

static int open_folder(struct packing *packing, struct err *e)
{
	packing->from = archive_read_disk_new();
	packing->prefix = strlen(packing->source);
	(void)archive_read_disk_set_symlink_physical(packing->from);
	(void)archive_read_disk_set_behavior(
		packing->from, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS | ARCHIVE_READDISK_NO_XATTR |
				       ARCHIVE_READDISK_NO_ACL | ARCHIVE_READDISK_NO_FFLAGS);
	if (archive_read_disk_open(packing->from, packing->source) != ARCHIVE_OK)
		return archive_error(packing->from, BLAME_USER, e);
	return 0;
}

/* ---- the disk ---- */

static int open_disk(struct packing *packing, int fd, struct err *e)
{
	static const struct {
		const char *key, *value;
	} options[] = {
		{"volume-id", "SUITE"}, {"rockridge", "strict"}, /* with owners and setuid bits */
		{"joliet", NULL},	{"iso-level", "3"},	 {"limit-depth", NULL},
	};

	packing->to = archive_write_new();
	if (archive_write_set_format_iso9660(packing->to) != ARCHIVE_OK)
		return archive_error(packing->to, BLAME_HOST, e);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (archive_write_set_format_option(packing->to, "iso9660", options[i].key,
						    options[i].value) != ARCHIVE_OK)
			return archive_error(packing->to, BLAME_HOST, e);
	if (archive_write_open_fd(packing->to, fd) != ARCHIVE_OK)
		return archive_error(packing->to, BLAME_HOST, e);
	return 0;
}

static enum pack_kind kind_of(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry))
		return PACK_HARD_LINK;
	switch (archive_entry_filetype(entry)) {
	case AE_IFDIR:
		return PACK_FOLDER;
	case AE_IFREG:
		return PACK_FILE;
	case AE_IFLNK:
		return PACK_LINK;
	default:
		return PACK_OTHER;
	}
}

/* In the guest everybody may read it: tests go on as other users. Nothing is owned by whoever unpacked it here. */
static struct archive_entry *plain_entry(struct archive_entry *from, const char *name,
					 enum pack_kind kind)
{
	struct archive_entry *entry = archive_entry_new();
	__LA_MODE_T perm = archive_entry_perm(from);

	archive_entry_set_pathname(entry, name);
	archive_entry_set_mtime(entry, archive_entry_mtime(from), 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_filetype(entry, kind == PACK_FOLDER ? AE_IFDIR
					  : kind == PACK_LINK ? AE_IFLNK
							      : AE_IFREG);
	archive_entry_set_perm(entry, kind == PACK_FOLDER ? perm | 0555 : perm | 0444);
	if (kind == PACK_LINK)
		archive_entry_set_symlink(entry, archive_entry_symlink(from));
	if (kind == PACK_HARD_LINK)
		archive_entry_set_hardlink(entry, pack_plain(archive_entry_hardlink(from)));
	else
		archive_entry_set_size(entry, kind == PACK_FILE ? archive_entry_size(from) : 0);
	return entry;
}

static int copy_bytes(struct packing *packing, const char *name, struct err *e)
{
	char piece[PIECE];
	la_ssize_t got;

	while ((got = archive_read_data(packing->from, piece, sizeof piece)) > 0)
		if (archive_write_data(packing->to, piece, (size_t)got) != got)
			return archive_error(packing->to, BLAME_HOST, e);
	if (got < 0) {
		(void)archive_error(packing->from, BLAME_USER, e);
		return err_wrap(e, "its member '%.200s'", name);
	}
	return 0;
}

static int take_entry(struct packing *packing, struct archive_entry *from, struct err *e)
{
	enum pack_kind kind = kind_of(from);
	const char *target =
		kind == PACK_HARD_LINK ? archive_entry_hardlink(from) : archive_entry_symlink(from);
	const char *path = archive_entry_pathname(from), *name;
	la_int64_t size = archive_entry_size(from);

	if (!path)
		return err_set(e, BLAME_USER, EILSEQ, "a member's name cannot be read");
	/* Of a folder that is read as such, all names begin with its own. */
	if (packing->prefix > 0)
		for (path += packing->prefix; *path == '/'; path++)
			;
	int r = pack_names_take(packing->names, path[0] ? path : ".", kind, target,
				size > 0 ? (uint64_t)size : 0, &name, e);
	if (r <= 0)
		return r;
	struct archive_entry *entry = plain_entry(from, name, kind);
	r = archive_write_header(packing->to, entry) == ARCHIVE_OK
		    ? 0
		    : archive_error(packing->to, BLAME_HOST, e);
	archive_entry_free(entry);
	return r == 0 && kind == PACK_FILE ? copy_bytes(packing, name, e) : r;
}

static int take_entries(struct packing *packing, struct err *e)
{
	struct archive_entry *entry;
	int got, r = 0;

	while (r == 0 && (got = archive_read_next_header(packing->from, &entry)) != ARCHIVE_EOF) {
		if (got != ARCHIVE_OK)
			return archive_error(packing->from, BLAME_USER, e);
		r = take_entry(packing, entry, e);
		if (r == 0 && packing->prefix > 0 && archive_read_disk_can_descend(packing->from) &&
		    archive_read_disk_descend(packing->from) != ARCHIVE_OK)
			r = archive_error(packing->from, BLAME_USER, e);
	}
	return r;
}

static int pack(const char *source, bool is_folder, int fd, struct err *e)
{
	CLEANUP(pack_names) struct pack_names *names = pack_names_new();
	struct packing packing = {.source = source, .names = names};
	int r = is_folder ? open_folder(&packing, e) : open_tarball(&packing, e);

	if (r == 0)
		r = open_disk(&packing, fd, e);
	if (r == 0)
		r = take_entries(&packing, e);
	if (r == 0 && archive_write_close(packing.to) != ARCHIVE_OK)
		r = archive_error(packing.to, BLAME_HOST, e);
	if (packing.to)
		archive_write_free(packing.to);
	if (packing.from)
		archive_read_free(packing.from);
	return r;
}

/* ---- the cache ---- */

static void add_stat(EVP_MD_CTX *digest, const char *name, const struct stat *st)
{
	CLEAN_FREE char *line =
		xasprintf("%s %o %llu %llu %lld %lld.%09ld %lld.%09ld\n", name, st->st_mode,
			  (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
			  (long long)st->st_size, (long long)st->st_mtim.tv_sec,
			  st->st_mtim.tv_nsec, (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);

	EVP_DigestUpdate(digest, line, strlen(line) + 1);
}

/* Whatever changes in a tree changes the time of a file or a folder in it. */
static int add_tree(EVP_MD_CTX *digest, const char *path, unsigned depth, struct err *e)
{
	struct dirent **entries = NULL;
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_set(e, BLAME_USER, errno, "%s: %m", path);
	add_stat(digest, path, &st);
	if (!S_ISDIR(st.st_mode) || depth > PACK_DEPTH_MAX)
		return 0;
	int n = scandir(path, &entries, NULL, alphasort), r = 0;
	if (n < 0)
		return err_set(e, BLAME_USER, errno, "%s: %m", path);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		CLEAN_FREE char *below = xasprintf("%s/%s", path, name);
		if (r == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			r = add_tree(digest, below, depth + 1, e);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int make_key(const char *source, char key[65], struct err *e)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	EVP_MD_CTX *digest = EVP_MD_CTX_new();

	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	EVP_DigestUpdate(digest, FORMAT_VERSION, sizeof FORMAT_VERSION);
	int r = add_tree(digest, source, 0, e);
	EVP_DigestFinal_ex(digest, bytes, &length);
	EVP_MD_CTX_free(digest);
	for (unsigned i = 0; i < 32; i++)
		(void)snprintf(key + 2 * (size_t)i, 3, "%02x", bytes[i]);
	return r;
}

struct kept {
	char *path;
	struct stat st;
};

static int compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->st.st_mtim.tv_sec < y->st.st_mtim.tv_sec   ? 1
	       : x->st.st_mtim.tv_sec > y->st.st_mtim.tv_sec ? -1
							     : 0;
}

static int is_disk(const struct dirent *entry)
{
	return has_suffix(entry->d_name, DISK_SUFFIX);
}

/* The ones used last stay, as far as there is room. Whoever has one of the others open keeps it. */
static void prune(const char *cache, const char *own)
{
	struct dirent **entries = NULL;
	int n = scandir(cache, &entries, is_disk, alphasort);
	CLEAN_FREE struct kept *kept = xnew((size_t)(n > 0 ? n : 1) * sizeof *kept);
	uint64_t bytes = 0;

	for (int i = 0; i < n; i++) {
		kept[i].path = xasprintf("%s/%s", cache, entries[i]->d_name);
		(void)stat(kept[i].path, &kept[i].st);
		free(entries[i]);
	}
	free(entries);
	if (n > 0)
		qsort(kept, (size_t)n, sizeof *kept, compare_kept);
	for (int i = 0; i < n; i++) {
		bytes += (uint64_t)kept[i].st.st_size;
		if (bytes > PACK_CACHE_MAX && strcmp(kept[i].path, own) != 0)
			(void)unlink(kept[i].path);
		free(kept[i].path);
	}
}

/* Under another name first: half a disk is never found. */
static int make_disk(const char *source, bool is_folder, const char *path, struct err *e)
{
	CLEAN_FREE char *fresh = xasprintf("%s.XXXXXX", path);
	CLEAN_FD int fd = mkostemp(fresh, O_CLOEXEC);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "make %s: %m", fresh);
	int r = pack(source, is_folder, fd, e);
	if (r == 0 && rename(fresh, path) < 0)
		r = err_set(e, BLAME_HOST, errno, "name %s: %m", path);
	if (r < 0)
		(void)unlink(fresh);
	return r;
}

int pack_make(const char *source, const char *cache, char **ret, struct err *e)
{
	CLEAN_FREE char *real = realpath(source, NULL);
	CLEAN_FREE char *path = NULL;
	struct stat st;
	char key[65];

	if (!real || stat(real, &st) < 0)
		return err_set(e, BLAME_USER, errno, "%s: %m", source);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is neither a folder nor a tarball with the tree", source);
	int r = make_key(real, key, e);
	if (r < 0)
		return r;
	path = xasprintf("%s/%s" DISK_SUFFIX, cache, key);
	/* Its time says when it was used last. */
	if (utimensat(AT_FDCWD, path, NULL, 0) < 0)
		r = make_disk(real, S_ISDIR(st.st_mode), path, e);
	if (r < 0)
		return err_wrap(e, "%s", source);
	prune(cache, path);
	*ret = STEAL_PTR(path);
	return 0;
}

/* ---- reading it again ---- */

static int read_member(struct archive *archive, struct text *bytes, const char *name, struct err *e)
{
	char piece[PIECE];
	la_ssize_t got;

	text_clear(bytes);
	while ((got = archive_read_data(archive, piece, sizeof piece)) > 0)
		if (text_add(bytes, piece, (size_t)got) < 0)
			return err_set(e, BLAME_USER, EFBIG, "%s has more than %u MiB", name,
				       PACK_READ_MAX >> 20);
	return got < 0 ? archive_error(archive, BLAME_HOST, e) : 0;
}

int pack_read(const char *disk, pack_wants_fn *wants, pack_take_fn *take, void *arg, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(PACK_READ_MAX);
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int r = 0, got;

	(void)archive_read_support_format_iso9660(archive);
	if (archive_read_open_filename(archive, disk, READ_BLOCK) != ARCHIVE_OK)
		r = archive_error(archive, BLAME_HOST, e);
	while (r == 0 && (got = archive_read_next_header(archive, &entry)) != ARCHIVE_EOF) {
		const char *name = archive_entry_pathname(entry);
		if (got != ARCHIVE_OK)
			r = archive_error(archive, BLAME_HOST, e);
		else if (name && archive_entry_filetype(entry) == AE_IFREG && wants(arg, name))
			r = read_member(archive, &bytes, name, e);
		else
			continue;
		if (r == 0)
			r = take(arg, name, bytes.buf, bytes.length, e);
	}
	archive_read_free(archive);
	return r < 0 ? err_wrap(e, "the suite's disk %s", disk) : 0;
}
