/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel log since the boot, as cases search it.
 *
 *	kmsg_check_lacks(t, patterns, ARRAY_LEN(patterns));
 *
 * It is read through /dev/kmsg, which a sabotage may cover by a file of records "6,1,0,-;text\n".
 */
#ifndef ASSAY_KIT_KMSG_H
#define ASSAY_KIT_KMSG_H

#include "guest/kit/case.h"

/* All messages, one a line, without their prefixes; what user space wrote there is in it too. Broken when the log cannot
 * be read. Of a very long log only the last part is there, from a line's beginning. */
const char *kmsg_text(struct trial *t) __attribute__((returns_nonnull));

/* A pattern of a message: a line that contains `text` and, when it is not NULL, not `unless`. */
struct kmsg_pattern {
	const char *text, *unless;
};

/* Fails with each line that matches one of them (at most the first 20); one passed check when there is none. */
void kmsg_check_lacks(struct trial *t, const struct kmsg_pattern *patterns, size_t count);

/* Covers the log by one that has these lines ("\n" between them) at its end. */
void sabotage_kmsg(struct trial *t, const char *lines);

#endif
