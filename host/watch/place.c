/* SPDX-License-Identifier: Apache-2.0 */
/* Names that are free, and files that get there whole or not at all. */
#include "host/watch/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define NAMES_MAX  100000
#define ENDING_MAX 32 /* of papers, with a number */
#define COPY_MAX   (1U << 30)
#define PAPER_MAX  (64U << 20)

const char *const place_papers[] = {
	".report.html",	   ".report.json",   ".junit.xml", ".report.txt",
	".judgement.json", ".hallmark.json", NULL};

/* ---- names ---- */

static bool is_there(const char *folder, const char *name, const char *ending)
{
	CLEAN_FREE char *path = xasprintf("%s/%s%s", folder, name, ending);
	struct stat stat_;

	return lstat(path, &stat_) == 0;
}

static bool is_taken(const char *folder, const char *name)
{
	for (size_t i = 0; place_papers[i]; i++)
		if (is_there(folder, name, place_papers[i]))
			return true;
	return is_there(folder, name, "");
}

/* "debian.qcow2", "debian-2.qcow2", …: the end stays, and a long name gives way in the middle. */
static void number_name(const char *wanted, unsigned number, char as[ARRIVAL_NAME_SIZE])
{
	const char *dot = strrchr(wanted, '.');
	const char *end = dot && dot != wanted && strlen(dot) < ENDING_MAX ? dot : "";
	size_t stem = strlen(wanted) - strlen(end), most = ARRIVAL_NAME_SIZE - 3 * ENDING_MAX;
	char middle[16] = "";

	if (number > 1)
		(void)snprintf(middle, sizeof middle, "-%u", number);
	(void)snprintf(as, ARRIVAL_NAME_SIZE, "%.*s%s%s", (int)(stem < most ? stem : most), wanted,
		       middle, end);
}

static bool is_owned(const char *path, const char *owner)
{
	char target[128];
	ssize_t length = readlink(path, target, sizeof target - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return strcmp(target, owner) == 0;
}

int place_reserve(const struct place_to *to, const char *wanted, const char *owner,
		  char as[ARRIVAL_NAME_SIZE], struct err *e)
{
	for (unsigned number = 1; number <= NAMES_MAX; number++) {
		number_name(wanted, number, as);
		CLEAN_FREE char *path = xasprintf("%s/%s", to->names, as);
		if (is_taken(to->folder, as))
			continue;
		/* A link that leads nowhere: made or not made, with its owner in it. */
		if (symlink(owner, path) < 0 && (errno != EEXIST || !is_owned(path, owner))) {
			if (errno == EEXIST || errno == EINVAL)
				continue;
			return err_set(e, BLAME_HOST, errno, "reserve the name %s by %s: %m", as,
				       path);
		}
		if (!is_taken(to->folder, as))
			return 0;
		place_release(to, as, owner); /* somebody was done with it just now */
	}
	return err_set(e, BLAME_HOST, EEXIST, "%s has %d files that are called like %s", to->folder,
		       NAMES_MAX, wanted);
}

void place_release(const struct place_to *to, const char *as, const char *owner)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", to->names, as);

	if (is_owned(path, owner))
		(void)unlink(path);
}

/* ---- bytes ---- */

static int flush_folder(const char *path, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Some file systems have nothing to flush there. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return err_set(e, BLAME_HOST, errno, "flush %s: %m", path);
	return 0;
}

static int flush_folder_of(const char *path, struct err *e)
{
	CLEAN_FREE char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (slash && slash != folder)
		*slash = '\0';
	return flush_folder(slash ? folder : ".", e);
}

