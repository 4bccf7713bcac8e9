/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits to be sent: of each submission a file with how far it is and one with what is sent, in a folder of the state. What is put
 * there is on the disk before the call returns, and stays until it is taken away, whoever is killed in between.
 *
 *	r = outbox_open(&outbox, e);
 *	r = outbox_claim(&outbox, it.key, &claim, e);        (-EBUSY: another process has it)
 *	r = outbox_put(&outbox, &it, &body, e);
 *	...
 *	r = outbox_save(&outbox, &it, e);                    (before what it says is done)
 *	r = outbox_remove(&outbox, it.key, e);
 *	outbox_release(&outbox, it.key, &claim);
 *
 * All but listing is for who holds the claim.
 */
#ifndef ASSAY_HOST_SUBMIT_OUTBOX_H
#define ASSAY_HOST_SUBMIT_OUTBOX_H

#include "base/vec.h"
#include "host/submit/submission.h"

#define OUTBOX_MAX 10000 /* submissions in it */

struct outbox {
	char *folder;
};
int outbox_open(struct outbox *outbox, struct err *e) NONNULL(1, 2);
void outbox_done(struct outbox *outbox) NONNULL(1);
DEFINE_CLEAN_DONE(outbox);

int outbox_claim(const struct outbox *outbox, const char *key, int *ret, struct err *e)
	NONNULL(1, 2, 3, 4);
void outbox_release(const struct outbox *outbox, const char *key, int *claim) NONNULL(1, 2, 3);

int outbox_put(const struct outbox *outbox, struct submission *it, const struct text *body,
	       struct err *e) NONNULL(1, 2, 3, 4);
int outbox_save(const struct outbox *outbox, const struct submission *it, struct err *e)
	NONNULL(1, 2, 3);
/* -ENOENT with an empty *e: it is not there. */
int outbox_load(const struct outbox *outbox, const char *key, struct submission *ret, struct err *e)
	NONNULL(1, 2, 3, 4);
/* What is sent. -EBADMSG (blame host): it is not what was put there. */
int outbox_body(const struct outbox *outbox, const struct submission *it, struct text *ret,
		struct err *e) NONNULL(1, 2, 3, 4);
/* Fine when it is not there. */
int outbox_remove(const struct outbox *outbox, const char *key, struct err *e) NONNULL(1, 2, 3);

/* All that are in it, the longest waiting first. Those that cannot be read are told in `remarks`, a line each. */
DEFINE_VEC(submissions, struct submission);
int outbox_list(const struct outbox *outbox, struct submissions *ret, struct text *remarks,
		struct err *e) NONNULL(1, 2, 3, 4);

#endif
