/* SPDX-License-Identifier: Apache-2.0 */
/* assay sign: the verdict on a run, for others to verify. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "host/cli/judge_setup.h"
#include "host/cli/verb.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"
#include "host/hallmark/signer.h"
#include "host/image/digest.h"
#include "host/store/folder.h"

#define DAY_NS (86400 * NS_PER_S)

struct arguments {
	const char *key, *out, *verifier, *sign_off;
	long long passphrase_fd, valid_days;
	struct judge_arguments judge;
};

static const struct option_line options[] = {
	OPTIONS_JUDGE(struct arguments),
	OPTION_TEXT("key", 'k', struct arguments, key, "FILE",
		    "the private Ed25519 key, in PEM (`openssl genpkey -algorithm ed25519`)"),
	OPTION_TEXT("out", 'o', struct arguments, out, "FILE",
		    "write the hallmark to FILE instead of standard output"),
	OPTION_NUMBER("passphrase-fd", 0, struct arguments, passphrase_fd, "FD", 0, 1 << 20,
		      "read the passphrase of an encrypted key from that descriptor, to its first "
		      "line's end"),
	OPTION_TEXT(
		"sign-off", 0, struct arguments, sign_off, "NAME",
		"sign as the one whom the gate calls NAME: it is kept beside the run, where `assay "
		"judge` finds it"),
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
		"verdict was,\nship or not. `assay verify` holds it against an image. What the verdict rests on - gate, "
		"waivers, baseline -\nis in it, and it does not outlive a waiver that was used.\n\n"
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
		if (strlen(run_cell_digest(cell)) != DIGEST_SIZE - 1)
			return err_set(
				e, BLAME_USER, EINVAL,
				"cell %u of run %s is of no image and no kernel: there is nothing to sign",
				cell->index, run->id);
	if (hallmark_subject_count(run) > HALLMARK_SUBJECTS_MAX)
		return err_set(e, BLAME_USER, E2BIG,
			       "run %s has %zu images, and a hallmark is of %d at most", run->id,
			       hallmark_subject_count(run), HALLMARK_SUBJECTS_MAX);
	if (run->cells.count == 0)
		return err_set(e, BLAME_USER, EINVAL, "run %s has no cells", run->id);
	return 0;
}

static int check_sign_off(const char *name, const struct gate *gate, struct err *e)
{
	const char *names[101] = {NULL};
	size_t count = 0;

	if (!name)
		return 0;
	if (!gate)
		return err_set(e, BLAME_USER, EINVAL,
			       "--sign-off is for what a gate asks: --gate FILE names it");
	vec_each (&gate->sign_offs, wanted) {
		if (strcmp(wanted->name.text, name) == 0)
			return 0;
		if (count + 1 < ARRAY_LEN(names))
			names[count++] = wanted->name.text;
	}
	const char *near = nearest_word(name, names);
	return err_set(e, BLAME_USER, EINVAL, "the gate %.1000s wants no sign-off of '%.60s'%s%s%s",
		       gate->path, name, near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

/* Who signs off and does not say where to, puts it where it is looked for. */
static int put(const struct arguments *arguments, const struct run *run, const struct text *out,
	       struct err *e)
{
	CLEAN_FREE char *folder = xasprintf("%s/sign-offs", run->folder);
	CLEAN_FREE char *path =
		arguments->sign_off ? sign_off_path(run, arguments->sign_off) : NULL;

	if (arguments->out || !path)
		return arguments->out ? write_text(arguments->out, out, e) : print_out(out, e);
	int r = folder_make(folder, e);
	return r == 0 ? write_text(path, out, e) : r;
}