/* Sharing blocks costs nothing where the file system can. */
static int copy_span(int from, int to, off_t begin, off_t end)
{
	if (lseek(from, begin, SEEK_SET) < 0 || lseek(to, begin, SEEK_SET) < 0)
		return -errno;
	for (off_t at = begin; at < end;) {
		size_t wanted = end - at < COPY_MAX ? (size_t)(end - at) : COPY_MAX;
		ssize_t n = copy_file_range(from, NULL, to, NULL, wanted, 0);
		if (n < 0 &&
		    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			n = sendfile(to, from, NULL, wanted);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ESTALE; /* it has become shorter */
		at += n;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_bytes(int from, int to, off_t size)
{
	int r = ftruncate(to, size) < 0 ? -errno : 0;

	for (off_t end = 0; r == 0 && end < size;) {
		off_t begin = lseek(from, end, SEEK_DATA);
		if (begin < 0)
			return errno == ENXIO ? 0 : -errno;
		end = lseek(from, begin, SEEK_HOLE);
		r = end < 0 ? -errno : copy_span(from, to, begin, end);
	}
	return r;
}

/* `file`: what the source has to be, from before to after; NULL: whatever it is. */
static int copy_opened(int source, const char *to, const struct arrival_file *file)
{
	struct arrival_file before, after;
	struct stat stat_;

	if (fstat(source, &stat_) < 0)
		return -errno;
	CLEAN_FD int target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				   stat_.st_mode & 0777);
	if (target < 0)
		return -errno;
	arrival_file_read(&stat_, &before);
	int r = copy_bytes(source, target, stat_.st_size);
	if (r == 0 && (fsync(target) < 0 || fstat(source, &stat_) < 0))
		r = -errno;
	arrival_file_read(&stat_, &after);
	if (r == 0 && file &&
	    (!arrival_file_is_same(&before, file) || !arrival_file_is_same(&after, file)))
		r = -ESTALE;
	return r;
}

static int copy_to(const char *from, const char *to, const struct arrival_file *file, struct err *e)
{
	CLEAN_FD int source = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (source < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", from);
	int r = copy_opened(source, to, file);
	return r < 0 ? err_set(e, BLAME_HOST, -r, "copy %s to %s: %m", from, to) : 0;
}

/* Never over what is there. File systems that know no such rename know links. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(from, to) < 0)
		return -errno;
	return unlink(from) < 0 ? -errno : 0;
}

/* A copy under a name that is none of an image, then the name. */
static int copy_new(const struct place_to *to, const char *from, const struct arrival_file *file,
		    const char *name, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", to->folder, name);
	CLEAN_FREE char *unfinished = xasprintf("%s/.%s.part", to->folder, name);

	int r = copy_to(from, unfinished, file, e);
	if (r == 0) {
		r = rename_new(unfinished, path);
		if (r < 0)
			r = err_set(e, BLAME_HOST, -r, "put %s to %s: %m", from, path);
	}
	if (r < 0)
		(void)unlink(unfinished);
	return r == 0 ? flush_folder(to->folder, e) : r;
}

/* ---- papers ---- */

static bool is_same_text(const char *a, const char *b)
{
	CLEAN_TEXT struct text x = TEXT_INIT(PAPER_MAX), y = TEXT_INIT(PAPER_MAX);

	return text_read_file(&x, a) == 0 && text_read_file(&y, b) == 0 && x.length == y.length &&
	       memcmp(x.buf, y.buf, x.length) == 0;
}

int place_paper(const struct place_to *to, const char *from, const char *as, const char *ending,
		struct err *e)
{
	CLEAN_FREE char *name = xasprintf("%s%s", as, ending);
	CLEAN_FREE char *path = xasprintf("%s/%s", to->folder, name);
	struct stat stat_;

	if (lstat(path, &stat_) < 0)
		return copy_new(to, from, NULL, name, e);
	if (S_ISREG(stat_.st_mode) && is_same_text(from, path))
		return 0;
	return err_set(e, BLAME_HOST, EEXIST, "%s is there already, and is another file", path);
}

void place_withdraw(const struct place_to *to, const char *papers, const char *as)
{
	for (size_t i = 0; place_papers[i]; i++) {
		CLEAN_FREE char *from = xasprintf("%s/%s", papers, place_papers[i] + 1);
		CLEAN_FREE char *path = xasprintf("%s/%s%s", to->folder, as, place_papers[i]);
		struct stat stat_;
		if (lstat(path, &stat_) == 0 && S_ISREG(stat_.st_mode) && is_same_text(from, path))
			(void)unlink(path);
	}
}

/* ---- images ---- */

/* What was taken by mistake goes back: by its own name, or, where there is another one by now, by a like one. */
static int give_back(const char *path, const char *from)
{
	int r = rename_new(path, from);

	for (unsigned number = 2; r == -EEXIST && number < NAMES_MAX; number++) {
		CLEAN_FREE char *other = xasprintf("%s-%u", from, number);
		r = rename_new(path, other);
	}
	return r;
}

/* Between the last look at a file and this another one may have got its name. */
static int move_over(const char *from, const char *path, const struct arrival_file *file)
{
	int r = rename_new(from, path);

	if (r < 0 || arrival_file_lies_at(path, file))
		return r;
	r = give_back(path, from);
	return r < 0 ? r : -ESTALE;
}

static int link_over(const char *from, const char *path, const struct arrival_file *file)
{
	if (link(from, path) < 0)
		return -errno;
	if (arrival_file_lies_at(path, file))
		return 0;
	return unlink(path) < 0 ? -errno : -ESTALE;
}

/* Removes what was copied, and nothing else. */
static int remove_copied(const char *from, const struct arrival_file *file)
{
	const char *slash = strrchr(from, '/');
	CLEAN_FREE char *hidden =
		slash ? xasprintf("%.*s/.%s.placed", (int)(slash - from), from, slash + 1)
		      : xasprintf(".%s.placed", from);
	int r = move_over(from, hidden, file);

	if (r == -ESTALE)
		return 0; /* the copy has its place, and what lies here now is another image */
	return r == 0 && unlink(hidden) < 0 ? -errno : r;
}

static int move_copy(const struct place_to *to, const char *from, const struct arrival_file *file,
		     const char *as, bool links, struct err *e)
{
	int r = copy_new(to, from, file, as, e);

	if (r < 0 || links)
		return r;
	r = remove_copied(from, file);
	return r < 0 ? err_set(e, BLAME_HOST, -r, "remove %s: %m", from) : 0;
}

int place_image(const struct place_to *to, const char *from, const struct arrival_file *file,
		const char *as, bool links, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", to->folder, as);
	int r = links ? link_over(from, path, file) : move_over(from, path, file);

	if (r == -EXDEV || (links && (r == -EPERM || r == -EMLINK || r == -EOPNOTSUPP)))
		r = move_copy(to, from, file, as, links, e);
	else if (r < 0)
		r = err_set(e, BLAME_HOST, -r, "put %s to %s: %m", from, path);
	if (r == 0)
		r = flush_folder(to->folder, e);
	return r == 0 ? flush_folder_of(from, e) : r;
}
