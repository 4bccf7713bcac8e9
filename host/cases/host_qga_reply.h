/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the QEMU guest agent says: one line of JSON for each command (QEMU's qemu-ga-ref(7)). It comes out of the guest, so what
 * is no such answer is an error of the guest's.
 *
 *	struct qga_reply reply;
 *	if (qga_reply_read(line, length, &reply, &e) == 0 && reply.kind == QGA_NUMBER)
 *		... reply.number ...
 */
#ifndef ASSAY_HOST_CASES_HOST_QGA_REPLY_H
#define ASSAY_HOST_CASES_HOST_QGA_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define QGA_LINE_MAX 65536 /* the longest, of guest-info, takes some 6,000 */

enum qga_kind {
	QGA_NUMBER,
	QGA_WORD,
	QGA_OTHER,   /* an object, a list … */
	QGA_REFUSAL, /* words: why */
};

struct qga_reply {
	enum qga_kind kind;
	long long number; /* of QGA_NUMBER */
	/* The word, the reason, or else the value as JSON; cut off when it is longer. */
	char words[256];
};

/* Reads a line, without its end. Returns 0, or -EBADMSG or -EMSGSIZE (blame guest). */
int qga_reply_read(const char *line, size_t length, struct qga_reply *ret, struct err *e)
	NONNULL(1, 3, 4);

/* Copies that member of the object which a line answers, cut off at `size`; false when it has no such text. */
bool qga_reply_member(const char *line, size_t length, const char *name, char *buf, size_t size)
	NONNULL(1, 3, 4);

/* True for the answer to guest-sync-delimited with that number: what stands before its delimiter, the byte 0xff, is of no
 * meaning. */
bool qga_reply_is_sync(const char *line, size_t length, long long number) NONNULL(1);

#endif
