/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that are kept between runs. */
#include "host/run/template_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/vec.h"
#include "host/store/folder.h"

#define LOCK_ENDING   ".lock"
#define LOCK_PAUSE_NS (200 * NS_PER_MS)

/* ---- keys ---- */

static int add_description(const struct machine_spec *spec, const struct patience *p,
			   struct text *out, struct err *e)
{
	const struct driver *driver = spec_driver(spec);
	const struct size *size = spec->size;

	text_addf(out, "image %s\nfirmware %s\nentry %s\naccel %s\ndriver %s\noptions %s\n",
		  spec->image ? spec->image->digest : "none", firmware_name(spec->firmware),
		  entry_name(spec->entry), accel_name(spec->accel), driver->name,
		  spec->driver_options ? spec->driver_options : "");
	text_addf(out, "cpus %u\nmem %u\nnuma %u\ndisks %u of %u\nnics %u\ntpm %d\ncpu %s\n",
		  size->cpus, size->mem_mib, size->numa_nodes, size->data_disks,
		  size->data_disk_mib, size->nics, size->tpm, size->cpu_model);
	if (size->controller[0]) /* as it was named before sizes had one */
		text_addf(out, "controller %s\n", size->controller);
	return driver->describe ? driver->describe(spec, p, out, e) : 0;
}

int template_cache_key(const struct machine_spec *spec, const struct patience *p,
		       char key[TEMPLATE_KEY_SIZE], struct err *e)
{
	CLEAN_TEXT struct text description = TEXT_INIT(1U << 20);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	int r = add_description(spec, p, &description, e);
	if (r < 0)
		return r;
	if (!EVP_Digest(description.buf, description.length, hash, &length, EVP_sha256(), NULL))
		return err_set(e, BLAME_HOST, EIO, "SHA-256 is not available");
	for (size_t i = 0; i < (TEMPLATE_KEY_SIZE - 1) / 2; i++)
		(void)snprintf(key + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

static bool is_key(const char *name, size_t length)
{
	return length == TEMPLATE_KEY_SIZE - 1 && strspn(name, "0123456789abcdef") >= length;
}

static bool is_lock(const char *name)
{
	const char *ending = strstr(name, LOCK_ENDING);

	return ending && ending[strlen(LOCK_ENDING)] == '\0' &&
	       is_key(name, (size_t)(ending - name));
}

/* ---- locks ---- */

int template_cache_open(const char *folder, const char *key, int *ret_fd, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s" LOCK_ENDING, folder, key);

	*ret_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	return *ret_fd < 0 ? err_set(e, BLAME_HOST, errno, "open the template's lock %s: %m", path)
			   : 0;
}

/* Who locks a file that has no name any more locks nobody else out. */
static bool is_removed(int fd)
{
	struct stat stat_;

	return fstat(fd, &stat_) < 0 || stat_.st_nlink == 0;
}

static int lock(int fd, int how, const struct patience *p, const char *what, struct err *e)
{
	while (flock(fd, how | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, BLAME_HOST, errno, "lock a template: %m");
		int r = wait_span(p, LOCK_PAUSE_NS, what, e);
		if (r < 0)
			return r;
	}
	return is_removed(fd) ? err_set(e, BLAME_HOST, ESTALE,
					"the template's lock was removed in this moment")
			      : 0;
}

int template_cache_share(int lock_fd, const struct patience *p, struct err *e)
{
	(void)futimens(lock_fd, NULL);
	return lock(lock_fd, LOCK_SH, p, "another run that makes the same template", e);
}

int template_cache_own(int lock_fd, const struct patience *p, struct err *e)
{
	return lock(lock_fd, LOCK_EX, p, "another run that uses the same template", e);
}

/* ---- what is kept ---- */

static int compare_used(const void *a, const void *b)
{
	const struct template_entry *x = a, *y = b;

	if (x->used_ns != y->used_ns)
		return x->used_ns > y->used_ns ? -1 : 1;
	return strcmp(x->key, y->key);
}

static void add_entry(const char *folder, const char *name, struct template_entries *ret)
{
	struct template_entry entry = {0};
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_FREE char *content = NULL;
	CLEAN_FD int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) < 0)
		return;
	memcpy(entry.key, name, TEMPLATE_KEY_SIZE - 1);
	content = xasprintf("%s/%s", folder, entry.key);
	entry.used_ns = (uint64_t)stat_.st_mtim.tv_sec * NS_PER_S + (uint64_t)stat_.st_mtim.tv_nsec;
	entry.in_use = flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (stat(content, &stat_) < 0)
		return; /* a lock without a template: nothing to see or to free */
	entry.bytes = folder_usage(content);
	(void)vec_add(ret, entry);
}

