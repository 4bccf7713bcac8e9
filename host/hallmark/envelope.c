/* SPDX-License-Identifier: Apache-2.0 */
/* DSSE: pre-authentication encoding, base64, the JSON around it. */
#include "host/hallmark/envelope.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/json.h"

#define ENCODED_MAX (2 * ENVELOPE_MAX)

/* What is signed: "DSSEv1 <length of type> <type> <length of payload> <payload>". */
static int encode_before_signing(const char *type, const struct text *payload, struct text *out,
				 struct err *e)
{
	(void)text_addf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, payload->length);
	(void)text_add(out, payload->buf, payload->length);
	if (out->overflowed)
		return err_set(e, BLAME_USER, EMSGSIZE,
			       "the statement would have more than %u bytes", ENVELOPE_MAX);
	return 0;
}

static char *base64(const void *bytes, size_t length)
{
	char *encoded = xnew((length + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)encoded, bytes, (int)length);
	return encoded;
}

/* Adds the bytes; false when it is not the one spelling that base64() gives (RFC 4648, section 4). OpenSSL lets blanks
 * and spare bits pass, and counts the padding as zeroes. */
static bool unbase64(const char *encoded, struct text *out)
{
	size_t length = strlen(encoded), padding = 0;
	CLEAN_FREE unsigned char *bytes = xnew(length + 1);

	if (length > ENCODED_MAX || length % 4 != 0)
		return false;
	int size = EVP_DecodeBlock(bytes, (const unsigned char *)encoded, (int)length);
	while (padding < 2 && padding < length && encoded[length - 1 - padding] == '=')
		padding++;
	if (size < (int)padding)
		return false;
	CLEAN_FREE char *again = base64(bytes, (size_t)size - padding);
	if (strcmp(again, encoded) != 0)
		return false;
	(void)text_add(out, (const char *)bytes, (size_t)size - padding);
	return !out->overflowed;
}

int envelope_seal(const struct key *key, const char *type, const struct text *payload,
		  struct text *out, struct err *e)
{
	CLEAN_TEXT struct text signed_bytes = TEXT_INIT(ENVELOPE_MAX);
	unsigned char signature[KEY_SIGNATURE_SIZE];
	int r = encode_before_signing(type, payload, &signed_bytes, e);

	if (r == 0)
		r = key_sign(key, signed_bytes.buf, signed_bytes.length, signature, e);
	if (r < 0)
		return r;
	CLEAN_FREE char *payload64 = base64(payload->buf, payload->length);
	CLEAN_FREE char *signature64 = base64(signature, sizeof signature);
	json_open(out, '{');
	json_member(out, "payload", payload64);
	json_member(out, "payloadType", type);
	json_key(out, "signatures");
	json_open(out, '[');
	json_open(out, '{');
	json_member(out, "keyid", key_id(key));
	json_member(out, "sig", signature64);
	json_close(out, '}');
	json_close(out, ']');
	json_close(out, '}');
	(void)text_adds(out, "\n");
	return 0;
}

/* ---- opening ---- */

static int refuse(struct err *e, const char *what)
{
	return err_set(e, BLAME_USER, EBADMSG, "this is no hallmark, or it was changed: %s", what);
}

/* Exactly these members, all of them strings but `list`, which is an array (NULL: none is). */
static bool has_members(const json_t *object, const char *first, const char *second,
			const char *list)
{
	return json_is_object(object) && json_object_size(object) == (list ? 3 : 2) &&
	       json_is_string(json_object_get(object, first)) &&
	       json_is_string(json_object_get(object, second)) &&
	       (!list || json_is_array(json_object_get(object, list)));
}

static int check_signature(const struct key *key, const struct text *signed_bytes,
			   const char *encoded, struct err *e)
{
	CLEAN_TEXT struct text signature = TEXT_INIT(KEY_SIGNATURE_SIZE);

	if (!unbase64(encoded, &signature) || signature.length != KEY_SIGNATURE_SIZE)
		return refuse(e, "a signature is not 64 bytes in base64");
	if (!key_verify(key, signed_bytes->buf, signed_bytes->length,
			(const unsigned char *)signature.buf))
		return refuse(e, "the key's signature does not fit what it is said to sign");
	return 0;
}

/* Every signature has to be one; that of the key has to hold. */
static int check_signatures(const struct key *key, const json_t *signatures,
			    const struct text *signed_bytes, struct err *e)
{
	const char *other = NULL;
	bool is_found = false;
	int r = 0;

	if (json_array_size(signatures) == 0 || json_array_size(signatures) > SIGNATURES_MAX)
		return refuse(e, "it does not have one to 16 signatures");
	for (size_t i = 0; r == 0 && i < json_array_size(signatures); i++) {
		const json_t *it = json_array_get(signatures, i);
		if (!has_members(it, "keyid", "sig", NULL))
			return refuse(e, "a signature does not consist of keyid and sig");
		const char *id = json_string_value(json_object_get(it, "keyid"));
		if (strcmp(id, key_id(key)) != 0) {
			other = id;
			continue;
		}
		is_found = true;
		r = check_signature(key, signed_bytes,
				    json_string_value(json_object_get(it, "sig")), e);
	}
	if (r == 0 && !is_found)
		r = err_set(e, BLAME_USER, EACCES,
			    "the hallmark is signed by another key: %.80s, not %s", other,
			    key_id(key));
	return r;
}

static int open_parsed(const struct key *key, const char *type, const json_t *envelope,
		       struct text *payload, struct err *e)
{
	CLEAN_TEXT struct text signed_bytes = TEXT_INIT(ENVELOPE_MAX);

	if (!has_members(envelope, "payload", "payloadType", "signatures"))
		return refuse(e, "a DSSE envelope consists of payload, payloadType and signatures");
	if (strcmp(json_string_value(json_object_get(envelope, "payloadType")), type) != 0)
		return refuse(e, "its payload is of another type");
	if (!unbase64(json_string_value(json_object_get(envelope, "payload")), payload))
		return refuse(e, "its payload is not in base64");
	int r = encode_before_signing(type, payload, &signed_bytes, e);
	return r < 0 ? r
		     : check_signatures(key, json_object_get(envelope, "signatures"), &signed_bytes,
					e);
}

int envelope_open(const struct key *key, const char *type, const char *bytes, size_t length,
		  struct text *payload, struct err *e)
{
	json_error_t where;

	if (length > ENVELOPE_MAX)
		return refuse(e, "it has more than 4 MiB");
	json_t *envelope = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &where);
	if (!envelope)
		return err_set(e, BLAME_USER, EBADMSG,
			       "this is no hallmark, or it was changed: line %d, column %d: %.100s",
			       where.line, where.column, where.text);
	int r = open_parsed(key, type, envelope, payload, e);
	json_decref(envelope);
	if (r < 0)
		text_clear(payload);
	return r;
}
