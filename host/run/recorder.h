/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder: the one thread that writes. Machine threads hand records over; it appends them to the journal, flushes,
 * and only then passes them on - to the store, and to whoever watches.
 *
 *	r = recorder_start(journal, store, on_record, arg, &recorder, e);
 *	recorder_add(recorder, record);         (takes the record; any thread)
 *	r = recorder_stop(recorder, e);         (all that was added is written)
 */
#ifndef ASSAY_HOST_RUN_RECORDER_H
#define ASSAY_HOST_RUN_RECORDER_H

#include "host/store/journal.h"
#include "host/store/store.h"

struct recorder;

/* Called on the recorder's thread, after the flush; borrows the record. */
typedef void recorder_fn(void *arg, const struct record *record);

/* Borrows all; `store` and `on_record` may be NULL. `failed_fd` becomes readable (eventfd) when the journal cannot be
 * written: nothing more should be begun then. */
int recorder_start(struct journal *journal, struct store *store, recorder_fn *on_record, void *arg,
		   int failed_fd, struct recorder **ret, struct err *e) NONNULL(1, 6, 7);

void recorder_add(struct recorder *recorder, struct record *record) NONNULL(1, 2);

/* Waits until all is written, ends the thread, frees. The first error of the journal is returned. */
int recorder_stop(struct recorder *recorder, struct err *e) NONNULL(1, 2);

#endif
