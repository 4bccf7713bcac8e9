/* SPDX-License-Identifier: Apache-2.0 */
/* What was found out about a content, remembered by its digest. */
#include "host/image/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/secret.h"

#define FOLDER "looks"
#define END    "\nend\n" /* a file that a crash has cut does not end so */

static char *memory_path(const char *cache_folder, const char *digest, const char *what)
{
	return xasprintf("%s/" FOLDER "/%s-" ASSAY_VERSION "-%s", cache_folder, digest, what);
}

bool memory_recall(const char *cache_folder, const char *digest, const char *what, struct text *ret)
{
	text_clear(ret);
	if (!cache_folder)
		return false;
	CLEAN_FREE char *path = memory_path(cache_folder, digest, what);
	bool is_whole = text_read_file(ret, path) == 0 && has_suffix(ret->buf, END);
	text_cut(ret, is_whole ? ret->length - strlen(END) : 0);
	if (is_whole)
		(void)utimensat(AT_FDCWD, path, NULL, 0); /* its time says when it was last used */
	return is_whole;
}

void memory_keep(const char *cache_folder, const char *digest, const char *what,
		 const char *content)
{
	if (!cache_folder || secret_is_in(content, strlen(content))) /* a path may have one */
		return;
	CLEAN_FREE char *path = memory_path(cache_folder, digest, what),
			*temporary = xasprintf("%s.XXXXXX", path);
	CLEAN_FREE char *folder = xasprintf("%s/" FOLDER, cache_folder);
	CLEAN_FREE char *whole = xasprintf("%s" END, content);
	(void)mkdir(cache_folder, 0777);
	(void)mkdir(folder, 0777);
	CLEAN_FD int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, whole, strlen(whole)) != (ssize_t)strlen(whole) ||
	    rename(temporary, path) < 0)
		(void)unlink(temporary);
}

/* ---- all that is remembered ---- */

typedef int entry_fn(int folder, const char *name, const struct stat *stat_, void *arg,
		     struct err *e);

static int each_entry(const char *cache_folder, entry_fn *fn, void *arg, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" FOLDER, cache_folder);
	DIR *dir = opendir(path);
	struct stat stat_;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, BLAME_HOST, errno, "read %s: %m", path);
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));)
		if (fstatat(dirfd(dir), entry->d_name, &stat_, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(stat_.st_mode))
			r = fn(dirfd(dir), entry->d_name, &stat_, arg, e);
	(void)closedir(dir);
	return r;
}

static void add_size(struct memory_size *size, const struct stat *stat_)
{
	size->files++;
	size->bytes += (uint64_t)stat_->st_blocks * 512;
}

static int measure(int folder UNUSED, const char *name UNUSED, const struct stat *stat_, void *arg,
		   struct err *e UNUSED)
{
	add_size(arg, stat_);
	return 0;
}

int memory_measure(const char *cache_folder, struct memory_size *ret, struct err *e)
{
	return each_entry(cache_folder, measure, ret, e);
}

struct forgetting {
	uint64_t since_ns;
	struct memory_size *size;
};

static int forget(int folder, const char *name, const struct stat *stat_, void *arg, struct err *e)
{
	const struct forgetting *forgetting = arg;
	uint64_t used_ns =
		(uint64_t)stat_->st_mtim.tv_sec * NS_PER_S + (uint64_t)stat_->st_mtim.tv_nsec;

	if (used_ns >= forgetting->since_ns)
		return 0;
	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_set(e, BLAME_HOST, errno, "remove " FOLDER "/%s: %m", name);
	add_size(forgetting->size, stat_);
	return 0;
}

int memory_forget(const char *cache_folder, uint64_t since_ns, struct memory_size *ret,
		  struct err *e)
{
	struct forgetting forgetting = {since_ns, ret};

	return each_entry(cache_folder, forget, &forgetting, e);
}
