/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines for a reader who must not hold up their writer: what the reader does not take at once waits in memory, up to a
 * maximum, and lines beyond that are left out and counted.
 *
 *	CLEANUP(outlet) struct outlet *outlet = outlet_new(STDOUT_FILENO, 16U << 20);
 *	outlet_add(outlet, line, length);       (never blocks)
 *	outlet_push(outlet);                    (now and then: gives out what waits)
 *	r = outlet_drain(outlet, &patience, span_ns, e);
 *
 * A regular file is written at once. Not for several threads.
 */
#ifndef ASSAY_BASE_OUTLET_H
#define ASSAY_BASE_OUTLET_H

#include <stddef.h>

#include "base/err.h"
#include "base/wait.h"

struct outlet;

/* Borrows the descriptor, whose flags stay as they are: others may share it. */
struct outlet *outlet_new(int fd, size_t maximum);
void outlet_free(struct outlet *outlet);
DEFINE_CLEANUP(outlet);

/* Adds whole lines, or leaves them out when they do not fit. Then as outlet_push. */
void outlet_add(struct outlet *outlet, const char *bytes, size_t length) NONNULL(1);

/* Gives out what the reader takes without waiting. */
void outlet_push(struct outlet *outlet) NONNULL(1);

/* How many outlet_add were left out. */
size_t outlet_lost(const struct outlet *outlet) NONNULL(1);

/* Waits until the reader has taken all. -ETIMEDOUT (blame host): it took nothing for `idle_ns`; -EPIPE with an empty sentence:
 * it has left; else what the writing ran into, also earlier. -ENOBUFS (blame host): it has all that is here, but lines were
 * left out. */
int outlet_drain(struct outlet *outlet, const struct patience *p, uint64_t idle_ns, struct err *e)
	NONNULL(1, 2, 4);

#endif