int template_cache_list(const char *folder, struct template_entries *ret, struct err *e)
{
	DIR *dir = opendir(folder);

	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, BLAME_HOST, errno, "read %s: %m", folder);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (is_lock(entry->d_name))
			add_entry(folder, entry->d_name, ret);
	}
	(void)closedir(dir);
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_used);
	return 0;
}

/* ---- what a run that was killed has left ---- */

#define UNFINISHED_ENDING ".XXXXXX" /* machine_freeze makes the template under such a name */

/* The key of an unfinished template's folder. */
static bool is_unfinished(const char *name, char key[TEMPLATE_KEY_SIZE])
{
	size_t length = TEMPLATE_KEY_SIZE - 1;

	if (strlen(name) != length + strlen(UNFINISHED_ENDING) || name[length] != '.' ||
	    !is_key(name, length))
		return false;
	(void)snprintf(key, TEMPLATE_KEY_SIZE, "%s", name);
	return true;
}

static bool is_free(const char *folder, const char *key)
{
	struct err e = {0};
	CLEAN_FD int fd = -1;

	return template_cache_open(folder, key, &fd, &e) == 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* Of the key that the caller owns; NULL: of all that nobody owns. */
static int remove_unfinished(const char *folder, const char *owned, uint64_t *ret_freed,
			     struct err *e)
{
	DIR *dir = opendir(folder);
	char key[TEMPLATE_KEY_SIZE];
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, BLAME_HOST, errno, "read %s: %m", folder);
	for (struct dirent *entry; r == 0 && (entry = readdir(dir));) {
		if (!is_unfinished(entry->d_name, key) ||
		    !(owned ? strcmp(key, owned) == 0 : is_free(folder, key)))
			continue;
		CLEAN_FREE char *path = xasprintf("%s/%s", folder, entry->d_name);
		*ret_freed += folder_usage(path);
		r = folder_remove(path, e);
	}
	(void)closedir(dir);
	return r;
}

int template_cache_clear(const char *folder, const char *key, struct err *e)
{
	CLEAN_FREE char *content = xasprintf("%s/%s", folder, key);
	uint64_t freed = 0;
	int r = remove_unfinished(folder, key, &freed, e);

	return r < 0 ? r : folder_remove(content, e);
}

static int remove_entry(const char *folder, const struct template_entry *entry, uint64_t *ret_freed,
			struct err *e)
{
	CLEAN_FREE char *content = xasprintf("%s/%s", folder, entry->key);
	CLEAN_FD int fd = -1;
	int r = template_cache_open(folder, entry->key, &fd, e);

	if (r < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return r; /* in use by now */
	r = folder_remove(content, e);
	if (r == 0)
		*ret_freed += entry->bytes;
	return r;
}

/* Only who holds it may remove a lock, and whoever gets one looks whether it still has its name. */
static void remove_lone_lock(const char *folder, const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_FREE char *content = xasprintf("%s/%.*s", folder, TEMPLATE_KEY_SIZE - 1, name);
	CLEAN_FD int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && !is_removed(fd) &&
	    access(content, F_OK) < 0 && errno == ENOENT)
		(void)unlink(path);
}

static int remove_lone_locks(const char *folder, struct err *e)
{
	DIR *dir = opendir(folder);

	if (!dir)
		return errno == ENOENT ? 0 : err_set(e, BLAME_HOST, errno, "read %s: %m", folder);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (is_lock(entry->d_name))
			remove_lone_lock(folder, entry->d_name);
	(void)closedir(dir);
	return 0;
}

int template_cache_prune(const char *folder, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
{
	struct template_entries entries = VEC_INIT(10000);
	uint64_t kept = 0;
	int r = remove_unfinished(folder, NULL, ret_freed, e);

	if (r == 0)
		r = template_cache_list(folder, &entries, e);
	vec_each (&entries, entry) {
		if (r < 0)
			break;
		if (kept + entry->bytes <= max_bytes || entry->in_use)
			kept += entry->bytes;
		else
			r = remove_entry(folder, entry, ret_freed, e);
	}
	vec_done(&entries);
	return r < 0 ? r : remove_lone_locks(folder, e);
}
