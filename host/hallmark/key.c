/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 keys, by OpenSSL. */
#include "host/hallmark/key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct key {
	EVP_PKEY *pkey;
	char id[KEY_ID_SIZE];
};

/* What the file was asked for. */
struct passphrase {
	const char *text; /* NULL: there is none */
	bool was_wanted;
};

/* OpenSSL would ask on the terminal. */
static int give_passphrase(char *buf, int size, int is_for_writing, void *arg)
{
	struct passphrase *passphrase = arg;

	(void)is_for_writing;
	passphrase->was_wanted = true;
	if (!passphrase->text || strlen(passphrase->text) > (size_t)size)
		return -1;
	memcpy(buf, passphrase->text, strlen(passphrase->text));
	return (int)strlen(passphrase->text);
}

static int read_pem(const char *path, struct text *pem, struct err *e)
{
	int r = text_read_file(pem, path);

	if (r == -EMSGSIZE)
		return err_set(e, BLAME_USER, EMSGSIZE, "%s is no key: it has more than %u bytes",
			       path, KEY_FILE_MAX);
	return r < 0 ? err_set(e, BLAME_USER, -r, "read the key %s: %m", path) : 0;
}

static int set_id(struct key *key, struct err *e)
{
	unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	int length = i2d_PUBKEY(key->pkey, &der);
	bool ok = length > 0 &&
		  EVP_Digest(der, (size_t)length, digest, &size, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (!ok)
		return err_set(e, BLAME_HOST, EIO, "OpenSSL takes no digest of a public key");
	int at = snprintf(key->id, sizeof key->id, "sha256:");
	for (unsigned i = 0; i < size; i++)
		at += snprintf(key->id + at, sizeof key->id - (size_t)at, "%02x", digest[i]);
	return 0;
}

/* Takes pkey. */
static int make_key(EVP_PKEY *pkey, const char *path, struct key **ret, struct err *e)
{
	CLEANUP(key) struct key *key = xnew(sizeof *key);

	key->pkey = pkey;
	if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519)
		return err_set(e, BLAME_USER, EINVAL,
			       "%s holds a key of the type %s; hallmarks take Ed25519 (`openssl "
			       "genpkey -algorithm ed25519`)",
			       path, OBJ_nid2sn(EVP_PKEY_get_base_id(pkey)));
	int r = set_id(key, e);
	if (r == 0)
		*ret = STEAL_PTR(key);
	return r;
}

static EVP_PKEY *parse_private(const struct text *pem, struct passphrase *passphrase)
{
	BIO *bio = BIO_new_mem_buf(pem->buf, (int)pem->length);
	EVP_PKEY *pkey =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, passphrase) : NULL;

	BIO_free(bio);
	return pkey;
}

static EVP_PKEY *parse_public(const struct text *pem, struct passphrase *passphrase)
{
	BIO *bio = BIO_new_mem_buf(pem->buf, (int)pem->length);
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, give_passphrase, passphrase) : NULL;

	BIO_free(bio);
	return pkey;
}

int key_read_private(const char *path, const char *passphrase, struct key **ret, struct err *e)
{
	CLEAN_TEXT struct text pem = TEXT_INIT(KEY_FILE_MAX);
	struct passphrase given = {.text = passphrase};
	int r = read_pem(path, &pem, e);

	if (r < 0)
		return r;
	EVP_PKEY *pkey = parse_private(&pem, &given);
	OPENSSL_cleanse(pem.buf, pem.length);
	if (pkey)
		return make_key(pkey, path, ret, e);
	if (given.was_wanted && !passphrase)
		return err_set(
			e, BLAME_USER, EACCES,
			"the key %s is encrypted: hand its passphrase over by --passphrase-fd",
			path);
	if (given.was_wanted)
		return err_set(e, BLAME_USER, EACCES, "the passphrase does not open the key %s",
			       path);
	return err_set(e, BLAME_USER, EINVAL, "%s holds no private key in PEM", path);
}

int key_read_public(const char *path, struct key **ret, struct err *e)
{
	CLEAN_TEXT struct text pem = TEXT_INIT(KEY_FILE_MAX);
	struct passphrase none = {0};
	int r = read_pem(path, &pem, e);

	if (r < 0)
		return r;
	EVP_PKEY *pkey = parse_public(&pem, &none);
	if (!pkey)
		pkey = parse_private(&pem, &none);
	OPENSSL_cleanse(pem.buf, pem.length);
	if (pkey)
		return make_key(pkey, path, ret, e);
	return err_set(
		e, BLAME_USER, EINVAL,
		"%s holds no public key in PEM; `openssl pkey -in PRIVATE -pubout` makes one",
		path);
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

const char *key_id(const struct key *key)
{
	return key->id;
}

int key_sign(const struct key *key, const void *bytes, size_t length,
	     unsigned char signature[KEY_SIGNATURE_SIZE], struct err *e)
{
	size_t size = KEY_SIGNATURE_SIZE;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		  EVP_DigestSign(context, signature, &size, bytes, length) == 1 &&
		  size == KEY_SIGNATURE_SIZE;

	EVP_MD_CTX_free(context);
	return ok ? 0 : err_set(e, BLAME_HOST, EIO, "OpenSSL does not sign with Ed25519");
}

bool key_verify(const struct key *key, const void *bytes, size_t length,
		const unsigned char signature[KEY_SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		  EVP_DigestVerify(context, signature, KEY_SIGNATURE_SIZE, bytes, length) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}
