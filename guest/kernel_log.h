/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's messages of a span of time.
 *
 *	int fd = kernel_log_mark();                (from now on)
 *	...
 *	kernel_log_since(fd, &text);               (adds "[   12.345678] message\n"…; closes fd)
 */
#ifndef ASSAY_GUEST_KERNEL_LOG_H
#define ASSAY_GUEST_KERNEL_LOG_H

#include "base/text.h"

/* A descriptor that stands at the end of the log; -1 when it cannot be read. */
int kernel_log_mark(void);

/* Adds the kernel's own messages since the mark, up to the text's maximum. Takes fd (may be -1). */
void kernel_log_since(int fd, struct text *out) NONNULL(2);

/* Takes one record of /dev/kmsg ("PRIORITY,SEQUENCE,USEC,FLAGS;text\n CONTINUATION…") apart and adds it as a line, unless it
 * is from user space. */
void kernel_log_add(const char *record, struct text *out) NONNULL(1, 2);

#endif
