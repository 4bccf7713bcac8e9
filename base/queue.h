/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded first-in first-out queue of pointers between threads.
 *
 *	queue_put(q, record, &patience, e);      (machine threads; takes the record)
 *	while ((record = queue_take(q)))         (the recorder; gives the record; NULL after queue_close and empty)
 *		...
 *
 * One mutex inside, never held while anything else is locked or waited for.
 */
#ifndef ASSAY_BASE_QUEUE_H
#define ASSAY_BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

struct queue;

struct queue *queue_new(size_t room);
void queue_free(struct queue *queue); /* the items left in it are not freed: drain it first */

/* Puts an item; blocks while it is full. Items put after queue_close are refused: returns -EPIPE. */
int queue_put(struct queue *queue, void *item) NONNULL(1, 2);

/* Takes the oldest item; blocks while it is empty and open. NULL: closed and empty. */
void *queue_take(struct queue *queue) NONNULL(1);

/* As queue_take, but gives NULL also after span_ns; *ret_closed tells them apart (may be NULL). */
void *queue_take_within(struct queue *queue, uint64_t span_ns, int *ret_closed) NONNULL(1);

void queue_close(struct queue *queue) NONNULL(1); /* wakes everybody */
size_t queue_count(struct queue *queue) NONNULL(1);

#endif
