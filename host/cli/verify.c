/* SPDX-License-Identifier: Apache-2.0 */
/* assay verify: holds a hallmark against an image. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/signer.h"
#include "host/image/digest.h"
#include "host/report/escape.h"
#include "host/store/folder.h"

struct arguments {
	const char *key, *at, *gate;
	bool quiet;
};

static const struct option_line options[] = {
	OPTION_TEXT("at", 0, struct arguments, at, "TIME",
		    "whether it holds at that time, such as 2026-01-31T12:00:00Z (else now)"),
	OPTION_TEXT("gate", 'g', struct arguments, gate, "FILE",
		    "it has to be of a verdict by this gate, and by a key that may sign for it"),
	OPTION_TEXT("key", 'k', struct arguments, key, "FILE",
		    "the public Ed25519 key of who vouches, in PEM (`openssl pkey -in PRIVATE "
		    "-pubout`); needless where the gate names its file"),
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

/* What has to hold beside the image: a key, a gate, or both. */
struct proof_of_origin {
	struct gate *gate;
	struct key *key;
};

static void proof_of_origin_done(struct proof_of_origin *origin)
{
	gate_free(origin->gate);
	key_free(origin->key);
}
DEFINE_CLEAN_DONE(proof_of_origin);

static int read_origin(const struct arguments *arguments, struct proof_of_origin *ret,
		       struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	if (!arguments->key && !arguments->gate)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay verify needs --key FILE, the public key of who vouches, or "
			       "--gate FILE");
	if (arguments->gate && gate_read(arguments->gate, &ret->gate, &problems) > 0)
		return print_problems(&problems, arguments->gate, e);
	int r = ret->gate ? signer_bind(ret->gate, e) : 0;
	if (r < 0)
		return r;
	return arguments->key ? key_read_public(arguments->key, &ret->key, e) : 0;
}

static int open_hallmark(const struct text *bytes, const struct proof_of_origin *origin,
			 struct hallmark *ret, struct err *e)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(ENVELOPE_MAX);
	int r = origin->gate ? signer_open(origin->gate, origin->key, bytes->buf, bytes->length,
					   &statement, e)
			     : envelope_open(origin->key, HALLMARK_TYPE, bytes->buf, bytes->length,
					     &statement, e);

	if (r == 0)
		r = hallmark_read(statement.buf, statement.length, ret, e);
	return r == 0 && origin->gate ? hallmark_check_gate(ret, origin->gate->sha256, e) : r;
}

static int read_hallmark(const char *path, const struct proof_of_origin *origin,
			 struct hallmark *ret, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(ENVELOPE_MAX);
	int r = text_read_file(&bytes, path);

	if (r == -EMSGSIZE)
		return err_set(e, BLAME_USER, EMSGSIZE, "%s is no hallmark: it has more than 4 MiB",
			       path);
	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read the hallmark %s: %m", path);
	r = open_hallmark(&bytes, origin, ret, e);
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

static void add_line(struct text *out, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
static void add_line(struct text *out, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(8192);
	va_list args;

	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	text_adds(out, "\n  ");
	escape_terminal(out, line.buf, false);
}

/* By what, and what was let through. */
static void add_rules(const struct hallmark *hallmark, struct text *out)
{
	if (hallmark->sign_off[0])
		add_line(out, "it is the sign-off of %s, and no leave to ship", hallmark->sign_off);
	if (hallmark->gate_sha256[0])
		add_line(out, "by the gate with SHA-256 %.12s…", hallmark->gate_sha256);
	vec_each (&hallmark->waivers, waiver)
		add_line(out, "waived until %s by %s: %s", waiver->expires, waiver->id,
			 waiver->reason);
}

static int tell(const struct hallmark *hallmark, const struct hallmark_subject *subject,
		struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(8192), out = TEXT_INIT(16U << 20);
	char made[HALLMARK_TIME_SIZE], expires[HALLMARK_TIME_SIZE];

	text_addf(&line, "%s  %s (SHA-256 %.12s…)", verdict_name(hallmark->verdict), subject->name,
		  subject->sha256);
	escape_terminal(&out, line.buf, false);
	add_line(&out, "signed for %s on %s, holds until %s", hallmark->verifier,
		 hallmark_time(hallmark->made_ns, made),
		 hallmark_time(hallmark->expires_ns, expires));
	add_line(&out,
		 "run %s of assay %s: %u cases, %u passed, %u failed, %u skipped, %u not "
		 "decided",
		 hallmark->run_id, hallmark->version, hallmark->total, hallmark->passed,
		 hallmark->failed, hallmark->skipped, hallmark->undecided);
	add_rules(hallmark, &out);
	if (hallmark->foreign > 0)
		add_line(&out, "%u of its results are not of this image, but of an earlier one",
			 hallmark->foreign);
	text_adds(&out, "\n");
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {0};
	CLEAN_DONE(proof_of_origin) struct proof_of_origin origin = {0};
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	const struct hallmark_subject *subject;
	uint64_t now_ns;

	int r = verb_parse(&verb_verify, &argc, argv, 2, 2, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = parse_at(arguments.at, &now_ns, e);
	if (r == 0)
		r = read_origin(&arguments, &origin, e);
	if (r == 0)
		r = read_hallmark(argv[2], &origin, &hallmark, e);
	if (r == 0)
		r = check(&hallmark, argv[1], now_ns, &subject, e);
	if (r == 0 && !arguments.quiet)
		r = tell(&hallmark, subject, e);
	return r < 0 ? r : verdict_exit_code(hallmark.verdict);
}
