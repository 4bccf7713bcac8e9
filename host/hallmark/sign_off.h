/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-offs: hallmarks that a gate wants to be there before it ships. One is of the same run, by the same gate, and names whom it
 * is of; its own verdict is what it was without it, so nobody takes it for leave to ship.
 *
 *	r = sign_off_check(run, &terms, &lack, e);
 *	if (r == 0 && lack)
 *		printf("%s has not signed it off: %s\n", terms.name, lack);
 */
#ifndef ASSAY_HOST_HALLMARK_SIGN_OFF_H
#define ASSAY_HOST_HALLMARK_SIGN_OFF_H

#include "host/hallmark/hallmark.h"

struct sign_off_terms {
	const char *name;
	const char *path;			  /* of the hallmark */
	const char *key_path;			  /* of the public key */
	const char *gate_sha256;		  /* of the gate that wants it */
	const char *plan_sha256, *journal_sha256; /* of the run */
	uint64_t now_ns;
	uint64_t within_ns; /* it is at most so old; 0: until it expires */
};

/* *ret_lack becomes a clause that says what is wrong with it, which the caller frees; NULL: it holds. An error is about the key. */
int sign_off_check(const struct sign_off_terms *terms, char **ret_lack, struct err *e)
	NONNULL(1, 2, 3);

#endif
