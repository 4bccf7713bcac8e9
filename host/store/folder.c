/* SPDX-License-Identifier: Apache-2.0 */
/* Where runs lie, and files that are whole or not there. */
#include "host/store/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"

static int find_folder(const char *variable, const char *of_home, const char *below, char **ret,
		       struct err *e)
{
	const char *base = secure_getenv(variable), *home = secure_getenv("HOME");
	const char *slash = below[0] ? "/" : "";

	if (base && base[0] == '/')
		*ret = xasprintf("%s/assay%s%s", base, slash, below);
	else if (home && home[0] == '/')
		*ret = xasprintf("%s/%s/assay%s%s", home, of_home, slash, below);
	else
		return err_set(e, BLAME_HOST, ENOENT,
			       "neither HOME nor %s says where to keep files; set one", variable);
	return 0;
}

int state_folder(const char *below, char **ret, struct err *e)
{
	return find_folder("XDG_STATE_HOME", ".local/state", below, ret, e);
}

int cache_folder(const char *below, char **ret, struct err *e)
{
	const char *told = secure_getenv("ASSAY_CACHE");

	if (told && told[0]) {
		*ret = xasprintf("%s%s%s", told, below[0] ? "/" : "", below);
		return 0;
	}
	return find_folder("XDG_CACHE_HOME", ".cache", below, ret, e);
}

/* A folder that is there may be refused for another reason than that: its filesystem is read-only. */
static int make_one(const char *path, struct err *e)
{
	struct stat stat;

	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return 0;
	int error = errno;
	return lstat(path, &stat) == 0
		       ? 0
		       : err_set(e, BLAME_HOST, error, "make the folder %s: %m", path);
}

int folder_make(const char *path, struct err *e)
{
	CLEAN_FREE char *copy = xstrdup(path);
	int r = 0;

	for (char *slash = strchr(copy, '/'); slash && r == 0; slash = strchr(slash + 1, '/')) {
		if (slash == copy)
			continue;
		*slash = '\0';
		r = make_one(copy, e);
		*slash = '/';
	}
	if (r == 0)
		r = make_one(path, e);
	if (r < 0)
		return r;
	CLEAN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open the folder %s: %m", path);
	if (faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		return err_set(e, BLAME_HOST, errno, "the folder %s cannot be written to: %m",
			       path);
	return 0;
}

/* ---- run ids ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "Debian 12 (generic).qcow2" -> "debian-12-generic" */
static void clean_name(const char *name, char *buf, size_t size)
{
	size_t at = 0;
	const char *end = strrchr(name, '.');

	if (!end || end == name)
		end = name + strlen(name);
	for (; name < end && at + 1 < size; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name + 'a' - 'A') : *name;
		if (is_plain(c))
			buf[at++] = c;
		else if (at > 0 && buf[at - 1] != '-')
			buf[at++] = '-';
	}
	while (at > 0 && buf[at - 1] == '-')
		at--;
	buf[at] = '\0';
}

const char *run_id_make(const char *subject, const char *firmware, uint64_t wall_ns,
			char buf[RUN_ID_SIZE])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	char name[48], tail[16] = "";
	struct tm tm;

	gmtime_r(&seconds, &tm);
	clean_name(subject, name, sizeof name);
	/* Many images have their firmware in their name. */
	if (firmware[0] && !has_suffix(name, firmware))
		(void)snprintf(tail, sizeof tail, "-%.10s", firmware);
	(void)snprintf(buf, RUN_ID_SIZE, "%04d%02d%02d-%02d%02d%02d-%s%s",
		       (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		       tm.tm_min, tm.tm_sec, name[0] ? name : "image", tail);
	return buf;
}

static int claim(const char *path, const char *target)
{
	return target ? symlink(target, path) : mkdir(path, 0755);
}

/* A folder, or a link to `target`, with a name that nobody has. */
static int claim_name(const char *parent, const char *target, char id[RUN_ID_SIZE], char **ret,
		      struct err *e)
{
	char first[RUN_ID_SIZE];
	int r = folder_make(parent, e);

	if (r < 0)
		return r;
	memcpy(first, id, sizeof first);
	for (unsigned n = 2; n < 1000; n++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", parent, id);
		if (claim(path, target) == 0) {
			*ret = STEAL_PTR(path);
			return 0;
		}
		if (errno != EEXIST)
			return err_set(e, BLAME_HOST, errno, "make the run's folder %s: %m", path);
		(void)snprintf(id, RUN_ID_SIZE, "%.*s-%u", RUN_ID_SIZE - 8, first, n);
	}
	return err_set(e, BLAME_HOST, EEXIST, "%s has too many runs named %s", parent, first);
}

int run_folder_make(const char *parent, char id[RUN_ID_SIZE], char **ret, struct err *e)
{
	return claim_name(parent, NULL, id, ret, e);
}

int run_link_make(const char *parent, const char *folder, char id[RUN_ID_SIZE], struct err *e)
{
	CLEAN_FREE char *target = realpath(folder, NULL), *path = NULL;

	if (!target)
		return err_set(e, BLAME_HOST, errno, "find the folder %s: %m", folder);
	return claim_name(parent, target, id, &path, e);
}

/* ---- files and folders ---- */

