/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 keys (RFC 8032) in PEM files, as OpenSSL makes them: `openssl genpkey -algorithm ed25519` (PKCS #8), and
 * `openssl pkey -pubout` (SubjectPublicKeyInfo, RFC 8410).
 *
 *	CLEANUP(key) struct key *key = NULL;
 *	r = key_read_private("release.key", passphrase, &key, e);
 *	r = key_sign(key, bytes, length, signature, e);
 *	...
 *	ok = key_verify(public, bytes, length, signature);
 */
#ifndef ASSAY_HOST_HALLMARK_KEY_H
#define ASSAY_HOST_HALLMARK_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/scope.h"

#define KEY_FILE_MAX	   (16U << 10)
#define KEY_PASSPHRASE_MAX 1024
#define KEY_SIGNATURE_SIZE 64
#define KEY_ID_SIZE	   72 /* "sha256:", 64 hex digits, the end */

struct key;

/* Reads the key to sign with. `passphrase` opens one that is encrypted; NULL: none was given. Errors (blame user) name
 * the file: it is not there, holds no private key, not an Ed25519 one, is encrypted and no or another passphrase given. */
int key_read_private(const char *path, const char *passphrase, struct key **ret, struct err *e)
	NONNULL(1, 3, 4);
/* Reads the key to verify with; a private key's file does too, as it holds both, but not an encrypted one. */
int key_read_public(const char *path, struct key **ret, struct err *e) NONNULL(1, 2, 3);
void key_free(struct key *key);
DEFINE_CLEANUP(key);

/* "sha256:<hex>" of the public key's SubjectPublicKeyInfo in DER: what `openssl pkey -pubin -outform DER` prints. */
const char *key_id(const struct key *key) NONNULL(1);

int key_sign(const struct key *key, const void *bytes, size_t length,
	     unsigned char signature[KEY_SIGNATURE_SIZE], struct err *e) NONNULL(1, 2, 4, 5);
bool key_verify(const struct key *key, const void *bytes, size_t length,
		const unsigned char signature[KEY_SIGNATURE_SIZE]) NONNULL(1, 2, 4);

#endif
