/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: appending, flushing, reading. */
#include "host/store/journal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/secret.h"
#include "base/text.h"

#define READ_CHUNK 65536

struct journal {
	int fd;
	char *path;
	struct text line; /* reused */
};

static struct journal *journal_new(int fd, const char *path)
{
	struct journal *journal = xnew(sizeof *journal);

	journal->fd = fd;
	journal->path = xstrdup(path);
	text_init(&journal->line, RECORD_LINE_MAX);
	return journal;
}

void journal_free(struct journal *journal)
{
	if (!journal)
		return;
	close(journal->fd);
	text_done(&journal->line);
	free(journal->path);
	free(journal);
}

/* A file's name is safe only when its folder is flushed too. */
static int flush_folder(const char *path, struct err *e)
{
	CLEAN_FREE char *folder = xstrdup(path);
	char *slash = strrchr(folder, '/');

	if (slash)
		slash[slash == folder] = '\0';
	CLEAN_FD int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_set(e, BLAME_HOST, errno, "flush the folder of %s: %m", path);
	return 0;
}

/* Two writers would do the same cases twice and cut each other's lines. The lock goes with the process, however it ends;
 * a file system that knows no locks is none the worse for it. */
static int lock(int fd, const char *path, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	return err_set(e, BLAME_USER, EBUSY,
		       "the run with the journal %s is still going on: wait for its end, or end it",
		       path);
}

bool journal_is_written(const char *path)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int journal_create(const char *path, struct journal **ret, struct err *e)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "create the journal %s: %m", path);
	int r = lock(fd, path, e);
	if (r == 0)
		r = flush_folder(path, e);
	if (r == 0)
		*ret = journal_new(STEAL_FD(fd), path);
	return r;
}

static int write_all(int fd, const char *bytes, size_t length)
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
	return 0;
}

int journal_add(struct journal *journal, const struct record *record, struct err *e)
{
	text_clear(&journal->line);
	record_encode(record, &journal->line);
	secret_hide_json(&journal->line);
	if (journal->line.overflowed)
		return err_set(e, BLAME_BUG, EMSGSIZE,
			       "a journal line of %s has more than %u bytes", record->result.id,
			       RECORD_LINE_MAX);
	int r = write_all(journal->fd, journal->line.buf, journal->line.length);
	if (r < 0)
		return err_set(e, BLAME_HOST, -r,
			       "write to the journal %s: %m; make room and use --resume",
			       journal->path);
	return 0;
}

int journal_flush(struct journal *journal, struct err *e)
{
	if (fdatasync(journal->fd) < 0)
		return err_set(e, BLAME_HOST, errno, "flush the journal %s: %m", journal->path);
	return 0;
}

/* ---- reading ---- */

struct reading {
	journal_record_fn *on_record;
	void *arg;
	size_t line;	   /* counted from 1 */
	uint64_t at;	   /* bytes of the lines so far */
	uint64_t good_end; /* of those up to the last whole record */
	size_t lost;	   /* lines since then */
	struct err damage; /* what is wrong with the first of them */
	bool is_too_long;  /* of the line that is being read only the end is still to come */
};

static void lose_line(struct reading *reading, const struct err *why)
{
	if (reading->lost++ > 0)
		return;
	reading->damage = *why;
	(void)err_wrap(&reading->damage, "line %zu", reading->line);
}

/* A whole record behind damage: then it is no end that a power cut has torn, and nobody knows what else was there. */
static int refuse_damage(const struct reading *reading, struct err *e)
{
	*e = reading->damage;
	return err_wrap(e, "damaged, with whole records after it");
}

static int take_line(struct reading *reading, const char *line, size_t length, struct err *e)
{
	CLEANUP(record) struct record *record = NULL;
	struct err why = {0};

	int r = record_decode(line, length, &record, &why);
	if (r == -EBADMSG) {
		lose_line(reading, &why);
		return 0;
	}
	if (r < 0) {
		*e = why;
		return err_wrap(e, "line %zu", reading->line);
	}
	if (reading->lost > 0)
		return refuse_damage(reading, e);
	reading->good_end = reading->at;
	return reading->on_record(reading->arg, record, e);
}

