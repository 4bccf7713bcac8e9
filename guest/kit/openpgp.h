/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public keys in a keyring (RFC 4880, RFC 9580), binary or in ASCII armour: their fingerprints. Signatures are not checked.
 *
 *	struct openpgp_key key;
 *	size_t length;
 *	unsigned char *ring = openpgp_ring(bytes, size, &length);	(free it)
 *	for (size_t at = 0; (r = openpgp_next(ring, length, &at, &key)) > 0;) puts(key.fingerprint);
 */
#ifndef ASSAY_KIT_OPENPGP_H
#define ASSAY_KIT_OPENPGP_H

#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

struct openpgp_key {
	char fingerprint[65]; /* upper-case hexadecimal; "" of a version that has none here */
	unsigned version;
	uint32_t created; /* seconds since 1970 */
};

/* The packets of a file: those of all armoured blocks in it, one after another, or a copy of the bytes. NULL: memory is out. */
unsigned char *openpgp_ring(const void *bytes, size_t size, size_t *ret_length) NONNULL(1, 3);

/* The next primary key: 1, 0 at the end, -EBADMSG when what is there is no sequence of packets. */
int openpgp_next(const unsigned char *ring, size_t length, size_t *at, struct openpgp_key *ret)
	NONNULL(1, 3, 4);

#endif
