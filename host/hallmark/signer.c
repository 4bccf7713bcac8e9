/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that a gate names. */
#include "host/hallmark/signer.h"

#include <string.h>

#include "base/text.h"
#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"

static bool is_id(const char *signer)
{
	return has_prefix(signer, "sha256:");
}

/* ---- files ---- */

static int read_signer(const struct gate *gate, const struct yaml_text *signer, struct key **ret,
		       struct err *e)
{
	CLEAN_FREE char *path = gate_file(gate, signer->text);
	int r = key_read_public(path, ret, e);

	return r < 0 ? err_wrap(e, "%.1000s:%u: a signer", gate->path, signer->place.line) : 0;
}

/* ---- the digest ---- */

#define KEYS_MAX (1U << 20)

static int add_key(const struct gate *gate, const struct yaml_text *file, const char *whose,
		   struct text *out, struct err *e)
{
	CLEAN_FREE char *path = gate_file(gate, file->text);
	CLEANUP(key) struct key *key = NULL;
	int r = key_read_public(path, &key, e);

	if (r < 0)
		return err_wrap(e, "%.1000s:%u: %s", gate->path, file->place.line, whose);
	(void)text_addf(out, "%s\n", key_id(key));
	return 0;
}

/* The canonical form: a line with the digest of the file, and one with the id of each key, in the order of the file's lists. */
int signer_bind(struct gate *gate, struct err *e)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(KEYS_MAX);
	size_t own;
	int r = 0;

	(void)text_addf(&lines, "%s\n", gate->sha256);
	own = lines.length;
	vec_each (&gate->signers, signer)
		if (r == 0 && !is_id(signer->text))
			r = add_key(gate, signer, "a signer", &lines, e);
	vec_each (&gate->sign_offs, sign_off)
		if (r == 0)
			r = add_key(gate, &sign_off->key, "the key of a sign-off", &lines, e);
	if (r == 0 && lines.length > own)
		(void)sha256_text(lines.buf, lines.length, gate->sha256);
	return r;
}

/* ---- who may sign ---- */

static int is_signer(const struct gate *gate, const struct yaml_text *signer, const char *id,
		     bool *ret, struct err *e)
{
	CLEANUP(key) struct key *key = NULL;

	if (is_id(signer->text)) {
		*ret = strcmp(signer->text, id) == 0;
		return 0;
	}
	int r = read_signer(gate, signer, &key, e);
	if (r == 0)
		*ret = strcmp(key_id(key), id) == 0;
	return r;
}

int signer_is_named(const struct gate *gate, const char *id, bool *ret, struct err *e)
{
	int r = 0;

	*ret = gate->signers.count == 0;
	vec_each (&gate->signers, signer)
		if (r == 0 && !*ret)
			r = is_signer(gate, signer, id, ret, e);
	return r;
}

static int open_by(const struct gate *gate, const struct key *key, const char *bytes, size_t length,
		   struct text *statement, struct err *e)
{
	bool is_named = false;
	int r = signer_is_named(gate, key_id(key), &is_named, e);

	if (r == 0 && !is_named)
		return err_set(e, BLAME_USER, EACCES,
			       "the key %s is not among those that may sign by the gate %.1000s",
			       key_id(key), gate->path);
	return r == 0 ? envelope_open(key, HALLMARK_TYPE, bytes, length, statement, e) : r;
}

int signer_open(const struct gate *gate, const struct key *key, const char *bytes, size_t length,
		struct text *statement, struct err *e)
{
	unsigned files = 0;
	int r = -EACCES;

	if (key)
		return open_by(gate, key, bytes, length, statement, e);
	vec_each (&gate->signers, signer) {
		CLEANUP(key) struct key *own = NULL;
		if (is_id(signer->text))
			continue;
		files++;
		err_clear(e);
		r = read_signer(gate, signer, &own, e);
		if (r < 0)
			return r;
		r = envelope_open(own, HALLMARK_TYPE, bytes, length, statement, e);
		if (r == 0)
			return 0;
	}
	if (files == 1)
		return r;
	return err_set(
		e, BLAME_USER, files ? EACCES : EINVAL,
		files ? "the hallmark is signed by none of the %u keys whose files the gate "
			"%.1000s names"
		      : "the gate names %u files of keys: --key FILE is the public key of who "
			"signed by %.1000s",
		files, gate->path);
}