static int write_hallmark(const struct arguments *arguments, const struct key *key,
			  const struct run *run, const struct judgement *judgement,
			  const struct judge_inputs *inputs, struct err *e)
{
	CLEAN_TEXT struct text statement = TEXT_INIT(ENVELOPE_MAX / 2);
	CLEAN_TEXT struct text out = TEXT_INIT(ENVELOPE_MAX);
	struct hallmark_terms terms = {
		.verifier = arguments->verifier,
		.now_ns = clock_wall_ns(),
		.valid_ns = (uint64_t)arguments->valid_days * DAY_NS,
		.inputs = inputs,
		.sign_off = arguments->sign_off,
	};

	int r = run_digests(run, terms.plan_sha256, terms.journal_sha256, e);
	if (r < 0)
		return r;
	hallmark_write(run, judgement, &terms, &statement);
	if (statement.overflowed)
		return err_set(e, BLAME_USER, EMSGSIZE, "run %s has too many cells for a hallmark",
			       run->id);
	r = envelope_seal(key, HALLMARK_TYPE, &statement, &out, e);
	return r == 0 ? put(arguments, run, &out, e) : r;
}

static int check_sign_off_key(const char *name, const struct gate *gate, const struct key *key,
			      struct err *e)
{
	vec_each (&gate->sign_offs, wanted) {
		CLEAN_FREE char *path = gate_file(gate, wanted->key.text);
		CLEANUP(key) struct key *own = NULL;
		if (strcmp(wanted->name.text, name) != 0)
			continue;
		int r = key_read_public(path, &own, e);
		if (r < 0)
			return r;
		if (strcmp(key_id(own), key_id(key)) != 0)
			return err_set(e, BLAME_USER, EACCES,
				       "the gate %.1000s knows %s by another key: %s, not %s",
				       gate->path, name, key_id(own), key_id(key));
	}
	return 0;
}

/* A gate that says who may sign is not signed for by others. */
static int check_signer(const struct arguments *arguments, const struct gate *gate,
			const struct key *key, struct err *e)
{
	bool is_named = false;

	if (!gate)
		return 0;
	if (arguments->sign_off)
		return check_sign_off_key(arguments->sign_off, gate, key, e);
	int r = signer_is_named(gate, key_id(key), &is_named, e);
	if (r == 0 && !is_named)
		return err_set(e, BLAME_USER, EACCES,
			       "the key %.1000s (%s) is not among those that may sign by the gate "
			       "%.1000s",
			       arguments->key, key_id(key), gate->path);
	return r;
}

static int sign(const struct arguments *arguments, const struct key *key, const struct run *run,
		struct err *e)
{
	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
	CLEAN_DONE(judgement) struct judgement judgement = {0};

	int r = judge_setup_make(&arguments->judge, run, &setup, e);
	if (r == 0)
		r = check_sign_off(arguments->sign_off, setup.gate, e);
	if (r == 0)
		r = check_signer(arguments, setup.gate, key, e);
	if (r < 0)
		return r;
	judge_by(run, &setup.inputs, &judgement);
	if (arguments->sign_off && judgement.verdict == VERDICT_SHIP)
		judgement.verdict =
			VERDICT_UNDECIDED; /* it is no leave to ship, whatever comes of it */
	r = write_hallmark(arguments, key, run, &judgement, &setup.inputs, e);
	return r < 0 ? r : verdict_exit_code(judgement.verdict);
}

static int run_parsed(const struct arguments *arguments, const char *name, struct err *e)
{
	CLEAN_FREE char *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEANUP(key) struct key *key = NULL;

	int r = read_key(arguments, &key, e);
	if (r == 0)
		r = find_run(name, &folder, e);
	if (r == 0)
		r = read_run(folder, &run, e);
	if (r == 0)
		r = check_run(run, e);
	return r == 0 ? sign(arguments, key, run, e) : r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct arguments arguments = {
		.passphrase_fd = -1, .valid_days = 90, .verifier = "urn:assay"};

	int r = verb_parse(&verb_sign, &argc, argv, 0, 1, &arguments, e);
	r = r == 0 ? run_parsed(&arguments, argc > 1 ? argv[1] : "last", e) : r < 0 ? r : 0;
	judge_arguments_done(&arguments.judge);
	return r;
}
