/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by which packages are believed. */
#include "guest/kit/case.h"
#include "guest/kit/openpgp.h"
#include "guest/kit/policy.h"

#define KEYS_MAX 1000
#define RING_MAX (16U << 20)

struct trusted_key {
	struct openpgp_key key;
	const char *file;
};

struct trusted_keys {
	struct trial *t;
	struct trusted_key *items;
	size_t count;
	unsigned files;
};

static void take_ring(struct trusted_keys *keys, const char *file, const struct text *content)
{
	struct trial *t = keys->t;
	size_t length = 0, at = 0;
	unsigned char *ring = openpgp_ring(content->buf, content->length, &length);
	struct openpgp_key key;
	int r;

	if (!ring)
		case_broken(t, "memory is out");
	case_defer(t, free, ring);
	while ((r = openpgp_next(ring, length, &at, &key)) > 0) {
		if (keys->count == KEYS_MAX)
			case_broken(t, "there are more than %d keys", KEYS_MAX);
		keys->items[keys->count++] = (struct trusted_key){key, file};
	}
	if (r < 0)
		FAIL(t, "%s is no keyring that can be read", file);
}

static void release(void *arg)
{
	text_done(arg);
}

/* Nothing is taken of a file that is not there. */
static void take_file(struct trusted_keys *keys, const char *file)
{
	struct text *content = case_alloc(keys->t, sizeof *content);

	text_init(content, RING_MAX);
	case_defer(keys->t, release, content);
	int r = tree_read(case_tree(keys->t), file, content);
	if (r == -ENOENT || r == -EISDIR || r == -ENOTDIR)
		return;
	if (r < 0)
		case_broken(keys->t, "%s cannot be read whole", file);
	keys->files++;
	take_ring(keys, file, content);
}

static void take_folder(struct trusted_keys *keys, const char *folder)
{
	for (const char *const *name = file_names(keys->t, folder); *name; name++)
		take_file(keys, case_format(keys->t, "%s/%s", folder, *name));
}

/* signed-by=/path in brackets, or "Signed-By: /path": the keyrings of one source. */
static void take_signed_by(struct trusted_keys *keys, const char *file)
{
	const char *text = file_text(keys->t, file);

	for (const char *line; text && (line = text_line(keys->t, &text));) {
		const char *at = line[0] == '#' ? NULL : strcasestr(line, "signed-by");
		if (!at)
			continue;
		at += strlen("signed-by");
		at += strspn(at, "=: \t");
		if (*at == '/')
			take_file(keys,
				  case_format(keys->t, "%.*s", (int)strcspn(at, " ,]\t"), at));
	}
}

static const struct trusted_keys *find_keys(struct trial *t)
{
	struct trusted_keys *keys = case_alloc(t, sizeof *keys);

	*keys = (struct trusted_keys){.t = t,
				      .items = case_alloc(t, KEYS_MAX * sizeof *keys->items)};
	take_file(keys, "/etc/apt/trusted.gpg");
	take_folder(keys, "/etc/apt/trusted.gpg.d");
	take_folder(keys, "/etc/apt/keyrings");
	take_folder(keys, "/etc/pki/rpm-gpg");
	take_signed_by(keys, "/etc/apt/sources.list");
	for (const char *const *name = file_names(t, "/etc/apt/sources.list.d"); *name; name++)
		take_signed_by(keys, case_format(t, "/etc/apt/sources.list.d/%s", *name));
	if (keys->files == 0)
		case_skip(t, "distro", "no keyring of apt or dnf is found");
	note(t, "%zu keys in %u files", keys->count, keys->files);
	return keys;
}

static bool is_among(const char *const *fingerprints, const char *one)
{
	for (; *fingerprints; fingerprints++)
		if (strcasecmp(*fingerprints, one) == 0)
			return true;
	return false;
}

static bool is_trusted(const struct trusted_keys *keys, const char *fingerprint)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcasecmp(keys->items[i].key.fingerprint, fingerprint) == 0)
			return true;
	return false;
}

AUDIT(packages, trusted_keys_match_policy,
      .title = "Imported package keys are exactly the designed ones", .priority = P1,
      .needs = "policy:trusted_keys", .sources = "CIV:test_number_gpg_keys",
      .why = "Whoever holds a trusted key can put any program on every machine from this image.",
      .remedy =
	      "Remove the keyring, or name the key's fingerprint in the policy's trusted_keys after "
	      "a review.")
{
	const char *const *designed = policy_words(t, "trusted_keys");
	const struct trusted_keys *keys = find_keys(t);

	for (size_t i = 0; i < keys->count; i++) {
		const struct trusted_key *one = &keys->items[i];
		if (is_among(designed, one->key.fingerprint))
			check_passed(t);
		else
			FAIL(t, "%s has the key %s", one->file,
			     one->key.fingerprint[0] ? one->key.fingerprint
						     : "of a version without a fingerprint");
	}
	for (; *designed; designed++)
		if (is_trusted(keys, *designed))
			check_passed(t);
		else
			FAIL(t, "the key %s is not there", *designed);
}

SABOTAGE(packages, trusted_keys_match_policy, "somebody else's key is trusted too")
{
	/* A packet of the old form: a public key of version 4, of which nothing but the beginning is looked at. */
	static const unsigned char key[] = {0x98, 10, 4, 0x60, 0, 0, 0, 1, 0, 1, 1, 1};

	tree_plant_file(case_tree(t),
			file_exists(t, "/etc/apt") ? "/etc/apt/trusted.gpg.d/planted.gpg"
						   : "/etc/pki/rpm-gpg/planted",
			key, sizeof key, 0644, 0);
}
