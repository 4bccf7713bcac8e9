/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DSSE envelopes, version 1 (https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md): a payload with
 * its type and a signature over both, as JSON.
 *
 *	r = envelope_seal(key, "application/vnd.in-toto+json", payload, &out, e);
 *	...
 *	r = envelope_open(key, "application/vnd.in-toto+json", bytes, length, &payload, e);
 */
#ifndef ASSAY_HOST_HALLMARK_ENVELOPE_H
#define ASSAY_HOST_HALLMARK_ENVELOPE_H

#include "base/text.h"
#include "host/hallmark/key.h"

#define ENVELOPE_MAX   (4U << 20) /* bytes of a file */
#define SIGNATURES_MAX 16

/* Adds the envelope: one line of JSON. */
int envelope_seal(const struct key *key, const char *type, const struct text *payload,
		  struct text *out, struct err *e) NONNULL(1, 2, 3, 4, 5);

/*
 * Adds the payload, when the envelope holds a signature by that key over it and the type. Nothing of it is looked at before
 * the signature holds. It is strict: members that DSSE does not know, base64 that has another spelling, another type, a
 * signature whose key id is not the key's, are refused, so that a file of which a bit was flipped never opens. Other
 * signatures than the key's are not judged. -EBADMSG, -EACCES (blame user) say what is wrong.
 */
int envelope_open(const struct key *key, const char *type, const char *bytes, size_t length,
		  struct text *payload, struct err *e) NONNULL(1, 2, 3, 5, 6);

#endif
