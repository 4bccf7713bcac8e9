/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that writes records, makes each durable and claims that on the console: what it claimed has to be there after
 * whatever the case does to its disk.
 *
 *	durable_start(t, "/var/lib/assay-durable/records");
 *	long long claimed = durable_claimed(t);
 *	host_power_cut(t); …
 *	durable_check(t, "/var/lib/assay-durable/records", claimed);
 */
#ifndef ASSAY_HOST_CASES_HOST_DURABLE_H
#define ASSAY_HOST_CASES_HOST_DURABLE_H

#include "host/cases/host_case.h"

/* Starts it and waits until it has claimed 40; the console is forgotten before. Gives what durable_stop wants. */
const char *durable_start(struct host_trial *t, const char *path) NONNULL(1, 2);
void durable_stop(struct host_trial *t, const char *writer) NONNULL(1, 2);
/* The highest number that it has claimed on the console. */
long long durable_claimed(struct host_trial *t) NONNULL(1);
/* Checks that the file has them whole. */
void durable_check(struct host_trial *t, const char *path, long long claimed) NONNULL(1, 2);

#endif
