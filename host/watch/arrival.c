/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a folder, from one look to the next. */
#include "host/watch/arrival.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"

struct arrival {
	char name[ARRIVAL_NAME_SIZE];
	struct arrival_file file;
	uint64_t still_since_ns, not_before_ns; /* monotonic */
	bool is_seen, is_done, was_renamed;
};
DEFINE_VEC(arrival_list, struct arrival);

struct arrivals {
	uint64_t settle_ns;
	struct arrival_list list; /* sorted by name, up to `sorted` */
	size_t sorted;		  /* what a look has added lies behind until it ends */
};

bool arrival_file_is_same(const struct arrival_file *a, const struct arrival_file *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

static uint64_t in_ns(struct timespec time)
{
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

void arrival_file_read(const struct stat *stat_, struct arrival_file *ret)
{
	*ret = (struct arrival_file){.device = stat_->st_dev,
				     .inode = stat_->st_ino,
				     .size = (uint64_t)stat_->st_size,
				     .mtime_ns = in_ns(stat_->st_mtim),
				     .ctime_ns = in_ns(stat_->st_ctim)};
}

bool arrival_file_lies_at(const char *path, const struct arrival_file *file)
{
	struct arrival_file there;
	struct stat stat_;

	if (lstat(path, &stat_) < 0 || !S_ISREG(stat_.st_mode))
		return false;
	arrival_file_read(&stat_, &there);
	return arrival_file_is_same(&there, file);
}

/* ---- names ---- */

static bool ends_with_any(const char *name, const char *const *endings)
{
	size_t length = strlen(name);

	for (; *endings; endings++) {
		size_t own = strlen(*endings);
		if (length > own && strcasecmp(name + length - own, *endings) == 0)
			return true;
	}
	return false;
}

const char *arrival_why_not(const char *name)
{
	static const char *const unfinished[] = {
		".part",     ".partial",  ".tmp",	 ".temp",    ".crdownload",
		".download", ".filepart", ".uploading",	 ".new",     ".aria2",
		"~",	     ".swp",	  ".incomplete", ".writing", NULL};
	static const char *const companions[] = {
		".sha256", ".sha256sum", ".sha512",   ".md5",  ".asc",	".sig",
		".gpg",	   ".sum",	 ".txt",      ".md",   ".json", ".yaml",
		".yml",	   ".xml",	 ".html",     ".log",  ".pem",	".pub",
		".key",	   ".changelog", ".manifest", ".sbom", NULL};

	if (name[0] == '.')
		return "it is hidden";
	if (ends_with_any(name, unfinished))
		return "its name says that it is not complete";
	if (ends_with_any(name, companions) || strcmp(name, "SHA256SUMS") == 0 ||
	    strcmp(name, "SHA512SUMS") == 0)
		return "its name says that it is no image";
	return strlen(name) >= ARRIVAL_NAME_SIZE ? "its name is too long" : NULL;
}

/* ---- life ---- */

struct arrivals *arrivals_new(uint64_t settle_ns)
{
	struct arrivals *arrivals = xnew(sizeof *arrivals);

	arrivals->settle_ns = settle_ns;
	arrivals->list = (struct arrival_list)VEC_INIT(ARRIVALS_MAX);
	return arrivals;
}

void arrivals_free(struct arrivals *arrivals)
{
	if (!arrivals)
		return;
	vec_done(&arrivals->list);
	free(arrivals);
}

/* ---- looking ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct arrival *)a)->name, ((const struct arrival *)b)->name);
}

static struct arrival *find(const struct arrivals *arrivals, const char *name)
{
	struct arrival key = {.name = ""};

	if (strlen(name) >= sizeof key.name || arrivals->sorted == 0)
		return NULL;
	memcpy(key.name, name, strlen(name) + 1);
	return bsearch(&key, arrivals->list.items, arrivals->sorted, sizeof key, compare_names);
}

void arrivals_begin(struct arrivals *arrivals)
{
	vec_each (&arrivals->list, it)
		it->is_seen = false;
}

static bool add(struct arrivals *arrivals, const char *name, const struct arrival_file *file,
		uint64_t now_ns)
{
	struct arrival added = {.file = *file, .still_since_ns = now_ns, .is_seen = true};

	if (arrival_why_not(name))
		return false;
	memcpy(added.name, name, strlen(name) + 1);
	return vec_add(&arrivals->list, added);
}

bool arrivals_see(struct arrivals *arrivals, const char *name, const struct arrival_file *file,
		  uint64_t now_ns)
{
	struct arrival *it = find(arrivals, name);

	if (!it)
		return add(arrivals, name, file, now_ns);
	bool is_same = arrival_file_is_same(&it->file, file);
	bool is_other_file = it->file.device != file->device || it->file.inode != file->inode;
	it->is_seen = true;
	it->file = *file;
	if (is_same)
		return false;
	/* One that is being written is no new one each time; what was done with it is void. */
	bool was_done = it->is_done;
	it->still_since_ns = now_ns;
	it->not_before_ns = 0;
	it->is_done = it->was_renamed = false;
	return is_other_file || was_done;
}

void arrivals_end(struct arrivals *arrivals)
{
	size_t kept = 0;

	vec_each (&arrivals->list, it)
		if (it->is_seen)
			arrivals->list.items[kept++] = *it;
	arrivals->list.count = arrivals->sorted = kept;
	if (kept > 1)
		qsort(arrivals->list.items, kept, sizeof *arrivals->list.items, compare_names);
}

void arrivals_renamed(struct arrivals *arrivals, const char *name)
{
	struct arrival *it = find(arrivals, name);

	if (it)
		it->was_renamed = true;
}

/* ---- which is next ---- */

/* From when on it is whole, by the monotonic clock; what changed before we looked counts as well, where the clock can be
 * believed: a file's time of change cannot be set. */
static uint64_t whole_at_ns(const struct arrivals *arrivals, const struct arrival *it,
			    uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t at_ns = it->still_since_ns + arrivals->settle_ns;

	if (it->was_renamed)
		at_ns = now_ns;
	else if (it->file.ctime_ns <= wall_ns && wall_ns - it->file.ctime_ns >= arrivals->settle_ns)
		at_ns = now_ns;
	return at_ns > it->not_before_ns ? at_ns : it->not_before_ns;
}

static bool came_before(const struct arrival *a, const struct arrival *b)
{
	if (a->file.ctime_ns != b->file.ctime_ns)
		return a->file.ctime_ns < b->file.ctime_ns;
	return strcmp(a->name, b->name) < 0;
}

const char *arrivals_next(const struct arrivals *arrivals, uint64_t now_ns, uint64_t wall_ns)
{
	const struct arrival *first = NULL;

	vec_each (&arrivals->list, it)
		if (!it->is_done && whole_at_ns(arrivals, it, now_ns, wall_ns) <= now_ns &&
		    (!first || came_before(it, first)))
			first = it;
	return first ? first->name : NULL;
}

const struct arrival_file *arrivals_file(const struct arrivals *arrivals, const char *name)
{
	const struct arrival *it = find(arrivals, name);

	return it ? &it->file : NULL;
}

void arrivals_done(struct arrivals *arrivals, const char *name)
{
	struct arrival *it = find(arrivals, name);

	if (it)
		it->is_done = true;
}

void arrivals_put_off(struct arrivals *arrivals, const char *name, uint64_t until_ns)
{
	struct arrival *it = find(arrivals, name);

	if (it)
		it->not_before_ns = until_ns;
}

uint64_t arrivals_due_ns(const struct arrivals *arrivals, uint64_t now_ns, uint64_t wall_ns)
{
	uint64_t due_ns = UINT64_MAX;

	vec_each (&arrivals->list, it) {
		uint64_t at_ns = whole_at_ns(arrivals, it, now_ns, wall_ns);
		if (!it->is_done && at_ns < due_ns)
			due_ns = at_ns;
	}
	return due_ns;
}