static int write_whole(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		length -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* A device, a pipe or a link is written to: who names one does not want a file in its place. */
static int write_through(const char *path, const char *bytes, size_t length, struct err *e)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	int r = write_whole(fd, bytes, length);
	if (r < 0 && r != -EINVAL && r != -EROFS)
		return err_set(e, BLAME_HOST, -r, "write %s: %m", path);
	return 0; /* what is no file cannot be flushed to a disk */
}

static bool is_file(const char *path)
{
	struct stat stat_;

	return lstat(path, &stat_) == 0 && S_ISREG(stat_.st_mode);
}

/* Where a link to a file leads: that file is written anew, and the link stays. Else the path itself. */
static char *path_of_file(const char *path)
{
	CLEAN_FREE char *target = realpath(path, NULL);

	return target && is_file(target) ? STEAL_PTR(target) : xstrdup(path);
}

/* Who may read and write the file that is replaced may the new one, and nobody else: a group that cannot be kept gets what
 * all have. */
static int keep_owner(int fd, const struct stat *before)
{
	struct stat now;
	mode_t mode = before->st_mode & 0777;

	if (fstat(fd, &now) < 0)
		return -errno;
	if (now.st_uid != before->st_uid && fchown(fd, before->st_uid, (gid_t)-1) < 0 &&
	    errno != EPERM)
		return -errno;
	if (now.st_gid != before->st_gid && fchown(fd, (uid_t)-1, before->st_gid) < 0)
		mode = (mode & 0707) | ((mode & 0007) << 3);
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

/* Anew, under a name of this thread's: two runs may write the same file at once, and each writes a whole one. */
static int write_anew(const char *path, const char *bytes, size_t length, struct err *e)
{
	CLEAN_FREE char *temporary = xasprintf("%s.new-%d", path, (int)gettid());
	struct stat before;
	const bool is_there = lstat(path, &before) == 0;
	CLEAN_FD int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
			       is_there ? 0600 : 0644);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "create %s: %m", temporary);
	int r = is_there ? keep_owner(fd, &before) : 0;
	if (r == 0)
		r = write_whole(fd, bytes, length);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temporary);
		return err_set(e, BLAME_HOST, -r, "write %s: %m", path);
	}
	return 0;
}

int file_write(const char *path, const char *bytes, size_t length, struct err *e)
{
	CLEAN_FREE char *file = path_of_file(path);
	struct stat stat_;

	return lstat(file, &stat_) == 0 && !S_ISREG(stat_.st_mode)
		       ? write_through(file, bytes, length, e)
		       : write_anew(file, bytes, length, e);
}

static bool is_torn(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

int file_append(const char *path, const char *bytes, size_t length, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	int r = flock(fd, LOCK_EX) < 0 ? -errno : 0; /* who has it writes a line, and is gone */
	if (r == 0 && is_torn(fd))
		r = write_whole(fd, "\n", 1);
	if (r == 0)
		r = write_whole(fd, bytes, length);
	return r < 0 ? err_set(e, BLAME_HOST, -r, "write %s: %m", path) : 0;
}

static int remove_entry(const char *path, const struct stat *stat UNUSED, int type UNUSED,
			struct FTW *at UNUSED)
{
	return remove(path) < 0 && errno != ENOENT ? errno : 0;
}

int folder_remove(const char *path, struct err *e)
{
	int r = nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);

	if (r == 0 || (r < 0 && errno == ENOENT))
		return 0;
	return err_set(e, BLAME_HOST, r > 0 ? r : errno, "remove %s: %m", path);
}

/* "m0012-fork" */
static bool is_machine(const char *name)
{
	size_t digits = name[0] == 'm' ? strspn(name + 1, "0123456789") : 0;

	return digits >= 4 && name[1 + digits] == '-';
}

static bool is_of_run(const char *name)
{
	static const char *const files[] = {"plan.json",   "journal.jsonl",    "report.html",
					    "report.json", "junit.xml",	       "judgements.jsonl",
					    "sign-offs",   "submissions.jsonl"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (strcmp(name, files[i]) == 0)
			return true;
	return is_machine(name);
}

static int is_visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int run_folder_remove(const char *path, struct err *e)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_visible, alphasort), others = 0, r = 0;

	if (count < 0)
		return errno == ENOENT ? 0 : err_set(e, BLAME_HOST, errno, "read %s: %m", path);
	for (int i = 0; i < count; i++) {
		CLEAN_FREE char *entry = xasprintf("%s/%s", path, entries[i]->d_name);
		if (!is_of_run(entries[i]->d_name))
			others++;
		else if (r == 0)
			r = folder_remove(entry, e);
		free(entries[i]);
	}
	free(entries);
	if (r == 0 && others == 0 && rmdir(path) < 0)
		r = err_set(e, BLAME_HOST, errno, "remove %s: %m", path);
	return r < 0 ? r : others > 0;
}

/* nftw has no argument for its function; each thread measures for itself. */
static _Thread_local uint64_t usage;

/* What vanishes meanwhile has no stat. */
static int add_usage(const char *path UNUSED, const struct stat *stat, int type,
		     struct FTW *at UNUSED)
{
	if (type != FTW_NS)
		usage += (uint64_t)stat->st_blocks * 512;
	return 0;
}

uint64_t folder_usage(const char *path)
{
	usage = 0;
	(void)nftw(path, add_usage, 16, FTW_PHYS);
	return usage;
}
