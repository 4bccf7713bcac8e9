/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of a file, and the memory of it. */
#include "host/image/digest.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define CACHE_FILE  "digests"
#define CACHE_LINES 1000
#define CACHE_MAX   (256U << 10)
#define PIECE	    (1U << 20)
/* A file changed so shortly before it was read may change again without its times telling: such a digest is not
 * remembered. File systems of today keep times by the kernel's tick, old ones by the second. */
#define SETTLED_NS NS_PER_S

static uint64_t timespec_ns(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * NS_PER_S + (uint64_t)t->tv_nsec;
}

void file_identity(const struct stat *st, struct file_identity *ret)
{
	*ret = (struct file_identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = timespec_ns(&st->st_mtim),
		.ctime_ns = timespec_ns(&st->st_ctim),
	};
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

/* "1 DEVICE INODE SIZE MTIME CTIME DIGEST": true when the line is one, whole and sane. */
static bool parse_line(const char *line, struct file_identity *ret, char digest[DIGEST_SIZE])
{
	int end = 0;

	if (sscanf(line,
		   "1 %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %64[0-9a-f]%n",
		   &ret->device, &ret->inode, &ret->size, &ret->mtime_ns, &ret->ctime_ns, digest,
		   &end) != 6)
		return false;
	return line[end] == '\0' && strlen(digest) == DIGEST_SIZE - 1;
}

static void add_line(struct text *out, const struct file_identity *identity, const char *digest)
{
	(void)text_addf(out, "1 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
			identity->device, identity->inode, identity->size, identity->mtime_ns,
			identity->ctime_ns, digest);
}

/* Reads the memory; an unreadable or oversized one counts as empty. */
static void read_cache(const char *cache_folder, struct text *ret)
{
	CLEAN_FREE char *path = xasprintf("%s/" CACHE_FILE, cache_folder);

	if (text_read_file(ret, path) < 0)
		text_clear(ret);
}

bool digest_recall(const char *cache_folder, const struct file_identity *identity,
		   char digest[DIGEST_SIZE])
{
	CLEAN_TEXT struct text cache = TEXT_INIT(CACHE_MAX);
	struct file_identity known;
	char *at, *line;

	read_cache(cache_folder, &cache);
	at = cache.length ? cache.buf : NULL;
	while ((line = strsep(&at, "\n")) != NULL)
		if (parse_line(line, &known, digest) && file_identity_equal(&known, identity))
			return true;
	digest[0] = '\0';
	return false;
}

/* The new line first, then the older ones that are still whole and speak of other files. */
static void renew_cache(struct text *old, const struct file_identity *identity, const char *digest,
			struct text *out)
{
	char *at = old->length ? old->buf : NULL, *line, known_digest[DIGEST_SIZE];
	struct file_identity known;
	unsigned count = 1;

	add_line(out, identity, digest);
	while ((line = strsep(&at, "\n")) != NULL && count < CACHE_LINES) {
		if (!parse_line(line, &known, known_digest) ||
		    (known.device == identity->device && known.inode == identity->inode))
			continue;
		add_line(out, &known, known_digest);
		count++;
	}
}

void digest_remember(const char *cache_folder, const struct file_identity *identity,
		     const char *digest)
{
	CLEAN_TEXT struct text old = TEXT_INIT(CACHE_MAX), fresh = TEXT_INIT(CACHE_MAX);
	CLEAN_FREE char *path = xasprintf("%s/" CACHE_FILE, cache_folder);
	CLEAN_FREE char *temporary = xasprintf("%s/" CACHE_FILE ".XXXXXX", cache_folder);

	(void)mkdir(cache_folder, 0777);
	read_cache(cache_folder, &old);
	renew_cache(&old, identity, digest, &fresh);
	/* Two writers at once: the later one wins and the other's line is lost, which costs a digest, not its truth. */
	CLEAN_FD int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, fresh.buf, fresh.length) != (ssize_t)fresh.length ||
	    rename(temporary, path) < 0)
		(void)unlink(temporary);
}

static void hex(const unsigned char *bytes, size_t count, char *out)
{
	for (size_t i = 0; i < count; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Feeds the file piece by piece, looking at the patience between pieces. */
static int digest_pieces(EVP_MD_CTX *context, int fd, const char *path, uint64_t size,
			 const struct patience *p, const struct digest_progress *progress,
			 struct err *e)
{
	CLEAN_FREE unsigned char *piece = xnew(PIECE);

	for (uint64_t at = 0; at < size;) {
		ssize_t n = pread(fd, piece, PIECE, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, BLAME_HOST, errno, "read %s: %m", path);
		if (n == 0)
			return err_set(e, BLAME_HOST, ESTALE, "%s became shorter while it was read",
				       path);
		if (EVP_DigestUpdate(context, piece, (size_t)n) != 1)
			return err_set(e, BLAME_HOST, ENOMEM, "SHA-256 of %s failed", path);
		at += (uint64_t)n;
		if (progress->fn)
			progress->fn(progress->arg, at, size);
		if (patience_cancelled(p))
			return err_set(e, BLAME_USER, ECANCELED,
				       "cancelled while taking the digest of %s", path);
		if (patience_left_ns(p) == 0)
			return err_set(e, BLAME_HOST, ETIMEDOUT,
				       "out of time at %" PRIu64 " of %" PRIu64
				       " MiB while taking the digest of %s",
				       at >> 20, size >> 20, path);
	}
	return 0;
}

int digest_compute(int fd, const char *path, const struct file_identity *identity,
		   const struct patience *p, const struct digest_progress *progress,
		   char digest[DIGEST_SIZE], struct err *e)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	struct file_identity after;
	struct stat st;
	int r = 0;

	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		r = err_set(e, BLAME_HOST, ENOMEM, "SHA-256 cannot be set up");
	if (r == 0)
		r = digest_pieces(context, fd, path, identity->size, p, progress, e);
	if (r == 0 && EVP_DigestFinal_ex(context, bytes, &length) != 1)
		r = err_set(e, BLAME_HOST, ENOMEM, "SHA-256 of %s failed", path);
	EVP_MD_CTX_free(context);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return err_set(e, BLAME_HOST, errno, "look at %s: %m", path);
	file_identity(&st, &after);
	if (!file_identity_equal(identity, &after))
		return err_set(
			e, BLAME_HOST, ESTALE,
			"%s was changed while its digest was taken; is a machine running from it?",
			path);
	hex(bytes, length, digest);
	return 0;
}

int digest_of_file(int fd, const char *path, const struct file_identity *identity,
		   const char *cache_folder, const struct patience *p,
		   const struct digest_progress *progress, char digest[DIGEST_SIZE], struct err *e)
{
	uint64_t started_ns = clock_wall_ns();

	if (cache_folder && digest_recall(cache_folder, identity, digest))
		return 0;
	int r = digest_compute(fd, path, identity, p, progress, digest, e);
	if (r == 0 && cache_folder && identity->mtime_ns + SETTLED_NS < started_ns &&
	    identity->ctime_ns + SETTLED_NS < started_ns)
		digest_remember(cache_folder, identity, digest);
	return r;
}
