/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a run: one record a line, appended and flushed before anything else counts it.
 *
 *	CLEANUP(journal) struct journal *journal = NULL;
 *	r = journal_create("/…/journal.jsonl", &journal, e);
 *	r = journal_add(journal, record, e);
 *	r = journal_flush(journal, e);          (from here on the record survives a power cut)
 *
 * Flushing is fdatasync(2). The recorder adds all that is waiting and flushes once, so that a burst costs one flush; a
 * record is shown, counted or stored elsewhere only afterwards. What a crash or a power cut has torn or garbled lies at the
 * end: the reader passes over it and says how much it was, and it is cut off when the journal is opened again. Damage with
 * whole records behind it is something else, and an error.
 */
#ifndef ASSAY_HOST_STORE_JOURNAL_H
#define ASSAY_HOST_STORE_JOURNAL_H

#include "base/err.h"
#include "host/store/record.h"

struct journal;

/* A new one: it must not exist. And to add more to one, which is made when its run was killed before it came so far; a
 * damaged end is cut off, damage elsewhere refused. Both lock it until it is freed: -EBUSY (blame user) when another process
 * is writing it. */
int journal_create(const char *path, struct journal **ret, struct err *e) NONNULL(1, 2, 3);
int journal_open(const char *path, struct journal **ret, struct err *e) NONNULL(1, 2, 3);
void journal_free(struct journal *journal);
DEFINE_CLEANUP(journal);

/* True while a process has it open to write. */
bool journal_is_written(const char *path) NONNULL(1);

int journal_add(struct journal *journal, const struct record *record, struct err *e)
	NONNULL(1, 2, 3);
int journal_flush(struct journal *journal, struct err *e) NONNULL(1, 2);

/* Calls on_record for each (it borrows it; a negative return ends the reading and is returned). *ret_lost is the number of
 * lines at the end that are torn or garbled: behind the first of them there is no whole record. Any other damage is an error
 * that names the line. */
typedef int journal_record_fn(void *arg, const struct record *record, struct err *e);
int journal_read(const char *path, journal_record_fn *on_record, void *arg, size_t *ret_lost,
		 struct err *e) NONNULL(1, 2, 4, 5);

/* The same over bytes in memory. */
int journal_parse(const char *bytes, size_t length, journal_record_fn *on_record, void *arg,
		  size_t *ret_lost, struct err *e) NONNULL(3, 5, 6);

#endif
