/* SPDX-License-Identifier: Apache-2.0 */
/* assay sign: the verdict on a run, for others to verify. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/verb.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"
#include "host/image/digest.h"
#include "host/store/folder.h"

#define DAY_NS (86400 * NS_PER_S)

struct arguments {
	const char *key, *out, *verifier;
	long long passphrase_fd, valid_days;
};

static const struct option_line options[] = {
	OPTION_TEXT("key", 'k', struct arguments, key, "FILE",
		    "the private Ed25519 key, in PEM (`openssl genpkey -algorithm ed25519`)"),
	OPTION_TEXT("out", 'o', struct arguments, out, "FILE",
		    "write the hallmark to FILE instead of standard output"),
	OPTION_NUMBER("passphrase-fd", 0, struct arguments, passphrase_fd, "FD", 0, 1 << 20,
		      "read the passphrase of an encrypted key from that descriptor, to its first "
		      "line's end"),
	OPTION_NUMBER("valid-days", 0, struct arguments, valid_days, "N", 1, 36500,
		      "the hallmark expires after so many days (else 90)"),
	OPTION_TEXT("verifier", 0, struct arguments, verifier, "URI",
		    "who vouches for it (else urn:assay)"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_sign = {
	.name = "sign",
	.operands = "[RUN]",
	.title = "sign the verdict on a run: its hallmark",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last` (the default).\n\n"
		"The hallmark is an in-toto statement in a DSSE envelope, see assay-hallmark(5); it says what the "
		"verdict was,\nship or not. `assay verify` holds it against an image.\n\n"
		"Exit status: that of the run's verdict.",
};

/* Adds the first line. */
static int read_passphrase(int fd, struct text *passphrase, struct err *e)
{
	int r = text_read_fd(passphrase, fd);

	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read the passphrase from descriptor %d: %m", fd);
	char *end = strchr(passphrase->buf, '\n');
	if (end)
		*end = '\0';
	return 0;
}

static int read_key(const struct arguments *arguments, struct key **ret, struct err *e)
{
	CLEAN_TEXT struct text passphrase = TEXT_INIT(KEY_PASSPHRASE_MAX);
	int r = 0;

	if (!arguments->key)
		return err_set(e, BLAME_USER, EINVAL,
			       "assay sign needs --key FILE; `openssl genpkey -algorithm ed25519 "
			       "-out FILE` makes one");
	if (arguments->passphrase_fd >= 0)
		r = read_passphrase((int)arguments->passphrase_fd, &passphrase, e);
	if (r == 0)
		r = key_read_private(arguments->key,
				     arguments->passphrase_fd >= 0 ? passphrase.buf : NULL, ret, e);
	explicit_bzero(passphrase.buf, passphrase.length);
	return r;
}

static int digest_in(const char *folder, const char *name, char digest[DIGEST_SIZE], struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	struct patience p = patience_for_user(-1);
	const struct digest_progress silent = {0};
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file_identity identity;
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	file_identity(&stat_, &identity);
	return digest_compute(fd, path, &identity, &p, &silent, digest, e);
}

/* What is not the last word on an image is not signed. */
static int check_run(const struct run *run, struct err *e)
{
	if (run->is_going)
		return err_set(e, BLAME_USER, EBUSY,
			       "run %s is still going on: sign it when it has ended", run->id);
	if (run->proves)
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is a proof, which tells of the cases and not of the image",
			       run->id);
	vec_each (&run->cells, cell)
		if (strlen(cell->image_digest) != DIGEST_SIZE - 1)
			return err_set(e, BLAME_USER, EINVAL,
				       "cell %u of run %s is of no image: there is nothing to sign",
				       cell->index, run->id);
	if (hallmark_subject_count(run) > HALLMARK_SUBJECTS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "run %s has %zu images, and a hallmark is of %d at most", run->id,
			       hallmark_subject_count(run), HALLMARK_SUBJECTS_MAX);
	if (run->cells.count == 0)
		return err_set(e, BLAME_USER, EINVAL, "run %s has no cells", run->id);
	return 0;
}

static int write_hallmark(const struct arguments *arguments, const struct key *key,
			  const struct run *run, const struct judgement *judgement, struct err *e)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(ENVELOPE_MAX / 2);
	CLEAN_TEXT struct text out = TEXT_INIT(ENVELOPE_MAX);
	struct hallmark_terms terms = {
		.verifier = arguments->verifier,
		.now_ns = clock_wall_ns(),
		.valid_ns = (uint64_t)arguments->valid_days * DAY_NS,
	};

	int r = digest_in(run->folder, "plan.json", terms.plan_sha256, e);
	if (r == 0)
		r = digest_in(run->folder, "journal.jsonl", terms.journal_sha256, e);
	if (r < 0)
		return r;
	hallmark_write(run, judgement, &terms, &statement);
	if (statement.overflowed)
		return err_set(e, BLAME_USER, EMSGSIZE, "run %s has too many cells for a hallmark",
			       run->id);
	r = envelope_seal(key, HALLMARK_TYPE, &statement, &out, e);
	if (r == 0)
		r = arguments->out ? write_text(arguments->out, &out, e) : print_out(&out, e);
	return r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {
		.passphrase_fd = -1, .valid_days = 90, .verifier = "urn:assay"};
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEANUP(key) struct key *key = NULL;
	CLEAN_DONE(judgement) struct judgement judgement = {0};

	int r = verb_parse(&verb_sign, &argc, argv, 0, 1, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = read_key(&arguments, &key, e);
	if (r == 0)
		r = find_run(argc > 1 ? argv[1] : "last", &folder, e);
	if (r == 0)
		r = read_run(folder, &run, e);
	if (r == 0)
		r = check_run(run, e);
	if (r < 0)
		return r;
	judge_run(run, &judgement);
	r = write_hallmark(&arguments, key, run, &judgement, e);
	return r < 0 ? r : verdict_exit_code(judgement.verdict);
}
