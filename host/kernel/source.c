/* SPDX-License-Identifier: Apache-2.0 */
/* Source trees, and their files in the cache. */
#include "host/kernel/source.h"

#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/sha256.h"
#include "host/kernel/prepare.h"
#include "host/store/folder.h"

#define LISTING_MAX  (128U << 20)
#define STATUS_MAX   (16U << 20)
#define FILE_MAX     (256U << 20) /* of a source */
#define LOCK_LOOK_NS (200 * NS_PER_MS)

void source_done(struct source *source)
{
	git_done(&source->git);
	vec_each (&source->changed, path)
		free(*path);
	vec_done(&source->changed);
	free(source->path);
	free(source->place);
	free(source->files);
	free(source->objects);
	scope_close(&source->lock_fd);
	*source = (struct source){.lock_fd = -1};
}

bool source_is_one(const char *path)
{
	static const char *const names[] = {"Makefile", "Kbuild", "Kconfig"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		CLEAN_FREE char *file = xasprintf("%s/%s", path, names[i]);
		if (access(file, R_OK) < 0)
			return false;
	}
	return true;
}

/* ---- what is in it ---- */

static int digest_file(const char *path, const struct stat *st, const char *cache,
		       const struct patience *p, char ret[DIGEST_SIZE], struct err *e)
{
	const struct digest_progress silent = {0};
	CLEAN_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct file_identity identity;

	if (fd < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	file_identity(st, &identity);
	return digest_of_file(fd, path, &identity, cache, p, &silent, ret, e);
}

/* One line for a file: its kind, its name, what is in it. */
static int list_file(const char *path, const char *name, const struct patience *p, struct text *out,
		     struct err *e)
{
	char digest[DIGEST_SIZE], target[4096];
	struct stat st;

	if (lstat(path, &st) < 0) {
		(void)text_addf(out, "gone %s\n", name);
		return 0;
	}
	if (S_ISLNK(st.st_mode)) {
		ssize_t length = readlink(path, target, sizeof target - 1);
		(void)text_addf(out, "link %s %.*s\n", name, (int)(length < 0 ? 0 : length),
				target);
		return 0;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is neither a file nor a link: a source tree has nothing else",
			       path);
	int r = digest_file(path, &st, NULL, p, digest, e);
	if (r == 0)
		(void)text_addf(out, "file%s %s %s\n", st.st_mode & S_IXUSR ? "x" : "", name,
				digest);
	return r;
}

static int compare_entries(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int list_entry(const FTSENT *entry, size_t top, const struct patience *p, unsigned *count,
		      struct text *out, struct err *e)
{
	switch (entry->fts_info) {
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return err_set(e, BLAME_USER, entry->fts_errno, "read %s: %m", entry->fts_path);
	case FTS_D:
	case FTS_DP:
	case FTS_DC:
		return 0;
	default:
		break;
	}
	if (++*count > SOURCE_FILES_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "%.*s holds more than %d files: is it the right folder?", (int)top,
			       entry->fts_path, SOURCE_FILES_MAX);
	return list_file(entry->fts_path, entry->fts_path + top + 1, p, out, e);
}

static int list_folder(const char *folder, const struct patience *p, struct text *out,
		       struct err *e)
{
	CLEAN_FREE char *root = xstrdup(folder);
	char *const roots[] = {root, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_entries);
	unsigned count = 0;
	int r = 0;

	if (!fts)
		return err_set(e, BLAME_USER, errno, "read %s: %m", folder);
	for (FTSENT *entry; r == 0 && (entry = fts_read(fts));) {
		if (patience_cancelled(p))
			r = err_set(e, BLAME_USER, ECANCELED, "ended by the user");
		else if (entry->fts_info == FTS_D && strcmp(entry->fts_name, ".git") == 0)
			(void)fts_set(fts, entry, FTS_SKIP);
		else
			r = list_entry(entry, strlen(folder), p, &count, out, e);
	}
	(void)fts_close(fts);
	return r;
}

/* ---- work trees ---- */

/* "XY path" with NUL behind it; of a rename nothing is told, since we ask for none. */
static int take_status(struct source *source, const struct text *status, struct err *e)
{
	size_t at = 0;

	while (at + 3 < status->length) {
		const char *path = status->buf + at + 3;
		size_t length = strlen(path);
		if (length > 0 && path[length - 1] == '/')
			return err_set(
				e, BLAME_USER, EINVAL,
				"%s/%s is a repository of its own: commit it there, and give "
				"a revision",
				source->git.top, path);
		char *copy = xstrdup(path);
		if (!vec_add(&source->changed, copy)) {
			free(copy);
			return err_set(e, BLAME_USER, E2BIG,
				       "%s has more than %d files that are not committed: commit "
				       "them, or let .gitignore leave them out",
				       source->git.top, SOURCE_CHANGES_MAX);
		}
		at += 3 + length + 1;
	}
	return 0;
}

static int find_changes(struct source *source, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *top = xasprintf("--work-tree=%s", source->git.top);
	const char *const words[] = {top,
				     "-C",
				     source->git.top,
				     "status",
				     "--porcelain=v1",
				     "-z",
				     "--no-renames",
				     "--untracked-files=all",
				     "--ignore-submodules=none",
				     NULL};
	CLEAN_TEXT struct text status = TEXT_INIT(STATUS_MAX);
	int r = git_run(&source->git, words, p, &status, e);

	return r == 0 ? take_status(source, &status, e) : r;
}

static int list_changes(const struct source *source, const struct patience *p, struct text *out,
			struct err *e)
{
	int r = 0;

	vec_each (&source->changed, name) {
		CLEAN_FREE char *path = xasprintf("%s/%s", source->git.top, *name);
		if (r == 0)
			r = list_file(path, *name, p, out, e);
	}
	return r;
}

/* ---- opening ---- */

static int digest_source(const struct source *source, const struct patience *p,
			 char ret[DIGEST_SIZE], struct err *e)
{
	CLEAN_TEXT struct text listing = TEXT_INIT(LISTING_MAX);
	char tree[GIT_ID_SIZE];
	int r;

	if (source->commit[0]) {
		r = git_tree(&source->git, source->commit, p, tree, e);
		if (r < 0)
			return r;
		(void)text_addf(&listing, "tree %s\n", tree);
		r = list_changes(source, p, &listing, e);
	} else {
		r = list_folder(source->path, p, &listing, e);
	}
	if (r == 0 && listing.overflowed)
		r = err_set(e, BLAME_USER, E2BIG, "%s holds too many files", source->path);
	if (r == 0)
		sha256_text(listing.buf, listing.length, ret);
	return r;
}

static int choose_commit(struct source *source, const struct source_order *order,
			 const struct patience *p, struct err *e)
{
	const char *revision = order->revision ? order->revision : "HEAD";
	int r = git_commit(&source->git, revision, p, source->commit, e);

	return r == 0 && !order->revision ? find_changes(source, p, e) : r;
}

/* A folder somewhere in a repository, or one of whose top nothing is committed, is a folder. */
static bool is_of_git(const struct source *source, const struct source_order *order)
{
	return order->revision || (source->git.top && strcmp(source->git.top, source->path) == 0);
}

static void name_source(struct source *source, const struct source_order *order)
{
	const char *slash = strrchr(source->path, '/');
	const char *base = slash && slash[1] ? slash + 1 : source->path;

	if (source->commit[0] && order->revision &&
	    strncmp(order->revision, source->commit, strlen(order->revision)) != 0)
		(void)snprintf(source->name, sizeof source->name, "%.50s at %.40s (%.12s)", base,
			       order->revision, source->commit);
	else if (source->commit[0] && source->changed.count > 0)
		(void)snprintf(source->name, sizeof source->name,
			       "%.50s at %.12s and %zu changed file%s", base, source->commit,
			       source->changed.count, source->changed.count == 1 ? "" : "s");
	else if (source->commit[0])
		(void)snprintf(source->name, sizeof source->name, "%.50s at %.12s", base,
			       source->commit);
	else
		(void)snprintf(source->name, sizeof source->name, "%.50s", base);
}

static int find_place(struct source *source, const char *cache, struct err *e)
{
	const char *key = source->commit[0] ? source->git.folder : source->path;
	char digest[SHA256_SIZE];

	sha256_text(key, strlen(key), digest);
	source->place = xasprintf("%s/" KEPT_SOURCES "/%.16s", cache, digest);
	source->objects = xasprintf("%s/objects", source->place);
	source->files =
		source->commit[0] ? xasprintf("%s/files", source->place) : xstrdup(source->path);
	return folder_make(source->place, e);
}

static int check_kind(const struct source *source, const struct source_order *order, struct err *e)
{
	if (order->revision && !source->git.folder)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s is no git repository, so it has no revision '%.80s'",
			       order->tree, order->revision);
	if (!source->commit[0] && !source_is_one(source->path))
		return err_set(
			e, BLAME_USER, EINVAL,
			"%s is no kernel's source tree: Makefile, Kbuild and Kconfig have to be "
			"in it",
			order->tree);
	return 0;
}

int source_open(const struct source_order *order, const struct patience *p, struct source *ret,
		struct err *e)
{
	*ret = (struct source){.changed = VEC_INIT(SOURCE_CHANGES_MAX), .lock_fd = -1};
	ret->path = realpath(order->tree, NULL);
	if (!ret->path)
		return err_set(e, BLAME_USER, errno, "%s: %m", order->tree);
	int r = git_open(ret->path, p, &ret->git, e);
	/* Whoever has no git may build folders; that there is no repository, check_kind says. */
	if (r == -ENOENT && (e->code == 0 || !order->revision)) {
		err_clear(e);
		r = 0;
	}
	if (r == 0 && ret->git.folder && is_of_git(ret, order))
		r = choose_commit(ret, order, p, e);
	if (r == 0)
		r = check_kind(ret, order, e);
	if (r == 0)
		r = digest_source(ret, p, ret->digest, e);
	if (r < 0)
		return r;
	name_source(ret, order);
	return find_place(ret, order->cache, e);
}

int source_prove_unchanged(const struct source *source, const struct patience *p, struct err *e)
{
	char digest[DIGEST_SIZE];

	if (source->commit[0])
		return 0; /* its files were taken before */
	int r = digest_source(source, p, digest, e);
	if (r == 0 && strcmp(digest, source->digest) != 0)
		return err_set(
			e, BLAME_USER, ESTALE,
			"%s was changed while it was built: what came out is neither the one "
			"nor the other; build it again",
			source->path);
	return r;
}

/* ---- the files ---- */

/* Who cleans up removes the file before the folder: then the lock is on nothing that others would find. */
static bool is_in_place(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && stat(path, &there) == 0 && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

static int try_lock(struct source *source, const char *path, struct err *e)
{
	int r = folder_make(source->place, e);

	scope_close(&source->lock_fd);
	source->lock_fd = r < 0 ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (r < 0)
		return r;
	if (source->lock_fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	if (flock(source->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EAGAIN
					    : err_set(e, BLAME_HOST, errno, "lock %s: %m", path);
	return is_in_place(source->lock_fd, path) ? 0 : -EAGAIN;
}

int source_lock(struct source *source, const struct patience *p,
		void (*tell)(void *arg, const char *line), void *arg, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_LOCK, source->place);
	bool was_told = false;
	int r;

	while ((r = try_lock(source, path, e)) == -EAGAIN) {
		if (!was_told && tell)
			tell(arg, "waiting for another build from this tree");
		was_told = true;
		r = wait_span(p, LOCK_LOOK_NS, "another build from this tree", e);
		if (r < 0)
			return r;
	}
	if (r == 0)
		(void)futimens(source->lock_fd, NULL); /* last used */
	return r;
}

static int copy_link(const char *from, const char *to, struct err *e)
{
	char target[4096];
	ssize_t length = readlink(from, target, sizeof target - 1);

	if (length < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", from);
	target[length] = '\0';
	return symlink(target, to) < 0 ? err_set(e, BLAME_HOST, errno, "make %s: %m", to) : 0;
}

static int copy_file(const char *from, const char *to, mode_t mode, struct err *e)
{
	CLEAN_TEXT struct text content = TEXT_INIT(FILE_MAX);
	int r = text_read_file(&content, from);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %s: %m", from);
	r = file_write(to, content.buf, content.length, e);
	if (r == 0 && chmod(to, mode & S_IXUSR ? 0755 : 0644) < 0)
		r = err_set(e, BLAME_HOST, errno, "chmod %s: %m", to);
	return r;
}

/* As it lies in the work tree: a file, a link, or nothing any more. */
static int put_change(const struct source *source, const char *name, struct err *e)
{
	CLEAN_FREE char *from = xasprintf("%s/%s", source->git.top, name);
	CLEAN_FREE char *to = xasprintf("%s/%s", source->files, name);
	CLEAN_FREE char *folder = xasprintf("%.*s", (int)(strrchr(to, '/') - to), to);
	struct stat st;

	if (lstat(from, &st) < 0) {
		(void)unlink(to);
		return 0;
	}
	int r = folder_make(folder, e);
	if (r == 0)
		(void)unlink(to);
	if (r == 0)
		r = S_ISLNK(st.st_mode) ? copy_link(from, to, e)
					: copy_file(from, to, st.st_mode, e);
	return r;
}

int source_put(const struct source *source, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *index = xasprintf("%s/index", source->place);
	int r = folder_make(source->objects, e);

	if (r < 0 || !source->commit[0])
		return r;
	r = folder_make(source->files, e);
	if (r == 0)
		r = git_put_files(&source->git, source->commit, source->files, index, p, e);
	vec_each (&source->changed, name)
		if (r == 0)
			r = put_change(source, *name, e);
	if (r == 0 && !source_is_one(source->files))
		r = err_set(
			e, BLAME_USER, EINVAL,
			"%s holds no kernel's source tree: Makefile, Kbuild and Kconfig have to "
			"be at its top",
			source->name);
	return r;
}
