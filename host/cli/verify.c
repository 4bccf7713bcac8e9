/* SPDX-License-Identifier: Apache-2.0 */
/* assay verify: holds a hallmark against an image. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/verb.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"
#include "host/image/digest.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

struct arguments {
	const char *key, *at;
	bool quiet;
};

static const struct option_line options[] = {
	OPTION_TEXT("at", 0, struct arguments, at, "TIME",
		    "whether it holds at that time, such as 2026-01-31T12:00:00Z (else now)"),
	OPTION_TEXT("key", 'k', struct arguments, key, "FILE",
		    "the public Ed25519 key of who vouches, in PEM (`openssl pkey -in PRIVATE "
		    "-pubout`)"),
	OPTION_FLAG("quiet", 'q', struct arguments, quiet, "say nothing when it holds"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_verify = {
	.name = "verify",
	.operands = "IMAGE HALLMARK",
	.title = "check that an image is the one that a hallmark is of",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"It needs nothing but the two files and the key. A hallmark of which a bit was changed, of another "
		"image, by\nanother key, or one that has expired does not hold.\n\n"
		"Exit status: 0 it holds and says ship, 1 it holds and says block, 2 it holds and says undecided,\n"
		"64 it does not hold, or what was asked for is wrong, 70 this machine.",
};

static int read_hallmark(const char *path, const struct key *key, struct hallmark *ret,
			 struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(ENVELOPE_MAX);
	CLEAN_TEXT struct text statement = TEXT_INIT(ENVELOPE_MAX);
	int r = text_read_file(&bytes, path);

	if (r == -EMSGSIZE)
		return err_set(e, BLAME_USER, EMSGSIZE, "%s is no hallmark: it has more than 4 MiB",
			       path);
	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read the hallmark %s: %m", path);
	r = envelope_open(key, HALLMARK_TYPE, bytes.buf, bytes.length, &statement, e);
	if (r == 0)
		r = hallmark_read(statement.buf, statement.length, ret, e);
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

static int digest_file(const char *path, char digest[DIGEST_SIZE], struct err *e)
{
	const struct digest_progress silent = {0};
	struct patience p = patience_for_user(-1);
	CLEAN_FREE char *cache = NULL;
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file_identity identity;
	struct err no_cache = {0};
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) < 0)
		return err_set(e, BLAME_USER, errno, "open the image %s: %m", path);
	if (!S_ISREG(stat_.st_mode))
		return err_set(e, BLAME_USER, EINVAL, "%s is no file", path);
	file_identity(&stat_, &identity);
	/* Without a place for it nothing is remembered. */
	(void)cache_folder("", &cache, &no_cache);
	return digest_of_file(fd, path, &identity, cache, &p, &silent, digest, e);
}

/* An image that lies in several files is known by all of them. */
static void digest_chain(const char *path, char digest[DIGEST_SIZE])
{
	CLEAN_DONE(image_setup) struct image_setup setup = {0};
	CLEANUP(image) struct image *image = NULL;
	struct patience p = patience_for_user(-1);
	struct err none = {0}; /* then it is no such image, and the file's own digest stands */

	if (image_setup_make(NULL, true, &setup, &none) == 0 &&
	    image_open(path, &setup.options, &p, &image, &none) == 0 && image->chain_count > 1)
		memcpy(digest, image->digest, DIGEST_SIZE);
}

static int parse_at(const char *at, uint64_t *ret_ns, struct err *e)
{
	*ret_ns = clock_wall_ns();
	if (!at || hallmark_parse_time(at, ret_ns))
		return 0;
	return err_set(e, BLAME_USER, EINVAL,
		       "--at takes a time in UTC such as 2026-01-31T12:00:00Z, not '%.40s'", at);
}

static int check(const struct hallmark *hallmark, const char *path, uint64_t now_ns,
		 const struct hallmark_subject **subject, struct err *e)
{
	char digest[DIGEST_SIZE];
	int r = digest_file(path, digest, e);

	if (r < 0)
		return r;
	r = hallmark_check(hallmark, digest, now_ns, subject, e);
	if (r != -EACCES)
		return r;
	err_clear(e);
	digest_chain(path, digest);
	return hallmark_check(hallmark, digest, now_ns, subject, e);
}

static int tell(const struct hallmark *hallmark, const struct hallmark_subject *subject,
		struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(8192), out = TEXT_INIT(32768);
	char made[HALLMARK_TIME_SIZE], expires[HALLMARK_TIME_SIZE];

	text_addf(&line, "%s  %s (SHA-256 %.12s…)", verdict_name(hallmark->verdict), subject->name,
		  subject->sha256);
	escape_terminal(&out, line.buf, false);
	text_clear(&line);
	text_addf(&line, "signed for %s on %s, holds until %s", hallmark->verifier,
		  hallmark_time(hallmark->made_ns, made),
		  hallmark_time(hallmark->expires_ns, expires));
	text_adds(&out, "\n  ");
	escape_terminal(&out, line.buf, false);
	text_clear(&line);
	text_addf(&line,
		  "run %s of assay %s: %u cases, %u passed, %u failed, %u skipped, %u not "
		  "decided",
		  hallmark->run_id, hallmark->version, hallmark->total, hallmark->passed,
		  hallmark->failed, hallmark->skipped, hallmark->undecided);
	text_adds(&out, "\n  ");
	escape_terminal(&out, line.buf, false);
	text_adds(&out, "\n");
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEANUP(key) struct key *key = NULL;
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	const struct hallmark_subject *subject;
	uint64_t now_ns;

	int r = verb_parse(&verb_verify, &argc, argv, 2, 2, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	if (!arguments.key)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay verify needs --key FILE, the public key of who vouches");
	r = parse_at(arguments.at, &now_ns, e);
	if (r == 0)
		r = key_read_public(arguments.key, &key, e);
	if (r == 0)
		r = read_hallmark(argv[2], key, &hallmark, e);
	if (r == 0)
		r = check(&hallmark, argv[1], now_ns, &subject, e);
	if (r == 0 && !arguments.quiet)
		r = tell(&hallmark, subject, e);
	return r < 0 ? r : verdict_exit_code(hallmark.verdict);
}
