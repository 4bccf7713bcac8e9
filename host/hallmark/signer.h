/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may sign by a gate: its `signers` are key ids and files of public keys.
 *
 *	r = signer_is_named(gate, key_id(key), &is_named, e);
 *	r = signer_open(gate, NULL, bytes, length, &statement, e);
 */
#ifndef ASSAY_HOST_HALLMARK_SIGNER_H
#define ASSAY_HOST_HALLMARK_SIGNER_H

#include "host/hallmark/key.h"
#include "host/judge/gate.h"

/* Has the gate's digest cover the keys that it names by their files, which are no part of its own: a gate with another key behind the
 * same name is another gate. One that names no such file stays as it is. An error is about one of the files. */
int signer_bind(struct gate *gate, struct err *e) NONNULL(1, 2);

/* *ret: the key of that id may sign; a gate without signers lets anybody. An error is about one of the files. */
int signer_is_named(const struct gate *gate, const char *id, bool *ret, struct err *e)
	NONNULL(1, 2, 3, 4);

/* Opens a hallmark's envelope (envelope_open) by `key`, which has to be one that may sign; NULL: by any whose file the gate names.
 * -EACCES (blame user): by none of them. */
int signer_open(const struct gate *gate, const struct key *key, const char *bytes, size_t length,
		struct text *statement, struct err *e) NONNULL(1, 3, 5, 6);

#endif
