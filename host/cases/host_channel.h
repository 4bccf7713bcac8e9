/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A character device whose other end is the case: what a port or console of the machine is plugged into. One for each trial.
 *
 *	channel_open(t, "channel");
 *	device_plug(t, "port", "\"driver\":\"virtserialport\",\"chardev\":\"channel\",…");
 *	channel_send(t, "question\n");
 *	const char *answer = channel_await(t, "\n", 10);
 */
#ifndef ASSAY_HOST_CASES_HOST_CHANNEL_H
#define ASSAY_HOST_CASES_HOST_CHANNEL_H

#include "host/cases/host_case.h"

/* Makes the character device of that name, unless there is one; broken when QEMU does not take it. */
void channel_open(struct host_trial *t, const char *name) NONNULL(1, 2);

/* Sends to the guest; false when it does not take it all in time. */
bool channel_send(struct host_trial *t, const char *words) NONNULL(1, 2);

/* What comes up to and with `needle`, and what came with it; NULL when it does not come within `seconds`. */
const char *channel_await(struct host_trial *t, const char *needle, unsigned seconds) NONNULL(1, 2);

#endif