static int lose_long_line(struct reading *reading)
{
	struct err why = {0};

	(void)err_set(&why, BLAME_HOST, EBADMSG, "more than %u bytes", RECORD_LINE_MAX);
	lose_line(reading, &why);
	reading->is_too_long = false;
	return 0;
}

/* A line with its end. */
static int read_line(struct reading *reading, const char *line, size_t length, struct err *e)
{
	reading->line++;
	reading->at += length + 1;
	if (reading->is_too_long)
		return lose_long_line(reading);
	return take_line(reading, line, length, e);
}

/* What has no end was being written when the writer was stopped. */
static void read_rest(struct reading *reading, size_t length)
{
	struct err why = {0};

	if (length == 0 && !reading->is_too_long)
		return;
	reading->line++;
	(void)err_set(&why, BLAME_HOST, EBADMSG, "it has no end");
	lose_line(reading, &why);
}

/* Hands out the whole lines in `pending` and keeps the rest. */
static int read_lines(struct reading *reading, struct text *pending, struct err *e)
{
	size_t at = 0;
	const char *newline;

	while ((newline = memchr(pending->buf + at, '\n', pending->length - at))) {
		int r = read_line(reading, pending->buf + at, (size_t)(newline - pending->buf) - at,
				  e);
		if (r < 0)
			return r;
		at = (size_t)(newline - pending->buf) + 1;
	}
	if (at > 0) {
		memmove(pending->buf, pending->buf + at, pending->length - at);
		text_cut(pending, pending->length - at);
	}
	if (pending->length <= RECORD_LINE_MAX)
		return 0;
	reading->is_too_long = true;
	reading->at += pending->length;
	text_clear(pending);
	return 0;
}

static int read_all(struct reading *reading, int fd, const char *path, struct err *e)
{
	CLEAN_TEXT struct text pending = TEXT_INIT(RECORD_LINE_MAX + READ_CHUNK);
	CLEAN_FREE char *chunk = xnew(READ_CHUNK);
	ssize_t n;

	while ((n = read(fd, chunk, READ_CHUNK)) > 0) {
		(void)text_add(&pending, chunk, (size_t)n); /* read_lines leaves room */
		int r = read_lines(reading, &pending, e);
		if (r < 0)
			return err_wrap(e, "%s", path);
	}
	if (n < 0)
		return err_set(e, BLAME_HOST, errno, "read the journal %s: %m", path);
	read_rest(reading, pending.length);
	return 0;
}

int journal_read(const char *path, journal_record_fn *on_record, void *arg, size_t *ret_lost,
		 struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct reading reading = {.on_record = on_record, .arg = arg};

	if (fd < 0)
		return err_set(e, BLAME_USER, errno, "open the journal %s: %m", path);
	int r = read_all(&reading, fd, path, e);
	if (r == 0)
		*ret_lost = reading.lost;
	return r;
}

int journal_parse(const char *bytes, size_t length, journal_record_fn *on_record, void *arg,
		  size_t *ret_lost, struct err *e)
{
	struct reading reading = {.on_record = on_record, .arg = arg};
	const char *newline;

	while (length > 0 && (newline = memchr(bytes, '\n', length))) {
		int r = read_line(&reading, bytes, (size_t)(newline - bytes), e);
		if (r < 0)
			return r;
		length -= (size_t)(newline - bytes) + 1;
		bytes = newline + 1;
	}
	read_rest(&reading, length);
	*ret_lost = reading.lost;
	return 0;
}

/* ---- opening again ---- */

static int pass_over(void *arg UNUSED, const struct record *record UNUSED, struct err *e UNUSED)
{
	return 0;
}

int journal_open(const char *path, struct journal **ret, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct reading reading = {.on_record = pass_over};

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open the journal %s: %m", path);
	int r = lock(fd, path, e);
	if (r == 0)
		r = read_all(&reading, fd, path, e);
	if (r < 0)
		return r;
	if (reading.lost > 0 && ftruncate(fd, (off_t)reading.good_end) < 0)
		return err_set(e, BLAME_HOST, errno, "cut the damaged end off %s: %m", path);
	*ret = journal_new(STEAL_FD(fd), path);
	return 0;
}
